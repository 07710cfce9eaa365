package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/worker/engine/enginetest"
)

// TestMain runs all tests at once: they wait far more than they work, one of them for an attempt that died
// with its process.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	os.Exit(rig.Main(m))
}

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vlroles-worker-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "worker")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the worker: %w\n%s", err, out)
	}
	return path, nil
})

// house is an Env whose worker is a process of its own, on PostgreSQL and a Temporal server that keep their
// state.
type house struct {
	*enginetest.Env
	postgres *rig.Postgres
	listen   string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	p, err := rig.StartPostgres(context.Background())
	if errors.Is(err, rig.ErrNoPostgres) && os.Getenv("VL_TEST_FORCE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	port, err := rig.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{postgres: p, listen: "127.0.0.1:" + strconv.Itoa(port)}
	h.Env = enginetest.New(t, enginetest.Options{Idle: true, OnFile: true, Database: p.URL("postgres")})
	return h
}

// worker starts the process and returns when it is ready.
func (h *house) worker() *exec.Cmd {
	h.TB.Helper()
	path, err := binary()
	if err != nil {
		h.TB.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = append(
		os.Environ(),
		"VL_DATABASE_URL="+h.Database,
		"TEMPORAL_ADDRESS="+h.Temporal.HostPort(),
		"VL_SMTP_PORT="+strconv.Itoa(
			h.Mailbox.Port(),
		),
		"VL_LINK_KEYS=t:"+enginetest.Secret,
		"VL_MAIL_FROM=vlroles@contoso.example",
		"VL_MAIL_PER_SECOND=1000",
		"VL_PROPAGATION=1s",
		"VL_PROCESSING=1s",
		"VL_HTTP_LISTEN="+h.listen,
		"VL_LOG_LEVEL=error",
	)
	if err := cmd.Start(); err != nil {
		h.TB.Fatal(err)
	}
	h.TB.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	h.Until("the worker to be ready", func() bool {
		resp, err := http.Get("http://" + h.listen + "/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close() //nolint:errcheck // only the status is read
		return resp.StatusCode == http.StatusOK
	})
	return cmd
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
}

// lock holds a table against all writers, so that whoever writes there waits, until release.
func (h *house) lock(table string) (release func()) {
	h.TB.Helper()
	db, err := sql.Open("postgres", h.Database)
	if err != nil {
		h.TB.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		h.TB.Fatal(err)
	}
	if _, err := tx.Exec(`LOCK TABLE ` + table + ` IN SHARE MODE`); err != nil {
		h.TB.Fatal(err)
	}
	return func() { _ = tx.Rollback(); _ = db.Close() }
}

// waiting says whether a session of the database waits for a lock.
func (h *house) waiting() bool {
	db, err := sql.Open("postgres", h.Database)
	if err != nil {
		h.TB.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it only read
	var n int
	if err := db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`).
		Scan(&n); err != nil {
		h.TB.Fatal(err)
	}
	return n > 0
}

// mails counts the rows of the ledger in a state.
func (h *house) mails(state string) (n int) {
	h.TB.Helper()
	db, err := sql.Open("postgres", h.Database)
	if err != nil {
		h.TB.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it only read
	if err := db.QueryRow(`SELECT count(*) FROM mails WHERE state = $1`, state).Scan(&n); err != nil {
		h.TB.Fatal(err)
	}
	return n
}

// saveUntilAnswered repeats the same request until it is answered, as a portal does.
func (h *house) saveUntilAnswered(s licensing.Save) []licensing.PersonVerdict {
	h.TB.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); {
		answer, err := h.Flows.Save(context.Background(), s)
		if err == nil {
			return answer.People
		}
		if licensing.KindOf(err) != licensing.Unavailable {
			h.TB.Fatal(err)
		}
	}
	h.TB.Fatal("the save was not answered")
	return nil
}

func names(n int) []string {
	var out []string
	for i := range n {
		out = append(out, "p"+strconv.Itoa(i))
	}
	return out
}

func (h *house) request(names []string) licensing.Save {
	s := licensing.Save{ID: enginetest.Request(), Org: h.Org, Admin: h.Admin}
	for _, n := range names {
		s.People = append(s.People, enginetest.Person(n, enginetest.Add("E1")))
	}
	return s
}

func (h *house) registerAll(names []string) {
	h.TB.Helper()
	for _, n := range names {
		r := h.Registration(h.mail(n, "welcome"), licensing.Email(n+"@fabrikam.example"))
		h.Until(n+" to be registered", func() bool {
			_, err := h.Flows.Register(context.Background(), r)
			if err != nil && licensing.KindOf(err) != licensing.Unavailable {
				h.TB.Fatal(err)
			}
			return err == nil
		})
	}
}

// mail waits for longer than other tests do: an attempt that died with its process is found out after 90 s.
func (h *house) mail(name, kind string) rig.Message {
	h.TB.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	m, err := h.Mailbox.Wait(
		ctx,
		func(m rig.Message) bool { return m.To == name+"@fabrikam.example" && enginetest.Kind(m) == kind },
	)
	if err != nil {
		h.TB.Fatalf("%s mail to %s: %v", kind, name, err)
	}
	return m
}

// allWell checks that everybody is active and that no mail is missing; doubled returns which Message-IDs came
// twice.
func (h *house) allWell(people []licensing.PersonVerdict, names []string) (doubled []string) {
	h.TB.Helper()
	for _, p := range people {
		end := time.Now().Add(3 * time.Minute)
		for h.Status(p.User, "E1") != licensing.StatusActive {
			if time.Now().After(end) {
				h.TB.Fatalf("a person is %q", h.Status(p.User, "E1"))
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	for _, n := range names {
		h.mail(n, "welcome")
		h.mail(n, "registered")
	}
	seen := map[string]int{}
	for _, m := range h.Mailbox.Messages() {
		if seen[m.ID]++; seen[m.ID] == 2 {
			doubled = append(doubled, m.ID)
		}
		if seen[m.ID] > 2 {
			h.TB.Fatalf("a mail came %d times: %s", seen[m.ID], m.ID)
		}
	}
	return doubled
}

func TestAWorkerKilledBetweenSMTPAcceptanceAndCompletionDoublesOnlyThatMail(t *testing.T) {
	h := newHouse(t)
	held, release := h.Mailbox.HoldAfter(func(m rig.Message) bool { return enginetest.Kind(m) == "welcome" })
	defer release()
	one := h.worker()
	who := names(5)
	people := h.saveUntilAnswered(h.request(who))
	m := <-held
	// The other mails are settled first, so that exactly one is in flight.
	h.Until(
		"the other mails to be settled",
		func() bool { return h.mails("sent") == len(who) && h.mails("sending") == 1 },
	)
	kill(one)
	release()
	h.worker()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	copies := map[int]bool{}
	if _, err := h.Mailbox.Wait(ctx, func(again rig.Message) bool {
		if again.ID == m.ID {
			copies[again.Number] = true
		}
		return len(copies) == 2
	}); err != nil {
		t.Fatal("the mail in flight was not made sure of: ", err)
	}
	h.registerAll(who)
	if doubled := h.allWell(people, who); len(doubled) != 1 || doubled[0] != m.ID {
		t.Fatalf("doubled: %q, in flight was %s", doubled, m.ID)
	}
}

func TestAWorkerKilledDuringASaveLosesAndHalvesNothing(t *testing.T) {
	h := newHouse(t)
	one := h.worker()
	who := names(8)
	release := h.lock("grants")
	s := h.request(who)
	answered := make(chan []licensing.PersonVerdict)
	go func() { answered <- h.saveUntilAnswered(s) }()
	h.Until("the save to write", h.waiting)
	kill(one)
	release()
	h.worker()
	people := <-answered
	h.registerAll(who)
	if doubled := h.allWell(people, who); len(doubled) > 0 {
		t.Fatalf("doubled: %q", doubled)
	}
}

func TestAWorkerKilledDuringActivationLosesNothing(t *testing.T) {
	h := newHouse(t)
	one := h.worker()
	who := names(4)
	people := h.saveUntilAnswered(h.request(who))
	h.registerAll(who)
	release := h.lock("grants")
	h.Until("an activation to write", h.waiting)
	kill(one)
	release()
	h.worker()
	// A mail that was on its way at the kill may come twice.
	if doubled := h.allWell(people, who); len(doubled) > 1 {
		t.Fatalf("doubled: %q", doubled)
	}
}

func TestATemporalServerThatIsKilledAndStartedAgainLosesNothing(t *testing.T) {
	h := newHouse(t)
	h.worker()
	who := names(6)
	people := h.saveUntilAnswered(h.request(who))
	h.registerAll(who[:3])
	h.Temporal.Kill()
	if err := h.Temporal.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.registerAll(who[3:])
	if doubled := h.allWell(people, who); len(doubled) > 1 {
		t.Fatalf("doubled: %q", doubled)
	}
}

func TestAPostgresServerThatStopsInTheMiddleLosesNothing(t *testing.T) {
	h := newHouse(t)
	h.worker()
	who := names(6)
	people := h.saveUntilAnswered(h.request(who))
	for _, n := range who {
		h.mail(n, "welcome")
	}
	h.registerAll(who[:3])
	h.postgres.Stop()
	if err := h.postgres.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.Until("the database to answer", func() bool { return h.Rows.Ping(context.Background()) == nil })
	h.registerAll(who[3:])
	if doubled := h.allWell(people, who); len(doubled) > 1 {
		t.Fatalf("doubled: %q", doubled)
	}
}

func TestAWorkerThatIsToldToStopLetsARunningMailFinish(t *testing.T) {
	h := newHouse(t)
	held, release := h.Mailbox.HoldAfter(func(m rig.Message) bool { return enginetest.Kind(m) == "welcome" })
	one := h.worker()
	who := names(1)
	people := h.saveUntilAnswered(h.request(who))
	<-held
	if err := one.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	h.Until("the worker to say that it isn't ready", func() bool {
		resp, err := http.Get("http://" + h.listen + "/readyz")
		if err != nil {
			return true
		}
		defer resp.Body.Close() //nolint:errcheck // only the status is read
		return resp.StatusCode == http.StatusServiceUnavailable
	})
	release()
	if err := one.Wait(); err != nil {
		t.Fatalf("the worker ended with %v", err)
	}
	h.worker()
	h.registerAll(who)
	if doubled := h.allWell(people, who); len(doubled) > 0 {
		t.Fatalf("doubled: %q", doubled)
	}
}
