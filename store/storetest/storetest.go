// Package storetest is what the tests of store and of store/views stand on: a house, which is an organization
// with agreements and people, its commands in a test's words, and what a test says of their answers. It knows
// the store by what it does, so that the store's own tests can use it. Nothing but tests may import it.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// Start is when the tests begin.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Day is what most periods are counted in.
const Day = 24 * time.Hour

// Lease is how long an attempt to send a mail holds it.
const Lease = 90 * time.Second

// The License IDs of a house: B1 stands below M1.
const (
	M1 = licensing.LicenseID("M1")
	A1 = licensing.LicenseID("A1")
	A2 = licensing.LicenseID("A2")
	B1 = licensing.LicenseID("B1")
)

// Leo is in the directory of a house, and no role was given to him.
var Leo = licensing.DirectoryPerson{ObjectID: "o-leo", Email: "leo@contoso.example", Name: "Leo Internal"}

// Policy is by what the store under test decides.
func Policy() licensing.Policy {
	p := licensing.DefaultPolicy()
	p.LinkKey = "k1"
	p.Mails = licensing.MailLimits{} // whoever tests them sets them
	return p
}

// Writer is the store at one time, as far as a house writes.
type Writer interface {
	Apply(context.Context, licensing.Intake) (licensing.IntakeAnswer, error)
	PutAgreement(context.Context, licensing.AgreementPut) (licensing.IntakeAnswer, error)
	ChangeContact(context.Context, licensing.ContactChange) (licensing.IntakeAnswer, error)
	Directory(context.Context, licensing.DirectoryChange) (licensing.DirectoryAnswer, error)
	Save(context.Context, licensing.Save) (licensing.SaveAnswer, error)
	Delete(context.Context, licensing.Command) (licensing.Deletion, error)
	SetPreference(context.Context, licensing.PreferenceChange) (licensing.PreferenceAnswer, error)
	Register(context.Context, licensing.Registration) (licensing.Registered, error)
	Activate(context.Context, licensing.UserID, licensing.ChangeID, time.Time) (int, error)
	ClaimMail(context.Context, licensing.MailID, time.Duration) (licensing.MailLease, error)
	SettleMail(context.Context, licensing.MailID, int, licensing.Settlement) error
}

// Request is the id of a new request.
func Request() licensing.RequestID { return licensing.RequestID(uuid.NewString()) }

// External is a person of fabrikam.example whom an admin adds.
func External(name string, access ...licensing.AccessChange) licensing.PersonChange {
	email := licensing.Email(name + "@fabrikam.example")
	return licensing.PersonChange{SignIn: email, Name: name, Access: access}
}

// Internal is a person of contoso.example whom an admin adds.
func Internal(name string, access ...licensing.AccessChange) licensing.PersonChange {
	return licensing.PersonChange{SignIn: licensing.Email(name + "@contoso.example"), Access: access}
}

// Edit is a change of a known user.
func Edit(u licensing.UserID, access ...licensing.AccessChange) licensing.PersonChange {
	return licensing.PersonChange{User: u, Access: access}
}

// Add is a change that gives roles.
func Add(l licensing.LicenseID, r ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Add: r}
}

// Take is a change that takes roles away.
func Take(l licensing.LicenseID, r ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Remove: r}
}

// Contact is a contact of fabrikam.example.
func Contact(kind licensing.ContactKind, name string) licensing.Contact {
	return licensing.Contact{Kind: kind, Business: licensing.Email(name + "@fabrikam.example"), Name: name}
}

// Agreement is one that was processed a month ago.
func Agreement(l, parent licensing.LicenseID, contacts ...licensing.Contact) licensing.ContractAgreement {
	return licensing.ContractAgreement{
		License: l, Program: "MPSA", Parent: parent, ProcessedAt: Start.Add(-30 * Day), Contacts: contacts,
	}
}

// Left is the person as one who has left the tenant.
func Left(p licensing.DirectoryPerson) licensing.DirectoryPerson { p.Left = true; return p }

// WantRefusal expects a refusal of the kind by the rule.
func WantRefusal(t testing.TB, err error, kind licensing.Kind, rule string) {
	t.Helper()
	var e *licensing.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Rule != rule {
		t.Fatalf("got %v, want a refusal %s by %s", err, kind, rule)
	}
}

// Must returns the value of a call that has to succeed: Must[T](t)(call()).
func Must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Equal expects one value.
func Equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Same expects what reads the same.
func Same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}
