package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// written makes a folder with dev's file in it.
func written(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, EnvironmentFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func from(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := values[name]; return v, ok }
}

func TestWhatDevWroteCountsWhereTheEnvironmentNamesNoDatabaseOrTheFolderIsNamed(t *testing.T) {
	dir := written(t, "VL_DATABASE_URL=sqlite:dev.db\nTEMPORAL_ADDRESS=127.0.0.1:7240\n"+
		"VL_SUPPORT=the help desk\n")
	const production = "postgres://db.example/vlroles"
	for _, c := range []struct {
		name, named, usual string
		environment        map[string]string
		variable, want     string
	}{
		{"what dev wrote counts", "", dir, nil, "VL_SUPPORT", "the help desk"},
		{"also where dev has other ports", "", dir, nil, "TEMPORAL_ADDRESS", "127.0.0.1:7240"},
		{"the environment comes first", "", dir, map[string]string{"TEMPORAL_ADDRESS": "127.0.0.1:7250"},
			"TEMPORAL_ADDRESS", "127.0.0.1:7250"},
		{"it doesn't count beside another database", "", dir,
			map[string]string{"VL_DATABASE_URL": production}, "TEMPORAL_ADDRESS", ""},
		{"nor beside one whose address stands in a file", "", dir,
			map[string]string{"VL_DATABASE_URL_FILE": "/run/url"}, "TEMPORAL_ADDRESS", ""},
		{"nothing was written elsewhere", "", t.TempDir(), nil, "VL_SUPPORT", ""},
		{"a folder that is named comes before the environment", dir, "nowhere",
			map[string]string{"VL_DATABASE_URL": production}, "VL_DATABASE_URL", "sqlite:dev.db"},
		{"and before a file that the environment names", dir, "nowhere",
			map[string]string{"VL_DATABASE_URL_FILE": "/run/url"}, "VL_DATABASE_URL_FILE", ""},
		{"what it lacks comes from the environment", dir, "nowhere",
			map[string]string{"VL_MAIL_FROM": "a@b.example"}, "VL_MAIL_FROM", "a@b.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lookup, err := besideDev(from(c.environment), c.named, c.usual)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := lookup(c.variable); got != c.want {
				t.Errorf("%s is %q, expected %q", c.variable, got, c.want)
			}
		})
	}
	if _, err := besideDev(from(nil), t.TempDir(), dir); err == nil ||
		!strings.Contains(err.Error(), "`starter dev` has not run there") {
		t.Errorf("a folder without dev that is named: %v", err)
	}
}

func TestOnlyWhatDevWritesIsTakenFromItsFile(t *testing.T) {
	const others = "VL_SMTP_HOST=smtp.evil.example\nTEMPORAL_TLS=false\nHTTPS_PROXY=http://evil.example\n" +
		"VL_DIRECTORY_URL=http://evil.example\nVL_SUPPORT=the help desk\n"
	lookup, err := besideDev(from(nil), "", written(t, others))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"VL_SMTP_HOST", "TEMPORAL_TLS", "HTTPS_PROXY", "VL_DIRECTORY_URL"} {
		if got, ok := lookup(name); ok {
			t.Errorf("%s is %q", name, got)
		}
	}
	for _, line := range []string{
		"VL_DATABASE_URL=postgres://evil.example/vlroles", "TEMPORAL_ADDRESS=evil.example:7233",
		"TEMPORAL_ADDRESS=127.0.0.1.evil.example:7233", "TEMPORAL_ADDRESS=evil.example",
		"VL_LINK_BASE_URL=http://evil.example/", "VL_PORTAL_URL=http://localhost@evil.example/",
		"VL_PROVISIONER_URL=https://10.0.0.7/",
	} {
		name, _, _ := strings.Cut(line, "=")
		if _, err := besideDev(from(nil), "", written(t, line)); err == nil ||
			!strings.Contains(err.Error(), name+" doesn't name this machine") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
