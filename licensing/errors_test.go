package licensing

import (
	"errors"
	"fmt"
	"testing"
)

func TestErrorsSayWhatWhereAndWhichRule(t *testing.T) {
	e := Refuse(Conflict, "R33", "License ID %s would be left", "A-1")
	deep := e.In("access[0]").In("people[3]")
	for want, err := range map[string]error{
		"License ID A-1 would be left (R33)":                      e,
		"people[3].access[0]: License ID A-1 would be left (R33)": deep,
		"people: too many": Refuse(Invalid, "", "too many").In("people"),
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	if e.Field != "" {
		t.Error("In changed the error itself")
	}
	if k := KindOf(fmt.Errorf("save: %w", deep)); k != Conflict {
		t.Errorf("kind %q", k)
	}
	if KindOf(errors.New("disk full")) != "" || KindOf(nil) != "" {
		t.Error("what is no refusal has a kind")
	}
}
