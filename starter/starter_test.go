package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/worker/engine/stand"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// shell runs command lines against a stand.
type shell struct {
	*stand.Stand
	t *testing.T
}

func (s shell) run(want int, args ...string) (out, fault string) {
	s.t.Helper()
	values := map[string]string{"VL_DATABASE_URL": s.Database, "TEMPORAL_ADDRESS": s.Temporal.HostPort(), "VL_LINK_KEYS": "t:" + stand.Secret}
	var o, f bytes.Buffer
	got := run(s.Ctx(), args, func(name string) (string, bool) { v, ok := values[name]; return v, ok }, &o, &f)
	if got != want {
		s.t.Fatalf("%q ends with %d, want %d\n%s%s", args, got, want, &o, &f)
	}
	return o.String(), f.String()
}

func contains(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Fatalf("%q is missing in\n%s", w, text)
		}
	}
}

func TestTheCommandsWalkAPersonFromTheSaveToActive(t *testing.T) {
	s := shell{stand.New(t, stand.Options{}), t}
	as := []string{"--as", "alex@contoso.example"}
	with := func(args ...string) []string { return append(args, as...) }

	out, _ := s.run(0, with("assign", "--user", "kim@fabrikam.example", "--name", "Kim Akers", "--license", "E1", "--role", "Download,benefits_reader")...)
	contains(t, out, "kim@fabrikam.example · E1: invited", "Product download manager, Benefits reader")

	_, fault := s.run(exitUsage, with("assign", "--user", "lee@fabrikam.example", "--name", "Lee", "--license", "E1", "--role", "king")...)
	contains(t, fault, "people[0].access[0].add[0]", "R10", "administrator")
	out, _ = s.run(exitRefused, with("assign", "--user", "lee@fabrikam.example", "--license", "E1", "--role", "download")...)
	contains(t, out, "refused", "R44")
	out, _ = s.run(exitRefused, with("assign", "--user", "lee@fabrikam.example", "--name", "Lee", "--license", "E99", "--role", "download")...)
	contains(t, out, "R05")
	_, fault = s.run(exitUsage, "users")
	contains(t, fault, "--as")

	m := s.Mail("kim", "welcome", 1)
	link := ""
	for _, word := range strings.Fields(m.Text) {
		if strings.HasPrefix(word, s.Config.LinkBase) {
			link = word
		}
	}
	_, fault = s.run(exitRefused, "register", "--link", link, "--email", "mallory@fabrikam.example")
	contains(t, fault, "R28")
	_, fault = s.run(exitRefused, "register", "--link", link+"x", "--email", "kim@fabrikam.example")
	contains(t, fault, "not valid")
	out, _ = s.run(0, with("resend", "--user", "kim@fabrikam.example")...)
	contains(t, out, "same link")
	out, _ = s.run(0, with("reset", "--user", "kim@fabrikam.example")...)
	contains(t, out, "generation 2")
	_, fault = s.run(exitRefused, "register", "--link", link, "--email", "kim@fabrikam.example")
	contains(t, fault, "R58")

	r := s.Registration(s.Mail("kim", "welcome", 3), "kim@fabrikam.example")
	token, err := s.Config.LinkKeys.Token(r.Invitation, r.Generation, "t")
	if err != nil {
		t.Fatal(err)
	}
	out, _ = s.run(0, "register", "--link", token, "--email", "kim@fabrikam.example")
	contains(t, out, "Assignment in Progress", "effective from")
	out, _ = s.run(0, with("users", "-o", "json")...)
	var page licensing.UserPage
	if err := json.Unmarshal([]byte(out), &page); err != nil || len(page.Users) != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
	kim := page.Users[1].ID
	s.Becomes(kim, "E1", licensing.Active)
	out, _ = s.run(0, with("users")...)
	contains(t, out, "DISPLAY NAME", "Kim Akers", "Active", "view access, edit, delete")
	out, _ = s.run(0, "access", "--user", "kim@fabrikam.example", "--license", "E1", "--may", "download_software")
	contains(t, out, "yes", "Product download manager")
	out, _ = s.run(exitRefused, "access", "--user", "kim@fabrikam.example", "--license", "E1", "--may", "list_invoices")
	contains(t, out, "no", "R02")
	out, _ = s.run(0, with("edit", "--user", "kim@fabrikam.example", "--license", "E1", "--remove", "benefits_reader")...)
	contains(t, out, "changed", "removed Benefits reader")
	out, _ = s.run(0, with("show", "--user", string(kim))...)
	contains(t, out, "Kim Akers", "Access", "Mails", "welcome", "History", "R73")
	out, _ = s.run(0, with("assign", "--user", "ada@fabrikam.example", "--name", "Ada", "--license", "E1", "--role", "download")...)
	contains(t, out, "invited")
	out, _ = s.run(0, with("cancel", "--user", "ada@fabrikam.example")...)
	contains(t, out, "links are dead")
}

func TestTheSameRequestIDIsOneRequest(t *testing.T) {
	s := shell{stand.New(t, stand.Options{}), t}
	args := []string{"assign", "--as", "alex@contoso.example", "--request-id", string(stand.Request()), "--user", "kim@fabrikam.example", "--name", "Kim",
		"--license", "E1", "--role", "download", "-o", "json"}
	one, _ := s.run(0, args...)
	two, _ := s.run(0, args...)
	if one != two {
		t.Fatalf("%s\n%s", one, two)
	}
}

func TestMigrateApplyAndConfigCanBeRepeated(t *testing.T) {
	s := shell{stand.New(t, stand.Options{}), t}
	for range 2 {
		out, _ := s.run(0, "migrate")
		contains(t, out, "0 migrations applied")
	}
	file := filepath.Join(t.TempDir(), "org.yaml")
	yaml := `organization: {id: 5b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d00ff, name: Fabrikam, domains: [fabrikam.test]}
directory:
  - {object_id: o1, email: ann@fabrikam.test, name: Ann}
agreements:
  - license_id: F1
    program: MBSA
    processed_at: 2026-01-15T09:00:00Z
    administrators:
      - {sign_in_email: ann@fabrikam.test, name: Ann, registered: 2026-01-20T08:00:00Z}
`
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := s.run(0, "apply", "-f", file)
	contains(t, out, "1 people of the directory", "F1: assigned")
	out, _ = s.run(0, "apply", "-f", file)
	contains(t, out, "F1: unchanged")
	if err := os.WriteFile(file, []byte(strings.Replace(yaml, "license_id: F1", "license: F1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, fault := s.run(exitUsage, "apply", "-f", file)
	contains(t, fault, "license not found")
	out, _ = s.run(0, "config")
	contains(t, out, "VL_LINK_KEYS", "VL_PROPAGATION")
	help, _ := s.run(0, "--help")
	contains(t, help, "Exit codes", "demo", "dev")
	_, fault = s.run(exitUsage, "users", "-o", "xml")
	contains(t, fault, "--output")
}

func TestAnAwayTemporalIsSaidSo(t *testing.T) {
	s := shell{stand.New(t, stand.Options{Idle: true}), t}
	port, err := rig.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	var out, fault bytes.Buffer
	values := map[string]string{"VL_DATABASE_URL": s.Database, "TEMPORAL_ADDRESS": "127.0.0.1:" + strconv.Itoa(port)}
	code := run(context.Background(), []string{"resend", "--as", "alex@contoso.example", "--user", "kim@fabrikam.example"},
		func(n string) (string, bool) { v, ok := values[n]; return v, ok }, &out, &fault)
	if code != exitAway || !strings.Contains(fault.String(), "TEMPORAL_ADDRESS") {
		t.Fatalf("%d %s", code, fault.String())
	}
}

func TestTheCommandsOfPartnersContactsAndTheTenant(t *testing.T) {
	s := shell{stand.New(t, stand.Options{}), t}
	org := []string{"--org", string(s.Org)}
	in := func(args ...string) []string { return append(args, org...) }
	file := func(yaml string) string {
		name := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(name, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const parent = `license_id: P1
program: MBSA
processed_at: 2026-01-15T09:00:00Z
contacts:
  - {kind: primary, business_email: pat@fabrikam.example, name: Pat Lee}
  - {kind: bill_to, business_email: ivy@fabrikam.example, name: Ivy Counts}
`
	out, _ := s.run(0, in("agreement", "-f", file(parent))...)
	contains(t, out, "P1 · primary contact: named", "P1 · bill to contact: named", "added Invoice Reader")
	out, _ = s.run(0, in("agreement", "-f", file(parent))...)
	contains(t, out, "primary contact: unchanged")
	_, fault := s.run(exitUsage, in("agreement", "-f", file("license_id: P2\nprogram: MBSA\nprocessed_at: 2026-01-15T09:00:00Z\n"))...)
	contains(t, fault, "R25", "contacts")
	_, fault = s.run(exitUsage, in("agreement", "-f", file(strings.Replace(parent, "kind: primary", "kind: king", 1)))...)
	contains(t, fault, "contacts[0].kind", "primary, notices")
	out, _ = s.run(0, in("agreement", "-f", file(strings.NewReplacer("P1", "P2", "processed_at", "parent: P1\nprocessed_at", "ivy", "ivan").Replace(parent)))...)
	contains(t, out, "P2")
	pat := s.Register("pat").User
	s.Until("Pat to be active", func() bool {
		a, err := s.Views.Access(s.Ctx(), s.Org, pat, "P2", licensing.ManageAssignments)
		return err == nil && a.Allowed
	})

	as := append([]string{"--as", "pat@fabrikam.example"}, org...)
	with := func(args ...string) []string { return append(args, as...) }
	out, _ = s.run(0, with("agreements", "--inherited")...)
	contains(t, out, "P1", "P2", "administrator")
	out, _ = s.run(0, with("prefer", "--license", "P1", "--inherit", "yes")...)
	contains(t, out, "inherit below P1: yes; 1 License IDs")
	out, _ = s.run(0, with("preferences")...)
	contains(t, out, "P1", "yes")
	_, fault = s.run(exitUsage, with("prefer", "--license", "P1", "--inherit", "maybe")...)
	contains(t, fault, "--inherit")

	out, _ = s.run(0, with("assign", "--verify", "--user", "kim@fabrikam.example", "--name", "Kim", "--license", "P1", "--role", "download")...)
	contains(t, out, "P1: invited")
	_, fault = s.run(exitRefused, with("show", "--user", "kim@fabrikam.example")...)
	contains(t, fault, "no such user")
	s.run(0, with("assign", "--user", "kim@fabrikam.example", "--name", "Kim", "--license", "P1", "--role", "download")...)
	out, _ = s.run(0, with("copy", "--from", "P1", "--to", "P2", "--user", "kim@fabrikam.example", "--verify")...)
	contains(t, out, "P2: joined")
	out, _ = s.run(exitRefused, with("import", "--from", "P2", "--to", "P1", "--user", "kim@fabrikam.example")...)
	contains(t, out, "R77")
	out, _ = s.run(0, with("history", "--license", "P1")...)
	contains(t, out, "Pat Lee", "Kim", "waited", "R73")
	_, fault = s.run(exitUsage, with("history", "--license", "P1", "--on", "tomorrow")...)
	contains(t, fault, "--on")

	out, _ = s.run(0, with("handover", "start", "--to", "sam@fabrikam.example", "--name", "Sam", "--license", "P1", "-o", "json")...)
	var h licensing.HandOverAnswer
	if err := json.Unmarshal([]byte(out), &h); err != nil || h.View.Waiting() != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	_, fault = s.run(exitRefused, append([]string{"handover", "agree", "--id", string(h.View.ID), "--as", "sam@fabrikam.example"}, org...)...)
	contains(t, fault, "R30")
	out, _ = s.run(0, with("handover", "list")...)
	contains(t, out, "open, 0 of 1 License IDs handed over", "Invitation sent")
	out, _ = s.run(0, with("handover", "cancel", "--id", string(h.View.ID))...)
	contains(t, out, "cancelled")
	out, _ = s.run(0, with("delete", "--user", "kim@fabrikam.example")...)
	contains(t, out, "P1: changed, removed Product download manager", "0 License IDs that you don't administer")

	out, _ = s.run(0, in("contact", "--kind", "bill_to", "--from", "ivy@fabrikam.example", "--business", "ian@fabrikam.example", "--name", "Ian")...)
	contains(t, out, "P1 · bill to contact: named (R34)")
	_, fault = s.run(exitUsage, in("contact", "--kind", "bill_to", "--business", "ian@fabrikam.example", "--name", "Ian")...)
	contains(t, fault, "license_ids")

	out, _ = s.run(0, in("directory", "--object-id", "alex", "--email", "alex@contoso.example", "--name", "Alex Wilber", "--left")...)
	contains(t, out, "1 VL users lost their access", "ORPHANED: License ID E1")
	out, _ = s.run(0, in("orphans")...)
	contains(t, out, "E1", "E2")
	out, _ = s.run(0, in("seat", "--license", "E1", "--user", "new@fabrikam.example", "--name", "New", "--reason", "case 1")...)
	contains(t, out, "E1: invited")
	_, fault = s.run(exitRefused, in("seat", "--license", "P1", "--user", "new@fabrikam.example", "--name", "New", "--reason", "case 1")...)
	contains(t, fault, "R05")
	_, fault = s.run(exitRefused, append([]string{"recheck", "--as", "pat@fabrikam.example", "--user", "ivy@fabrikam.example"}, org...)...)
	contains(t, fault, "R43")
}
