package licensing

import "testing"

func TestR54_R75_AVerdictThatWroteSomething(t *testing.T) {
	for outcome, want := range map[Outcome]bool{Invited: true, Joined: true, Assigned: true, Changed: true,
		Unchanged: false, Refused: false} {
		if got := (PersonVerdict{Verdicts: []Verdict{{Outcome: Refused},
			{Outcome: outcome}}}).Accepted(); got != want {
			t.Errorf("%s: %t", outcome, got)
		}
	}
}
