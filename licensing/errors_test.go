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

func TestAFieldIsPutBeforeARefusalAndNothingElse(t *testing.T) {
	fault := errors.New("disk full")
	for _, c := range []struct {
		name      string
		err, want error
	}{
		{"nothing stays nothing", nil, nil},
		{"a fault stays as it is", fault, fault},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := in("people[3]", c.err); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
	t.Run("a refusal names both fields, also where it is wrapped", func(t *testing.T) {
		err := in("people[3]", fmt.Errorf("read: %w", Refuse(Invalid, "R66", "no address").In("email")))
		if e := refusal(t, err, Invalid, "R66"); e.Field != "people[3].email" {
			t.Errorf("field %q", e.Field)
		}
	})
}

func TestWhatIsPermittedIsANilError(t *testing.T) {
	primary := Naming{License: licenseA, As: []ContactKind{PrimaryContact}, Umbrella: true}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"pasting", MayPaste(RoleSource{License: licenseA}, held(BenefitsReader), true, false)},
		{"taking in an agreement that is known", MayTakeIn(ContractAgreement{}, true)},
		{"setting a preference", MaySetPreference(registered, primary, true)},
		{"handing over", MayHandOver(licenseA, true, false)},
		{"agreeing", MayAgree(HandOverOpen, true, registered)},
		{"seating", MayAppoint(licenseA, true, 0)},
		{"comparing", MayCompare(100, 1)},
		{"inviting", MayInvite(unregistered)},
		{"re-checking", MayRecheck(absent, true, false)},
		{"reading a contact", (&Contact{Kind: "primary", Business: "a@x.example", Name: "A"}).check()},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.err != nil { // a nil *Error in an error would be one
				t.Errorf("refused: %#v", c.err)
			}
		})
	}
}
