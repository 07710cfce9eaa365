package config_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vlroles/config"
	"vlroles/licensing"
)

var (
	secretBytes = strings.Repeat("s3cret-", 6)
	goodKeys    = "k1:" + base64.StdEncoding.EncodeToString([]byte(secretBytes))
)

func from(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

// with returns a configuration that loads, changed by pairs of name and value.
func with(pairs ...string) map[string]string {
	vars := map[string]string{"VL_LINK_KEYS": goodKeys}
	for i := 0; i < len(pairs); i += 2 {
		vars[pairs[i]] = pairs[i+1]
	}
	return vars
}

func load(t *testing.T, vars map[string]string) config.Config {
	t.Helper()
	c, err := config.Load(from(vars), config.All)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// faulty returns the names of the variables at fault, sorted.
func faulty(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var faults config.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error is a %T, want config.Faults", err)
	}
	var names []string
	for _, f := range faults {
		if !strings.Contains(err.Error(), f.Variable+": "+f.Rule) {
			t.Errorf("the error leaves out %s", f.Variable)
		}
		names = append(names, f.Variable)
	}
	slices.Sort(names)
	return names
}

func TestDefaultsAreThoseOfTheRules(t *testing.T) {
	c := load(t, with())
	want := licensing.DefaultPolicy()
	want.Support, want.LinkKey = c.Support, "k1"
	if got := c.Policy(); !reflect.DeepEqual(got, want) {
		t.Errorf("Policy() = %+v, want %+v", got, want)
	}
	if c.Support == "" || c.Database.Reveal() != "sqlite:.vlroles/dev/vlroles.db" ||
		c.TemporalAddress != "127.0.0.1:7233" || c.TemporalTLS {
		t.Errorf("defaults are %+v", c)
	}
	if c.SMTPPort != 1025 || c.SMTPTLS != config.TLSNone {
		t.Errorf("the relay on this machine has port %d and TLS %s, want 1025 and none", c.SMTPPort,
			c.SMTPTLS)
	}
}

func TestWhatFollowsFromOtherVariables(t *testing.T) {
	for _, tc := range []struct {
		name string
		vars map[string]string
		want func(config.Config) bool
	}{
		{"another relay means port 587 and mandatory TLS",
			with("VL_SMTP_HOST", "smtp.contoso.example", "VL_MAIL_FROM", "no-reply@contoso.example"),
			func(c config.Config) bool { return c.SMTPPort == 587 && c.SMTPTLS == config.TLSMandatory }},
		{"implicit TLS means port 465", with("VL_SMTP_TLS", "implicit"),
			func(c config.Config) bool { return c.SMTPPort == 465 }},
		{"port 465 means implicit TLS", with("VL_SMTP_PORT", "465"),
			func(c config.Config) bool { return c.SMTPTLS == config.TLSImplicit }},
		{"a relay's authority means TLS, on this machine too", with("VL_SMTP_CA", "ca.pem"),
			func(c config.Config) bool { return c.SMTPPort == 1025 && c.SMTPTLS == config.TLSMandatory }},
		{"localhost is this machine", with("VL_SMTP_HOST", "localhost"),
			func(c config.Config) bool { return c.SMTPPort == 1025 && c.SMTPTLS == config.TLSNone }},
		{"a port and a mode that are given stay", with("VL_SMTP_PORT", "25", "VL_SMTP_TLS", "mandatory"),
			func(c config.Config) bool { return c.SMTPPort == 25 && c.SMTPTLS == config.TLSMandatory }},
		{"an API key turns TLS on", with("TEMPORAL_API_KEY", "key"),
			func(c config.Config) bool { return c.TemporalTLS }},
		{"an authority's file turns TLS on", with("TEMPORAL_TLS_CA", "ca.pem"),
			func(c config.Config) bool { return c.TemporalTLS }},
		{"TLS can be turned off for a frontend on this machine",
			with("TEMPORAL_API_KEY", "key", "TEMPORAL_TLS", "false"),
			func(c config.Config) bool { return !c.TemporalTLS }},
		{"a link's base gets its slash", with("VL_LINK_BASE_URL", "https://vl.contoso.example/i"),
			func(c config.Config) bool { return c.LinkBase == "https://vl.contoso.example/i/" }},
		{"the provisioner's URL loses its slash",
			with("VL_PROVISIONER_URL", "http://[::1]:9/users/", "VL_PROVISIONER_KEYS", goodKeys),
			func(c config.Config) bool { return c.ProvisionerURL == "http://[::1]:9/users" }},
		{"an empty variable counts as not set",
			with("VL_SMTP_PORT", "", "VL_PROPAGATION", "", "VL_MAIL_FROM", ""),
			func(c config.Config) bool { return c.SMTPPort == 1025 && c.Propagation == 2*time.Hour }},
		{"the first of several keys signs", with("VL_PROVISIONER_URL", "https://e.example/",
			"VL_PROVISIONER_KEYS", strings.Replace(goodKeys, "k1", "k2", 1)+", "+goodKeys),
			func(c config.Config) bool {
				return len(c.ProvisionerKeys) == 2 && c.ProvisionerKeys[0].ID == "k2" &&
					c.ProvisionerKeys[0].Secret.Reveal() == secretBytes
			}},
		{"an onmicrosoft.com address belongs to a customer and may send",
			with("VL_MAIL_FROM", "vl@contoso.onmicrosoft.com"),
			func(c config.Config) bool { return c.MailFrom.Domain() == "contoso.onmicrosoft.com" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if c := load(t, tc.vars); !tc.want(c) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		name string
		vars map[string]string
		want string // the variables at fault
		rule string // part of the message
	}{
		{"a database of another kind", with("VL_DATABASE_URL", "mysql://x"), "VL_DATABASE_URL",
			"postgres://… or sqlite:path"},
		{"a database address that can't be read", with("VL_DATABASE_URL", "postgres://u:p%zz@h/d"),
			"VL_DATABASE_URL", "%40"},
		{"a SQLite address without a path", with("VL_DATABASE_URL", "sqlite:"), "VL_DATABASE_URL", "path"},
		{"no connections", with("VL_DATABASE_CONNS", "0"), "VL_DATABASE_CONNS", "1 to 1000"},
		{"a Temporal address with a scheme", with("TEMPORAL_ADDRESS", "https://t.example:7233"),
			"TEMPORAL_ADDRESS", "host:port"},
		{"a namespace with a blank", with("TEMPORAL_NAMESPACE", "a b"), "TEMPORAL_NAMESPACE",
			"without blanks"},
		{"an API key with a line break", with("TEMPORAL_API_KEY", "a\nb"), "TEMPORAL_API_KEY", "line break"},
		{"an API key in clear text", with("TEMPORAL_API_KEY", "k", "TEMPORAL_TLS", "false",
			"TEMPORAL_ADDRESS", "t.example:7233"), "TEMPORAL_TLS", "clear text"},
		{"a certificate without TLS", with("TEMPORAL_TLS_CA", "ca.pem", "TEMPORAL_TLS", "false"),
			"TEMPORAL_TLS", "certificate"},
		{"a certificate without its key", with("TEMPORAL_TLS_CERT", "c.pem"), "TEMPORAL_TLS_KEY",
			"go together"},
		{"TLS that is neither true nor false", with("TEMPORAL_TLS", "perhaps"), "TEMPORAL_TLS",
			"true or false"},
		{"a relay with a port in its name", with("VL_SMTP_HOST", "smtp.example:25"), "VL_SMTP_HOST",
			"without a port"},
		{"a port out of range", with("VL_SMTP_PORT", "65536"), "VL_SMTP_PORT", "1 to 65535"},
		{"a relay's authority without TLS", with("VL_SMTP_CA", "ca.pem", "VL_SMTP_TLS", "none"),
			"VL_SMTP_TLS", "must not be none"},
		{"a way to log in that nobody knows", with("VL_SMTP_AUTH", "NTLM"), "VL_SMTP_AUTH", "XOAUTH2"},
		{"a way to log in, and nobody who does", with("VL_SMTP_AUTH", "PLAIN"), "VL_SMTP_AUTH",
			"VL_SMTP_USER"},
		{"a password that may travel in clear text", with("VL_SMTP_HOST", "smtp.example", "VL_SMTP_TLS",
			"opportunistic", "VL_MAIL_FROM", "a@b.example",
			"VL_SMTP_USER", "u", "VL_SMTP_PASSWORD", "p"), "VL_SMTP_TLS", "must be mandatory"},
		{"a login without a password", with("VL_SMTP_USER", "u"), "VL_SMTP_PASSWORD", "go together"},
		{"a sender that is no address", with("VL_MAIL_FROM", "Contoso <a@b.example>"), "VL_MAIL_FROM",
			"email address"},
		{"a sender that no relay takes", with("VL_SMTP_HOST", "smtp.example"), "VL_MAIL_FROM",
			"name the sender"},
		{"a sender's name on two lines", with("VL_MAIL_FROM_NAME", "a\r\nBcc: b@c.example"),
			"VL_MAIL_FROM_NAME", "one line"},
		{"a rate that is no number", with("VL_MAIL_PER_SECOND", "NaN"), "VL_MAIL_PER_SECOND", "0.1 to 1000"},
		{"a link without TLS", with("VL_LINK_BASE_URL", "http://vl.contoso.example/"), "VL_LINK_BASE_URL",
			"must be https"},
		{"a link with a query", with("VL_LINK_BASE_URL", "https://vl.contoso.example/?t="),
			"VL_LINK_BASE_URL", "query"},
		{"a link with a password", with("VL_LINK_BASE_URL", "https://u:p@vl.contoso.example/"),
			"VL_LINK_BASE_URL", "user"},
		{"a link that runs a script", with("VL_PORTAL_URL", "javascript:alert(1)"), "VL_PORTAL_URL",
			"want a URL"},
		{"a missing link key", with("VL_LINK_KEYS", ""), "VL_LINK_KEYS", "is needed"},
		{"a link key that is short", with("VL_LINK_KEYS", "k1:c2hvcnQ="), "VL_LINK_KEYS", "at least 32"},
		{"a provisioner without keys", with("VL_PROVISIONER_URL", "https://e.example/"),
			"VL_PROVISIONER_KEYS", "needed with VL_PROVISIONER_URL"},
		{"a provisioner's key twice", with("VL_PROVISIONER_KEYS", goodKeys+","+goodKeys),
			"VL_PROVISIONER_KEYS", `key "k1" is given twice`},
		{"a provisioner's time longer than its activity", with("VL_PROVISIONER_TIMEOUT", "30s"),
			"VL_PROVISIONER_TIMEOUT", "100ms to 25s"},
		{"a support line that turns its text round", with("VL_SUPPORT", "help \u202egpj.exe"), "VL_SUPPORT",
			"one line"},
		{"a number where a duration belongs", with("VL_PROPAGATION", "2"), "VL_PROPAGATION", "0s to 168h"},
		{"an address without a port", with("VL_HTTP_LISTEN", "127.0.0.1"), "VL_HTTP_LISTEN", "host:port"},
		{"an unknown level", with("VL_LOG_LEVEL", "loud"), "VL_LOG_LEVEL", "debug, info, warn, error"},
		{"an unknown format", with("VL_LOG_FORMAT", "xml"), "VL_LOG_FORMAT", "text, json"},
		{"a stop that cuts off a mail", with("VL_STOP_TIMEOUT", "94s"), "VL_STOP_TIMEOUT", "1m35s to 1h"},
		{"a secret given twice", with("VL_LINK_KEYS_FILE", "somewhere"), "VL_LINK_KEYS", "given twice"},
		{"a secret's file that is missing", with("VL_SMTP_PASSWORD_FILE", filepath.Join(t.TempDir(), "none")),
			"VL_SMTP_PASSWORD", "VL_SMTP_PASSWORD_FILE: the file can't be read"},
		{"a secret's file that is a folder", with("VL_SMTP_PASSWORD_FILE", t.TempDir()), "VL_SMTP_PASSWORD",
			"regular"},
		{"several faults are reported together, and a doubtful one is not", with("VL_SMTP_HOST", "a b",
			"VL_SMTP_TLS", "none", "VL_SMTP_PORT", "x", "VL_LINK_KEYS", "", "VL_LOG_LEVEL", "?"),
			"VL_LINK_KEYS VL_LOG_LEVEL VL_SMTP_HOST VL_SMTP_PORT", "whole number"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := config.Load(from(tc.vars), config.All)
			if got := strings.Join(faulty(t, err), " "); got != tc.want {
				t.Fatalf("at fault: %q, want %q", got, tc.want)
			}
			if !strings.Contains(err.Error(), tc.rule) {
				t.Errorf("%q doesn't say %q", err, tc.rule)
			}
			if !reflect.ValueOf(c).IsZero() {
				t.Error("a faulty configuration is returned")
			}
		})
	}
}

func TestR56_AnInvitationLivesFromOneToNinetyDays(t *testing.T) {
	for value, ok := range map[string]bool{"24h": true, "2160h": true, "23h59m": false, "2160h1s": false} {
		if _, err := config.Load(from(with("VL_INVITE_FOR", value)), config.All); (err == nil) != ok {
			t.Errorf("VL_INVITE_FOR=%s: %v", value, err)
		}
	}
}

func TestR73_NothingIsSentAsMicrosoft(t *testing.T) {
	for _, sender := range []string{"vl@microsoft.com", "vl@Microsoft.COM", "vl@mail.microsoft.com"} {
		_, err := config.Load(from(with("VL_MAIL_FROM", sender)), config.All)
		if err == nil || !strings.Contains(err.Error(), "R73") {
			t.Errorf("%s: %v, want a refusal by R73", sender, err)
		}
	}
}

func TestEveryNumberAndPeriodKeepsItsBounds(t *testing.T) {
	for _, name := range []string{"VL_DATABASE_CONNS", "VL_SMTP_PORT", "VL_SMTP_CONNECTIONS",
		"VL_MAIL_PER_SECOND", "VL_ACTIVITY_SLOTS", "VL_WORKFLOW_CACHE",
		"VL_PROPAGATION", "VL_PROCESSING", "VL_INVITE_FOR", "VL_REMIND_AHEAD", "VL_RESEND_EVERY",
		"VL_PROVISIONER_TIMEOUT", "VL_STOP_TIMEOUT"} {
		for _, value := range []string{"-1", "-1s", "99999999", "99999h", "1e400", "+Inf", " 1", "１"} {
			_, err := config.Load(from(with(name, value)), config.All)
			if got := faulty(t, err); !slices.Equal(got, []string{name}) {
				t.Errorf("%s=%q: at fault %v", name, value, got)
			}
		}
	}
}

func TestAProcessAsksOnlyForWhatItReads(t *testing.T) {
	broken := map[string]string{"VL_LINK_KEYS": "x", "VL_SMTP_PORT": "x", "VL_STOP_TIMEOUT": "1s",
		"VL_PROVISIONER_URL": "https://e.example"}
	for _, tc := range []struct {
		name string
		who  config.Process
		vars map[string]string
		want []string
	}{
		{"commands need no key", config.Commands, nil, nil},
		{"commands don't read what is the worker's", config.Commands, broken, nil},
		{"the portal needs the link keys", config.Portal, nil, []string{"VL_LINK_KEYS"}},
		{"the portal doesn't read how mail is sent", config.Portal, broken, []string{"VL_LINK_KEYS"}},
		{"the worker reads it all", config.Worker, broken,
			[]string{"VL_LINK_KEYS", "VL_PROVISIONER_KEYS", "VL_SMTP_PORT", "VL_STOP_TIMEOUT"}},
		{"everybody reads the database", config.Commands, map[string]string{"VL_DATABASE_CONNS": "x"},
			[]string{"VL_DATABASE_CONNS"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := config.Load(from(tc.vars), tc.who)
			if got := faulty(t, err); !slices.Equal(got, tc.want) {
				t.Errorf("at fault: %v, want %v", got, tc.want)
			}
		})
	}
}

func TestASecretMayComeFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("pass word\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := load(t, with("VL_SMTP_USER", "u", "VL_SMTP_PASSWORD_FILE", file))
	if got := c.SMTPPassword.Reveal(); got != "pass word" {
		t.Errorf("password is %q, want it without its line break", got)
	}
	if err := os.WriteFile(file, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(from(with("VL_SMTP_USER", "u", "VL_SMTP_PASSWORD_FILE", file)), config.All)
	if err == nil || !strings.Contains(err.Error(), "the file is empty") ||
		strings.Contains(err.Error(), file) {
		t.Errorf("an empty file: %v", err)
	}
}

func TestFallbackAnswersOnlyWhatTheEnvironmentDoesNot(t *testing.T) {
	own := map[string]string{"A": "own", "VL_LINK_KEYS": goodKeys}
	for _, tc := range []struct {
		name   string
		env    map[string]string
		asked  string
		want   string
		wantOK bool
	}{
		{"what the environment lacks", nil, "A", "own", true},
		{"what the environment has empty", map[string]string{"A": ""}, "A", "own", true},
		{"what the environment has", map[string]string{"A": "theirs"}, "A", "theirs", true},
		{"a secret that the environment has in a file", map[string]string{"VL_LINK_KEYS_FILE": "f"},
			"VL_LINK_KEYS", "", false},
		{"what nobody has", nil, "B", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := config.Fallback(from(tc.env), own)(tc.asked)
			if got != tc.want || ok != tc.wantOK {
				t.Errorf("got %q, %t", got, ok)
			}
		})
	}
}

// TestSecretsAreNeverPrinted puts a mark into every secret and looks for it in every way of printing.
func TestSecretsAreNeverPrinted(t *testing.T) {
	mark := "m4rk-that-nobody-may-see-m4rk-that-nobody"
	encoded := base64.StdEncoding.EncodeToString([]byte(mark))
	c := load(t, with("VL_DATABASE_URL", "postgres://u:"+mark+"@h/d", "TEMPORAL_API_KEY", mark,
		"VL_SMTP_USER", "u", "VL_SMTP_PASSWORD", mark,
		"VL_LINK_KEYS", "k1:"+encoded, "VL_PROVISIONER_URL", "https://e.example", "VL_PROVISIONER_KEYS",
		"p1:"+encoded))
	printed := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		printed[verb] = fmt.Sprintf(verb, c)
		printed["pointer "+verb] = fmt.Sprintf(verb, &c)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		printed["secret "+verb] = fmt.Sprintf(verb, c.SMTPPassword)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed["json"] = string(raw)
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		c.LogFormat = format
		config.NewLogger(c, &out).Info("configured", "config", c, "pointer", &c, "secret", c.SMTPPassword,
			slog.Any("keys", c.ProvisionerKeys))
		printed["slog "+format] = out.String()
	}
	for how, text := range printed {
		for _, hidden := range []string{mark, encoded, fmt.Sprintf("%x", mark), fmt.Sprint([]byte(mark))} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s shows a secret: %s", how, text)
			}
		}
		if !strings.Contains(text, "[redacted]") {
			t.Errorf("%s shows no %q: %s", how, "[redacted]", text)
		}
	}
}

func TestSecretInAFieldThatFmtMayNotAskIsNotPrinted(t *testing.T) {
	type foreign struct{ s config.Secret }
	const mark = "m4rk-that-nobody-may-see"
	f := foreign{config.NewSecret(mark)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb, f) + fmt.Sprintf(verb, &f)
		if strings.Contains(text, mark) || strings.Contains(text, fmt.Sprintf("%x", mark)) {
			t.Errorf("%s shows the secret: %s", verb, text)
		}
	}
}

func TestFaultsDoNotRepeatValues(t *testing.T) {
	const mark = "m4rkthatnobodymaysee"
	vars := map[string]string{}
	for _, v := range config.Describe() {
		vars[v.Name] = mark + "\x00:\u202e" + mark
		if v.Secret && v.Name != "VL_LINK_KEYS" {
			vars[v.Name] = mark + "\n" + mark
		}
	}
	vars["VL_SMTP_PASSWORD"], vars["VL_SMTP_PASSWORD_FILE"] = "", mark // a secret where its path belongs
	_, err := config.Load(from(vars), config.All)
	if got, want := len(faulty(t, err)), len(vars)-1; got != want {
		t.Errorf("%d faults, want %d: %v", got, want, err)
	}
	if strings.Contains(err.Error(), mark) {
		t.Errorf("the error repeats a value: %v", err)
	}
}

func TestSecretThatIsEmptyShowsThatItIs(t *testing.T) {
	s := config.NewSecret("")
	if !s.Empty() || s.Reveal() != "" || fmt.Sprintf("%v|%q", s, s) != "|" {
		t.Errorf("got %v", s)
	}
	if got := config.NewSecret("x"); got.Empty() || got.Reveal() != "x" {
		t.Error("a secret doesn't give its value")
	}
}

func TestLoadReadsExactlyWhatIsDescribed(t *testing.T) {
	asked := map[string]bool{}
	_, err := config.Load(func(name string) (string, bool) { asked[name] = true; return "", false },
		config.All)
	faulty(t, err)
	described := map[string]bool{}
	for _, v := range config.Describe() {
		if described[v.Name] {
			t.Errorf("%s is described twice", v.Name)
		}
		described[v.Name] = true
		if v.Secret {
			described[v.Name+"_FILE"] = true
		}
		if v.What == "" || !strings.HasSuffix(v.What, ".") || v.Example == "" || v.For&config.All == 0 ||
			v.For.String() == "" {
			t.Errorf("%s is described badly: %+v", v.Name, v)
		}
	}
	if !maps.Equal(asked, described) {
		t.Errorf("Load asks for %v, described are %v", slices.Sorted(maps.Keys(asked)),
			slices.Sorted(maps.Keys(described)))
	}
}

func TestEveryVariableSetsItsField(t *testing.T) {
	vars := map[string]string{}
	for _, v := range config.Describe() {
		vars[v.Name] = v.Example
		if strings.HasSuffix(v.Name, "_KEYS") {
			vars[v.Name] = goodKeys
			got := faulty(t, second(config.Load(from(with(v.Name, v.Example)), config.All)))
			if !slices.Equal(got, []string{v.Name}) {
				t.Errorf("%s takes the key of the documentation", v.Name)
			}
		}
	}
	links, err := licensing.ParseLinkKeys(goodKeys)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		AllowUnverified: []config.Connection{config.ConnectionDatabase, config.ConnectionSMTP},
		Database: config.NewSecret(
			"postgres://vlroles:password@db.contoso.example/vlroles?sslmode=verify-full"),
		DatabaseConns:   40,
		TemporalAddress: "temporal.contoso.example:7233", TemporalNamespace: "vlroles.a1b2c",
		TemporalAPIKey: config.NewSecret("not-a-real-key"),
		TemporalTLS:    true, TemporalCA: "tls/ca.pem", TemporalCert: "tls/client.pem",
		TemporalKey: "tls/client.key",
		SMTPHost:    "smtp.contoso.example", SMTPPort: 2525, SMTPTLS: config.TLSMandatory,
		SMTPUser: "vlroles", SMTPPassword: config.NewSecret("not-a-real-password"),
		SMTPCA: "tls/smtp-ca.pem", SMTPAuth: "SCRAM-SHA-256",
		SMTPConnections: 8, MailFrom: "no-reply@contoso.example", MailFromName: "Contoso licensing",
		MailReplyTo: "licensing@contoso.example", MailPerSecond: 2.5,
		LinkBase: "https://licensing.contoso.example/invitations/", LinkKeys: links,
		PortalURL: "https://licensing.contoso.example/", Support: "help@contoso.example",
		Propagation: 45 * time.Minute, Processing: 12 * time.Hour, InviteFor: 336 * time.Hour,
		RemindAhead: 72 * time.Hour, ResendEvery: 15 * time.Minute,
		MailLimits: licensing.MailLimits{Hourly: 10, Daily: 50, Admin: 20_000, Organization: 100_000},
		KeepMails:  2160 * time.Hour, KeepPeople: 4320 * time.Hour,
		ProvisionerURL: "https://entitlements.contoso.example/users", ProvisionerKeys: []config.Key{
			{ID: "k1", Secret: config.NewSecret(secretBytes)},
		}, ProvisionerTimeout: 5 * time.Second,
		DirectoryURL:   "https://identity.contoso.example/scim",
		DirectoryToken: config.NewSecret("not-a-real-token"), DirectoryEvery: 6 * time.Hour,
		HTTPListen: "0.0.0.0:8081", LogLevel: slog.LevelDebug, LogFormat: "json", ActivitySlots: 40,
		WorkflowCache: 5000, StopTimeout: 2 * time.Minute,
	}
	if got := load(t, vars); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	defaults := load(t, with())
	for i := range reflect.TypeFor[config.Config]().NumField() {
		f := reflect.ValueOf(want).Field(i)
		if f.IsZero() || f.Comparable() && f.Equal(reflect.ValueOf(defaults).Field(i)) {
			t.Errorf("no variable is seen to set %s", reflect.TypeFor[config.Config]().Field(i).Name)
		}
	}
}

func second(_ config.Config, err error) error { return err }

func TestLoggerKeepsLevelAndFormat(t *testing.T) {
	var out bytes.Buffer
	log := config.NewLogger(load(t, with("VL_LOG_LEVEL", "warn", "VL_LOG_FORMAT", "json")), &out)
	log.Info("not shown")
	log.Warn("shown", "n", 1)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["msg"] != "shown" {
		t.Errorf("logged %q (%v)", out.String(), err)
	}
}

func TestFromEnvironment(t *testing.T) {
	for _, v := range config.Describe() {
		t.Setenv(v.Name, "")
		t.Setenv(v.Name+"_FILE", "")
	}
	t.Setenv("VL_LINK_KEYS", goodKeys)
	t.Setenv("VL_SUPPORT", "help@contoso.example")
	c, err := config.FromEnvironment(config.Worker | config.Portal)
	if err != nil || c.Policy().Support != "help@contoso.example" {
		t.Errorf("got %q, %v", c.Support, err)
	}
}

func FuzzLoadNeverPanicsAndItsErrorsNameVariables(f *testing.F) {
	names := config.Describe()
	for i, v := range names {
		f.Add(i, v.Example, i+1, "x")
		f.Add(i, "\x00\xff%zz[::1]:-1", i+2, v.Default)
	}
	f.Add(0, "postgres://[", 20, "http://[::1%25zone]:70000/%zz")
	f.Fuzz(func(t *testing.T, i int, a string, j int, b string) {
		vars := with(names[index(i, len(names))].Name, a, names[index(j, len(names))].Name, b)
		c, err := config.Load(from(vars), config.All)
		faulty(t, err)
		if err == nil {
			if c.SMTPPort < 1 || c.SMTPPort > 65535 || c.LinkKeys.Current() == "" ||
				!strings.HasSuffix(c.LinkBase, "/") || strings.HasSuffix(c.ProvisionerURL, "/") {
				t.Errorf("a configuration that can't work is taken: %+v", c)
			}
		}
	})
}

func index(i, n int) int { return int(uint(i) % uint(n)) }
