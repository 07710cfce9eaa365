package demo

import (
	"errors"
	"io"
	"testing"
	"time"

	"vlroles/licensing"
)

func TestTheStoryStopsAtARefusalThatIsMissingOrAnother(t *testing.T) {
	d := &story{out: io.Discard, begun: time.Now()}
	for _, c := range []struct {
		name string
		err  error
		ok   bool
	}{
		{"the refusal that was expected", licensing.Refuse(licensing.Gone, "R29", "used"), true},
		{"another refusal", licensing.Refuse(licensing.Gone, "R58", "replaced"), false},
		{"a fault", errors.New("R29"), false},
		{"no refusal", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := d.expectRefusal("kim", "selects the link again", c.err, "R29"); (err == nil) != c.ok {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}
