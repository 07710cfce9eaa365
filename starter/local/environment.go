package local

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vlroles/activities"
	"vlroles/starter/command"
)

// keepSecret reads the secret that a file of the folder keeps, base64 of 32 bytes, and makes it the first time.
func keepSecret(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	secret := make([]byte, 32)
	rand.Read(secret) //nolint:errcheck // never fails
	enc := base64.StdEncoding.EncodeToString(secret)
	return enc, os.WriteFile(path, []byte(enc+"\n"), 0o600)
}

func writeEnvironment(dir string, values map[string]string) error {
	var b strings.Builder
	for _, name := range []string{"VL_DATABASE_URL", "VL_LINK_BASE_URL", "VL_LINK_KEYS", "VL_PORTAL_URL", "VL_PROVISIONER_URL", "VL_SUPPORT"} {
		fmt.Fprintf(&b, "%s=%s\n", name, values[name])
	}
	return os.WriteFile(filepath.Join(dir, command.EnvironmentFile), []byte(b.String()), 0o600)
}

// downstreamKeys reads the secret that the downstream system shares with us.
func downstreamKeys(secret string) ([]activities.WebhookKey, error) {
	raw, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return nil, err
	}
	k, err := activities.NewWebhookKey("dev", raw)
	return []activities.WebhookKey{k}, err
}
