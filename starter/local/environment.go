package local

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"vlroles/config"
	"vlroles/starter/command"
)

// configure makes the configuration from the environment, with what runs here for everything that the
// environment leaves open.
func (s *Stack) configure(context.Context) error {
	links, err := readOrMakeSecret(s.path(linkKeyName))
	if err != nil {
		return err
	}
	webhook, err := readOrMakeSecret(s.path(webhookKeyName))
	if err != nil {
		return err
	}
	database, err := filepath.Abs(s.path(databaseName)) // commands may run in another folder
	if err != nil {
		return err
	}
	s.Environment = map[string]string{
		"VL_DATABASE_URL":     "sqlite:" + database,
		"VL_SMTP_PORT":        strconv.Itoa(s.Mailbox.Port()),
		"VL_LINK_BASE_URL":    s.WebURL + "/invitations/",
		"VL_LINK_KEYS":        "dev:" + links,
		"VL_PORTAL_URL":       s.WebURL + "/",
		"VL_PROVISIONER_URL":  s.WebURL + "/downstream",
		"VL_PROVISIONER_KEYS": "dev:" + webhook,
		"VL_MAIL_PER_SECOND":  "200",
		"VL_MAIL_FROM":        "vlroles@contoso.example",
		"VL_SUPPORT":          "the help desk of your organization, helpdesk@contoso.example",
	}
	s.Config, err = config.Load(config.Fallback(s.options.Lookup, s.Environment), config.All)
	if err != nil {
		return err
	}
	s.Config.StopTimeout = 10 * time.Second
	return nil
}

// writeEnvironment writes down what commands in other terminals need to find what runs here.
func (s *Stack) writeEnvironment(context.Context) error {
	s.Environment["TEMPORAL_ADDRESS"] = s.Temporal.HostPort()
	var b strings.Builder
	for _, name := range command.DevVariables {
		fmt.Fprintf(&b, "%s=%s\n", name, s.Environment[name])
	}
	return s.folder.replace(command.EnvironmentFile, []byte(b.String()))
}

// readOrMakeSecret reads the secret that a file holds, base64 of 32 bytes, and makes it the first time.
func readOrMakeSecret(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	secret := make([]byte, 32)
	rand.Read(secret) //nolint:errcheck // never fails
	encoded := base64.StdEncoding.EncodeToString(secret)
	return encoded, os.WriteFile(file, []byte(encoded+"\n"), 0o600)
}
