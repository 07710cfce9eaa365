// Package bench measures what docs/benchmarks.md says:
//
//	go test ./bench -run '^$' -bench . -benchtime 1x -timeout 60m
package bench

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/worker/engine/enginetest"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

const (
	delay      = 100 * time.Millisecond // propagation, and the bare workflow's second timer
	concurrent = 16
)

func newStand(b *testing.B) *enginetest.Env {
	return enginetest.New(b, enginetest.Options{Postgres: true,
		Policy: func(p *licensing.Policy) { p.Propagation, p.Processing = delay, delay }})
}

// bare is the least that a workflow with the same outline does: two empty activities, one update, two timers.
func bare(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	registered := false
	err := workflow.SetUpdateHandler(ctx, "register",
		func(workflow.Context) error { registered = true; return nil })
	if err != nil {
		return err
	}
	if err := workflow.ExecuteActivity(ctx, empty).Get(ctx, nil); err != nil {
		return err
	}
	tctx, cancel := workflow.WithCancel(ctx)
	expiry := workflow.NewTimer(tctx, 30*24*time.Hour)
	if err := workflow.Await(ctx, func() bool { return registered || expiry.IsReady() }); err != nil {
		return err
	}
	cancel()
	if err := workflow.Sleep(ctx, delay); err != nil {
		return err
	}
	return workflow.ExecuteActivity(ctx, empty).Get(ctx, nil)
}

func empty(context.Context) error { return nil }

// times collects how long single calls took.
type times struct {
	mu  sync.Mutex
	all []time.Duration
}

func (t *times) took(since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, time.Since(since))
}

func (t *times) at(share float64) float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.all)
	return float64(t.all[min(int(share*float64(len(t.all))), len(t.all)-1)].Microseconds()) / 1000
}

// parallel runs f for 0 … n-1, some at a time.
func parallel(n int, f func(int)) {
	var all sync.WaitGroup
	next := make(chan int)
	for range concurrent {
		all.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

func name(prefix string, i int) string { return prefix + strconv.Itoa(i) }

// BenchmarkLifecycle compares, on one server and in one run, our whole life of an invitation (save, welcome
// mail, register, registration mail, propagation, activation, confirmation mail) with the bare workflow.
func BenchmarkLifecycle(b *testing.B) {
	const n = 300
	s := newStand(b)
	w := worker.New(s.Client, "bare", worker.Options{})
	w.RegisterWorkflow(bare)
	w.RegisterActivity(empty)
	if err := w.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(w.Stop)
	var saves, registers times
	for _, warm := range []string{"warm", "real"} {
		rounds := map[string]int{"warm": 40, "real": n}[warm]
		saves, registers = times{}, times{}
		ours := rate(rounds, func() { lifecycles(b, s, warm, rounds, &saves, &registers) })
		theirs := rate(rounds, func() { bares(b, s, warm, rounds) })
		again := rate(rounds, func() { bares(b, s, warm+"again", rounds) })
		b.ReportMetric(ours, "ours/s")
		b.ReportMetric(theirs, "bare/s")
		b.ReportMetric(again, "bare-again/s")
		b.ReportMetric(ours/theirs, "ratio")
	}
	b.ReportMetric(saves.at(0.50), "save-p50-ms")
	b.ReportMetric(saves.at(0.99), "save-p99-ms")
	b.ReportMetric(registers.at(0.50), "register-p50-ms")
	b.ReportMetric(registers.at(0.99), "register-p99-ms")
}

func rate(n int, f func()) float64 {
	begun := time.Now()
	f()
	return float64(n) / time.Since(begun).Seconds()
}

func lifecycles(b *testing.B, s *enginetest.Env, prefix string, n int, saves, registers *times) {
	ctx := context.Background()
	parallel(n, func(i int) {
		who := name(prefix, i)
		begun := time.Now()
		answer, err := s.Flows.Save(ctx, licensing.Save{ID: enginetest.Request(), Org: s.Org, Admin: s.Admin,
			People: []licensing.PersonChange{enginetest.Person(who, enginetest.Add("E1"))}})
		if err != nil {
			b.Error(err)
			return
		}
		saves.took(begun)
		user := answer.People[0].User
		at, err := s.Views.InvitationStatusOf(ctx, s.Org, user)
		if err != nil {
			b.Error(err)
			return
		}
		begun = time.Now()
		register(b, s, at, who)
		registers.took(begun)
		if err := s.Client.GetWorkflow(ctx, "invitation/"+string(user), "").Get(ctx, nil); err != nil {
			b.Error(err)
		}
	})
}

func register(b *testing.B, s *enginetest.Env, at licensing.InvitationStatus, who string) {
	keys := s.Config.LinkKeys
	token, err := keys.Token(licensing.Ticket{Invitation: at.Run.Invitation, Generation: at.Run.Generation,
		Link: licensing.OwnLink}, keys.Current())
	if err != nil {
		b.Error(err)
		return
	}
	r, err := keys.Accept(token, licensing.Identity{Email: licensing.Email(who + "@fabrikam.example")},
		enginetest.Request())
	if err != nil {
		b.Error(err)
		return
	}
	_, err = s.Flows.Register(context.Background(), r)
	for range 5 { // what wasn't answered in time is asked again with the same id, as a portal does
		if licensing.KindOf(err) != licensing.Unavailable {
			break
		}
		_, err = s.Flows.Register(context.Background(), r)
	}
	if err != nil {
		b.Error(err)
	}
}

func bares(b *testing.B, s *enginetest.Env, prefix string, n int) {
	ctx := context.Background()
	parallel(n, func(i int) {
		r, err := s.Client.ExecuteWorkflow(ctx,
			client.StartWorkflowOptions{ID: name("bare"+prefix, i), TaskQueue: "bare"}, bare)
		if err != nil {
			b.Error(err)
			return
		}
		h, err := s.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: r.GetID(),
			UpdateName: "register", WaitForStage: client.WorkflowUpdateStageCompleted})
		if err == nil {
			err = h.Get(ctx, nil)
		}
		if err == nil {
			err = r.Get(ctx, nil)
		}
		if err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkSave500 is one save of 500 people: how long until the verdicts are
// back, and until the last mail is out.
func BenchmarkSave500(b *testing.B) {
	s := newStand(b)
	begun := time.Now()
	saveMany(b, s, "p", 0, 500)
	b.ReportMetric(time.Since(begun).Seconds(), "verdicts-s")
	waitMails(b, s, 501)
	b.ReportMetric(time.Since(begun).Seconds(), "last-mail-s")
}

func saveMany(b *testing.B, s *enginetest.Env, prefix string, from, n int) []licensing.UserID {
	sv := licensing.Save{ID: enginetest.Request(), Org: s.Org, Admin: s.Admin}
	for i := range n {
		sv.People = append(sv.People, enginetest.Person(name(prefix, from+i), enginetest.Add("E1")))
	}
	answer, err := s.Flows.Save(context.Background(), sv)
	if err != nil {
		b.Fatal(err)
	}
	var users []licensing.UserID
	for _, p := range answer.People {
		users = append(users, p.User)
	}
	return users
}

func waitMails(b *testing.B, s *enginetest.Env, n int) {
	waitCount(b, s, `SELECT count(*) FROM mails WHERE state = 'sent'`, n)
}

func waitCount(b *testing.B, s *enginetest.Env, query string, n int) {
	db, err := sql.Open("postgres", s.Database)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it only read
	for end := time.Now().Add(20 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var got int
		if err := db.QueryRow(query).Scan(&got); err != nil {
			b.Fatal(err)
		}
		if got >= n {
			return
		}
	}
	b.Fatalf("%s stays below %d", query, n)
}

// BenchmarkGrowth takes 100, 1,000 and 5,000 people from saves of up to 500 to Active, each on a stand of its
// own, and reports the milliseconds for one.
func BenchmarkGrowth(b *testing.B) {
	for _, n := range []int{100, 1_000, 5_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := newStand(b)
			begun := time.Now()
			users := make([]licensing.UserID, 0, n)
			for from := 0; from < n; from += 500 {
				users = append(users, saveMany(b, s, "p", from, min(500, n-from))...)
			}
			waitCount(b, s, `SELECT count(*) FROM mails WHERE state = 'sent' AND kind = 'welcome'`, n)
			b.ReportMetric(float64(time.Since(begun).Microseconds())/1000/float64(n), "ms/invited")
			parallel(n, func(i int) {
				at, err := s.Views.InvitationStatusOf(context.Background(), s.Org, users[i])
				if err != nil {
					b.Error(err)
					return
				}
				register(b, s, at, name("p", i))
			})
			waitCount(b, s, `SELECT count(*) FROM assignments WHERE state = 'active' AND license_id = 'E1'`,
				n+1)
			b.ReportMetric(float64(time.Since(begun).Microseconds())/1000/float64(n), "ms/active")
		})
	}
}

// BenchmarkUsersList reads a page of 50 of the Manage Assignments list at
// 1,000 and 100,000 users on PostgreSQL.
func BenchmarkUsersList(b *testing.B) {
	median := map[int]float64{}
	for _, n := range []int{1_000, 100_000} {
		s := enginetest.New(b, enginetest.Options{Postgres: true, Idle: true})
		seed(b, s, n)
		var pages times
		var cursor string
		for i := range 220 {
			begun := time.Now()
			page, err := s.Views.Users(context.Background(), s.Org, s.Admin,
				licensing.UserFilter{Cursor: cursor})
			if err != nil || len(page.Users) == 0 {
				b.Fatal(len(page.Users), err)
			}
			if i >= 20 { // the first ones warm the caches
				pages.took(begun)
			}
			if cursor = page.Next; i%20 == 19 {
				cursor = ""
			}
		}
		median[n] = pages.at(0.5)
		b.ReportMetric(median[n], fmt.Sprintf("ms-at-%d", n))
	}
	b.ReportMetric(median[100_000]/median[1_000], "ratio")
}

// seed writes users with two roles on E1 as saves and registrations would have left them.
func seed(b *testing.B, s *enginetest.Env, n int) {
	db, err := sql.Open("postgres", s.Database)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the statements have answered
	for _, q := range []string{
		`INSERT INTO users (id, org_id, sign_in_email, sign_in_key, business_email, name, name_key, kind,
			in_tenant, registered_at, created_at)
		 SELECT gen_random_uuid(), $1, k || '@fabrikam.example', k || '@fabrikam.example',
		 k || '@fabrikam.example', k, k, 'external', true, now(), now()
		 FROM (SELECT md5(i::text) AS k FROM generate_series(1, $2::int) i) AS people`,
		`INSERT INTO assignments (user_id, license_id, org_id, state, changed_at)
		 SELECT id, 'E1', org_id, 'active', now() FROM users
		 WHERE org_id = $1 AND kind = 'external' AND $2::int > 0`,
		`INSERT INTO grants (license_id, user_id, role, origin, effective, granted_at)
		 SELECT 'E1', id, r, 'admin', true, now()
		 FROM users, unnest(ARRAY['benefits_reader', 'product_keys_reader']) r
		 WHERE org_id = $1 AND kind = 'external' AND $2::int > 0`,
	} {
		if _, err := db.Exec(q, s.Org, n); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := db.Exec(`ANALYZE`); err != nil {
		b.Fatal(err)
	}
}
