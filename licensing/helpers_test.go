package licensing

import (
	"errors"
	"testing"
	"time"
)

// noon is the instant at which the tests happen.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// License IDs and people that the tests use.
const licenseA LicenseID = "A-100"

var (
	registered   = Person{Kind: Internal, Present: true, RegisteredAt: noon.AddDate(-1, 0, 0)}
	unregistered = Person{Kind: Internal, Present: true}
	absent       = Person{Kind: Internal, RegisteredAt: noon.AddDate(-1, 0, 0)}
	outsider     = Person{Kind: External, RegisteredAt: noon.AddDate(-1, 0, 0)}
)

// held makes effective grants that an admin gave.
func held(roles ...Role) []Grant {
	var out []Grant
	for _, r := range roles {
		out = append(out, Grant{Role: r, Origin: ByAdmin, Effective: true})
	}
	return out
}

// waiting makes grants that an admin gave and that are not effective yet.
func waiting(roles ...Role) []Grant {
	out := held(roles...)
	for i := range out {
		out[i].Effective = false
	}
	return out
}

// settled is the usual case: a registered person with these effective roles, edited by another admin of the
// License ID.
func settled(roles ...Role) Facts {
	f := Facts{
		Now: noon, Policy: DefaultPolicy(),
		Agreement:   &Agreement{License: licenseA, ProcessedAt: noon.AddDate(-2, 0, 0)},
		Administers: true, Person: registered, Invitation: InvitationAccepted, Held: held(roles...),
		OtherAdmins: 1,
	}
	if len(roles) > 0 {
		f.Assignment = AssignmentActive
	}
	return f
}

// but returns the facts with a difference.
func (f Facts) but(change func(*Facts)) Facts {
	change(&f)
	return f
}

func add(roles ...Role) AccessChange    { return AccessChange{License: licenseA, Add: roles} }
func remove(roles ...Role) AccessChange { return AccessChange{License: licenseA, Remove: roles} }

// refusal fails the test unless err is an *Error of this kind and rule, and returns it.
func refusal(t *testing.T, err error, kind Kind, rule string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e == nil {
		t.Fatalf("got %v, want a refusal of kind %s by %s", err, kind, rule)
	}
	if e.Kind != kind || e.Rule != rule {
		t.Fatalf("got a refusal of kind %s by %q (%s), want %s by %q", e.Kind, e.Rule, e.Message, kind, rule)
	}
	return e
}

// refused fails the test unless Judge refuses the change so.
func refused(t *testing.T, f Facts, c AccessChange, kind Kind, rule string) *Error {
	t.Helper()
	j, e := Judge(f, c)
	if e == nil {
		t.Fatalf("accepted as %+v, want a refusal of kind %s by %s", j, kind, rule)
	}
	return refusal(t, e, kind, rule)
}

// accepted fails the test unless Judge takes the change with this outcome and next state, and returns the
// judgement.
func accepted(t *testing.T, f Facts, c AccessChange, outcome Outcome, next AssignmentState) Judgement {
	t.Helper()
	j, e := Judge(f, c)
	if e != nil {
		t.Fatalf("refused: %v", e)
	}
	if j.Outcome != outcome || j.Next != next {
		t.Fatalf("got outcome %q and next state %q, want %q and %q", j.Outcome, j.Next, outcome, next)
	}
	return j
}
