//go:build faults

package faults

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/store/rows"
	"vlroles/worker/engine/enginetest"
	"vlroles/workflows"
)

// oracle compares what was answered with rows, runs and mails.
type oracle struct {
	*enginetest.Env
	answered *answers
}

// invariants are questions whose answer is no row, whatever happened.
var invariants = map[string]string{
	"a person has two open invitations": `
		SELECT user_id FROM invitations WHERE state NOT IN ('accepted', 'cancelled')
		GROUP BY user_id HAVING count(*) > 1`,
	"Administrator and Invoice Reader (R19)": `
		SELECT g.user_id FROM grants g JOIN grants i ON i.user_id = g.user_id AND i.license_id = g.license_id
		WHERE g.role = 'administrator' AND i.role = 'invoice_reader'`,
	"a grant without an assignment": `
		SELECT g.user_id FROM grants g
		LEFT JOIN assignments a ON a.user_id = g.user_id AND a.license_id = g.license_id
		WHERE a.user_id IS NULL`,
	"an effective grant of somebody who has not registered": `
		SELECT g.user_id FROM grants g JOIN users u ON u.id = g.user_id
		WHERE g.effective AND u.registered_at IS NULL`,
	"an active assignment whose role isn't effective": `
		SELECT g.user_id FROM grants g
		JOIN assignments a ON a.user_id = g.user_id AND a.license_id = g.license_id
		WHERE a.state = 'active' AND NOT g.effective`,
	"a pending assignment of somebody who has registered": `
		SELECT a.user_id FROM assignments a JOIN users u ON u.id = a.user_id
		WHERE a.state = 'pending' AND u.registered_at IS NOT NULL`,
	"an assignment that waits for nobody: pending without an invitation": `
		SELECT a.user_id FROM assignments a
		WHERE a.state = 'pending' AND NOT EXISTS (
			SELECT 1 FROM invitations i
			WHERE i.user_id = a.user_id AND i.state NOT IN ('accepted', 'cancelled'))`,
	"an assignment still in progress": `SELECT user_id FROM assignments WHERE state = 'propagating'`,
	"a mail that isn't settled":       `SELECT id FROM mails WHERE state IN ('queued', 'sending', 'deferred')`,
	"a License ID without its last admin": `
		SELECT a.license_id FROM agreements a WHERE NOT EXISTS (
			SELECT 1 FROM grants g WHERE g.license_id = a.license_id AND g.role = 'administrator' AND g.effective)`,
}

// strings returns one column.
func (o *oracle) strings(query string, args ...any) ([]string, error) {
	var out []string
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := o.Rows.Reader().Read(ctx, "ask", func(q *rows.Query) error { return q.All(&out, query, args...) })
	return out, err
}

// faults are all differences, as sentences.
func (o *oracle) faults() []string {
	var out []string
	note := func(err error) {
		if err != nil {
			out = append(out, err.Error())
		}
	}
	for what, query := range invariants {
		found, err := o.strings(query)
		note(err)
		for _, id := range found {
			out = append(out, what+": "+id)
		}
	}
	runs, err := o.openRuns()
	note(err)
	waiting, err := o.strings(`SELECT user_id FROM invitations WHERE state IN ('open', 'failed')`)
	note(err)
	out = append(out, compareRuns(runs, waiting)...)
	audited, err := o.strings(`SELECT DISTINCT request_id FROM audit WHERE request_id IS NOT NULL`)
	note(err)
	out = append(out, o.answered.unaudited(audited)...)
	sort.Strings(out)
	return out
}

// compareRuns finds runs that wait for nothing, and invitations whose end nobody waits for.
func compareRuns(runs map[string]int, waiting []string) []string {
	var out []string
	wanted := map[string]bool{}
	for _, u := range waiting {
		id := workflows.InvitationID(licensing.UserID(u))
		wanted[id] = true
		if runs[id] == 0 {
			out = append(out, "an invitation is open and no run waits for it: "+id)
		}
	}
	for id := range runs {
		if !wanted[id] && !strings.Contains(id, "keeper") && id != workflows.CompareID {
			out = append(out, "a run waits for nothing: "+id)
		}
	}
	return out
}

// openRuns are the ids of the runs that are going on.
func (o *oracle) openRuns() (map[string]int, error) {
	out := map[string]int{}
	var page []byte
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		r, err := o.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: `ExecutionStatus = "Running"`, NextPageToken: page,
		})
		cancel()
		if err != nil {
			return nil, err
		}
		for _, e := range r.Executions {
			out[e.Execution.WorkflowId]++
		}
		if page = r.NextPageToken; len(page) == 0 {
			return out, nil
		}
	}
}

// settle waits until there is no difference any more, and fails with those that stay.
func (o *oracle) settle(t *testing.T, within time.Duration, more func() []string) {
	t.Helper()
	end, begun := time.Now().Add(within), time.Now()
	for {
		found := append(o.faults(), more()...)
		if len(found) == 0 {
			t.Logf("all is as it was answered, %s after the load", time.Since(begun).Round(time.Second))
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d differences after %s:\n%s", len(found), within, few(found))
		}
		time.Sleep(500 * time.Millisecond)
	}
}

func few(all []string) string {
	const most = 60
	if len(all) > most {
		return strings.Join(all[:most], "\n") + fmt.Sprintf("\n… and %d more", len(all)-most)
	}
	return strings.Join(all, "\n")
}

// doubled counts the mails that came more than once, and finds those that the ledger doesn't know.
func (o *oracle) doubled(t *testing.T) {
	t.Helper()
	ids, err := o.strings(`SELECT id FROM mails`)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, id := range ids {
		known[id] = true
	}
	seen, again := map[string]int{}, 0
	for _, m := range o.Mailbox.Messages() {
		if seen[m.ID]++; seen[m.ID] > 1 {
			again++
		}
		if id, _, _ := strings.Cut(strings.Trim(m.ID, "<>"), "@"); !known[id] {
			t.Errorf("a %s mail came that is in no ledger: %s", enginetest.Kind(m), m.ID)
		}
	}
	t.Logf("%d mails, %d of them once more with the same Message-ID", len(seen), again)
}

// linkOf is the newest generation whose mail has come to a person, and its registration.
func linkOf(e *enginetest.Env, to licensing.Email) (r licensing.Registration, found bool) {
	for _, m := range e.Mailbox.To(string(to)) {
		if kind := enginetest.Kind(m); kind != "welcome" && kind != "reminder" {
			continue
		}
		if one := registration(e, m, to); one.Generation > r.Generation || one.Invitation != r.Invitation {
			r, found = one, true
		}
	}
	return r, found
}

func registration(e *enginetest.Env, m rig.Message, to licensing.Email) licensing.Registration {
	return e.Registration(m, to)
}
