package templates

import (
	"fmt"
	"time"

	"vlroles/licensing"
)

// sampleTime is the present of every sample.
var sampleTime = time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)

const (
	sampleLink    = "https://licensing.contoso.example/invitation/k1.6f1d2a30-8d0e-4f0b-9c55-2f6f6f1f8a11.1.q0Zp3v6sYl9mT1bXr8uKcW2eJ5nHgD4aFoQiVtLzE7s"
	samplePortal  = "https://licensing.contoso.example/"
	sampleSupport = "licensing-help@contoso.example"
)

func sampleCommon(name string) Common {
	return Common{Name: name, Organization: "Contoso Ltd", Support: sampleSupport}
}

var sampleAccess = []Access{
	{License: "CT-100", Roles: []licensing.Role{licensing.Administrator}},
	{License: "EA-2026-00417", Roles: []licensing.Role{licensing.ProductKeysReader, licensing.LicensePositionReader}},
}

func sampleWelcome() Welcome {
	return Welcome{
		Common:      sampleCommon("Ada Lovelace"),
		Link:        sampleLink,
		Expires:     sampleTime.Add(30 * 24 * time.Hour),
		InviteFor:   30 * 24 * time.Hour,
		Access:      sampleAccess,
		Propagation: 2 * time.Hour,
	}
}

func dueAccess() []Access {
	return []Access{
		{License: "CT-100", Roles: sampleAccess[0].Roles, DueAt: sampleTime.Add(2 * time.Hour)},
		{License: "EA-2026-00417", Roles: sampleAccess[1].Roles, DueAt: sampleTime.Add(10 * time.Hour)},
		{License: "EA-2026-00418", Roles: []licensing.Role{licensing.InvoiceReader}},
	}
}

func sampleRegistered() Registered {
	return Registered{Common: sampleCommon("Ada Lovelace"), Portal: samplePortal, Access: dueAccess()}
}

func sampleChanges() Changes {
	return Changes{
		Common: sampleCommon("Ada Lovelace"),
		Portal: samplePortal,
		Changes: []Change{
			{License: "CT-100", Removed: []licensing.Role{licensing.Administrator}},
			{License: "EA-2026-00417", Added: []licensing.Role{licensing.BenefitsReader, licensing.OnlineServicesManager},
				Removed: []licensing.Role{licensing.ProductKeysReader}, DueAt: sampleTime.Add(2 * time.Hour)},
			{License: "EA-2026-00418", Added: []licensing.Role{licensing.InvoiceReader}},
		},
	}
}

func sampleConfirmation() Confirmation {
	due := sampleTime.Add(2 * time.Hour)
	return Confirmation{
		Common:  sampleCommon("Grace Hopper"),
		Request: "0d9c2a4e-2a3c-4c0f-8d59-6a1f4ad1c0de",
		Portal:  samplePortal,
		People: []ConfirmedPerson{
			{Name: "Ada Lovelace", Email: "ada@contoso.example", Verdicts: []licensing.Verdict{
				{License: "CT-100", Outcome: licensing.Invited, Added: []licensing.Role{licensing.Administrator}},
				{License: "EA-2026-00417", Outcome: licensing.Joined, Added: []licensing.Role{licensing.ProductKeysReader}},
			}},
			{Name: "Katherine Johnson", Email: "katherine@contoso.example", Verdicts: []licensing.Verdict{
				{License: "CT-100", Outcome: licensing.Assigned, Added: []licensing.Role{licensing.BenefitsReader},
					Removed: []licensing.Role{licensing.ProductKeysReader}, DueAt: due},
				{License: "EA-2026-00417", Outcome: licensing.Refused, After: licensing.AssignmentInProgress,
					Error: licensing.Refuse(licensing.Locked, "R52", "an assignment on License ID EA-2026-00417 is in progress: it can be edited from 2026-11-02 10:30 UTC on")},
			}},
			{Name: "Mary Jackson", Email: "mary@contoso.example", Verdicts: []licensing.Verdict{
				{License: "CT-100", Outcome: licensing.Changed, Removed: []licensing.Role{licensing.Administrator}},
				{License: "EA-2026-00417", Outcome: licensing.Unchanged, After: licensing.Active},
			}},
			{Name: "Dorothy Vaughan", Email: "dorothy@fabrikam.example", Refused: "the full name is missing (R44)"},
			{Name: "Annie Easley", Email: "annie@contoso.example", Updated: true},
			{Name: "Melba Roy", Email: "melba@contoso.example", Verdicts: []licensing.Verdict{
				{License: "CT-100", Outcome: licensing.Refused, Before: licensing.Failed, After: licensing.Failed,
					Error:  licensing.Refuse(licensing.Conflict, "R33", "License ID CT-100 would be left without an active admin: make somebody else admin first"),
					Advice: licensing.Advice(licensing.Failed, 3, licensing.Policy{Support: sampleSupport}), Reference: "4f1c9a"},
			}},
		},
	}
}

// manyPeople returns a save of n people, of whom every seventh is refused.
func manyPeople(n int) Confirmation {
	m := sampleConfirmation()
	m.People = nil
	for i := range n {
		p := ConfirmedPerson{Name: fmt.Sprintf("Person Number %d", i), Email: licensing.Email(fmt.Sprintf("person.%d@contoso.example", i))}
		v := licensing.Verdict{License: "CT-100", Outcome: licensing.Invited, Added: []licensing.Role{licensing.ProductKeysReader}}
		if i%7 == 0 {
			v = licensing.Verdict{License: "CT-100", Outcome: licensing.Refused,
				Error: licensing.Refuse(licensing.Forbidden, "R05", "License ID CT-100 is not one that you administer")}
		}
		p.Verdicts = []licensing.Verdict{v}
		m.People = append(m.People, p)
	}
	return m
}

func sampleExpired() Expired {
	return Expired{
		Common: sampleCommon("Grace Hopper"), Person: "Ada Lovelace", Email: "ada@contoso.example", Access: sampleAccess, Portal: samplePortal,
	}
}

func sampleForwarded() Forwarded {
	return Forwarded{Common: sampleCommon("Ada Lovelace"), Licenses: []licensing.LicenseID{"CT-100", "CT-200"}}
}

func sampleHandOver() HandOver {
	return HandOver{Common: sampleCommon("Ada Lovelace"), Licenses: []licensing.LicenseID{"CT-100", "CT-200"}, Portal: samplePortal}
}

type mailer interface{ Mail() (Mail, error) }

// samples returns one mail of each kind by name.
func samples() map[string]mailer {
	return map[string]mailer{
		"welcome":      sampleWelcome(),
		"reminder":     Reminder{sampleWelcome()},
		"registered":   sampleRegistered(),
		"changes":      sampleChanges(),
		"confirmation": sampleConfirmation(),
		"expired":      sampleExpired(),
		"forwarded":    sampleForwarded(),
		"handover":     sampleHandOver(),
	}
}
