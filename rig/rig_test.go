package rig

import (
	"context"
	"database/sql"
	"fmt"
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestAMailboxKeepsWhatItTakesAndRefusesWhomItIsTold(t *testing.T) {
	b, err := StartMailbox(0, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // the test is over
	b.Refuse("No@fabrikam.example", 550, "no such mailbox")
	addr := fmt.Sprintf("127.0.0.1:%d", b.Port())
	text := "Message-ID: <1@x.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHallo =C3=A4\r\n"
	if err := smtp.SendMail(addr, nil, "a@x.example", []string{"b@x.example"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
	err = smtp.SendMail(addr, nil, "a@x.example", []string{"no@fabrikam.example"}, []byte(text))
	if err == nil || !strings.Contains(err.Error(), "550") {
		t.Fatalf("refused address: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	m, err := b.Wait(ctx, func(m Message) bool { return m.To == "b@x.example" })
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "Grüße" || m.ID != "1@x.example" || strings.TrimSpace(m.Text) != "Hallo ä" || len(b.Messages()) != 1 {
		t.Fatalf("%+v", m)
	}
	if raw, err := os.ReadFile(m.File); err != nil || !strings.Contains(string(raw), "Hallo") {
		t.Fatalf("file: %v", err)
	}
}

func TestAPostgresServerKeepsItsDataOverAStop(t *testing.T) {
	if _, err := postgresPrograms(); err != nil && os.Getenv("VL_TEST_FORCE") == "" {
		t.Skip(err)
	}
	ctx := context.Background()
	p, err := StartPostgres(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // the test is over
	db, err := sql.Open("postgres", p.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over
	if _, err := db.Exec(`CREATE TABLE x AS SELECT 7 AS n`); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if err := p.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var n int
	for range 3 { // the pool's old connections are found dead one by one
		if err = db.QueryRow(`SELECT n FROM x`).Scan(&n); err == nil {
			break
		}
	}
	if err != nil || n != 7 {
		t.Fatal(n, err)
	}
}

func TestATemporalServerKeepsItsWorkflowsOverAStop(t *testing.T) {
	ctx := context.Background()
	s, err := StartTemporal(ctx, TemporalOptions{Dir: t.TempDir(), Attributes: Attributes(), Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	s.Stop()
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	s.Dial(t)
}
