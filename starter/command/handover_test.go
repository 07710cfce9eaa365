package command_test

import (
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"vlroles/licensing"
	"vlroles/workflows"
)

func userID(s string) licensing.UserID { return licensing.UserID(s) }

func TestR30_R31_AHandOverFromItsStartToItsEnd(t *testing.T) {
	s := newShell(t)
	id := s.value("handover start --as alex@in --to dana@in --license $A", "view.id")
	if text := s.mail("dana@in", "handover", 1).Text; !strings.Contains(text, "Hand-over: "+id) {
		t.Errorf("the mail doesn't name the hand-over %s:\n%s", id, text)
	}
	s.check([]call{
		{name: "both see it", args: "handover list --as dana@in",
			want: []string{"Hand-over " + id, "open, 0 of 1 License IDs", "$A",
				"from Alex Wilber <alex@in> to Dana Swope <dana@in>"}},
		{name: "nobody agrees in the successor's place", args: "handover agree --as alex@in --id " + id,
			code: 3, want: []string{"R43"}},
		{name: "the successor agrees", args: "handover agree --as dana@in --id " + id,
			want: []string{"agreed, 0 of 1 License IDs handed over"}},
	})
	s.until("done", "handover list --as alex@in")
	s.check([]call{
		{name: "the list is JSON on request", args: "handover list --as alex@in -o json",
			json: map[string]string{"#": "1", "0.lines.0.state": "done"}},
		{name: "the old admin has lost the role",
			args: "access --user alex@in --license $A --may view_orders", code: 3, want: []string{"no: "}},
		{name: "what has ended can't be canceled", args: "handover cancel --as alex@in --id " + id, code: 3},
	})
}

func TestAHandOverIsRefusedOrCanceled(t *testing.T) {
	s := newShell(t)
	const to = "handover start --as alex@in --to kim@out "
	s.check([]call{
		{name: "a new person is invited", args: to + "--name Kim --license $A,$B",
			want: []string{"kim@out · $A: invited, added Administrator", "Hand-over ",
				"open, 0 of 2 License IDs", "LICENSE ID"}},
		{name: "what the caller doesn't administer is refused",
			args: "handover start --as dana@in --to noor@in --license $A", code: 3, want: []string{"R"}},
		{name: "no License ID is wrong input", args: to + "--name Kim", code: 2, want: []string{"license"}},
		{name: "an unknown hand-over is refused", args: "handover cancel --as alex@in --id nothing", code: 3,
			want: []string{"no such hand-over"}},
	})
	id := s.value("handover list --as alex@in", "0.id")
	s.check([]call{
		{name: "who isn't registered can't agree", args: "handover agree --as kim@out --org $ORG --id " + id,
			code: 3, want: []string{"R30"}},
		{name: "the old admin cancels", args: "handover cancel --as alex@in -o json --id " + id,
			json: map[string]string{"state": "cancelled"}},
	})
}

func TestR32_R80_AHandOverWhoseSuccessorWasDeletedIsOver(t *testing.T) {
	s := newShell(t)
	id := s.value("handover start --as alex@in --to kim@out --name Kim --license $A", "view.id")
	s.check([]call{
		{name: "delete", args: "delete --as alex@in --user kim@out", want: []string{"$A"}},
		{name: "the list says so", args: "handover list --as alex@in",
			want: []string{id + ": done, 0 of 1", "refused", "isn't Administrator on License ID $A any more"}},
		{name: "what is over can't be canceled", args: "handover cancel --as alex@in --id " + id, code: 3},
	})
	run, err := client.Dial(client.Options{HostPort: s.stack.Config.TemporalAddress})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		d, err := run.DescribeWorkflowExecution(t.Context(), workflows.HandOverID(licensing.RequestID(id)), "")
		if err == nil && d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the run of the hand-over goes on: %v", err)
		}
	}
}

func TestAHandOverThatIsRefusedInPartHasTheCodeOfARefusal(t *testing.T) {
	s := newShell(t)
	s.check([]call{
		{name: "what is refused in part has the code of a refusal",
			args: "handover start --as alex@in --to noor@in --license $P,$D", code: 3,
			want: []string{"noor@in · $P: invited", "noor@in · $D: refused"}},
	})
}
