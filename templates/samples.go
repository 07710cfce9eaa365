package templates

import (
	"time"

	"vlroles/licensing"
)

// sampleTime is the present of every sample.
var sampleTime = time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)

const sampleSupport = "licensing-help@contoso.example"

func sampleTo(kind licensing.MailKind, to licensing.Email, name string) licensing.MailJob {
	return licensing.MailJob{Kind: kind, To: to, Name: name, Organization: "Contoso Ltd"}
}

func sampleAccess() []licensing.AccessEntry {
	return []licensing.AccessEntry{
		{License: "CT-100", Roles: []licensing.Role{licensing.Administrator}},
		{License: "EA-2026-00417", Roles: []licensing.Role{
			licensing.ProductKeysReader, licensing.LicensePositionReader}},
	}
}

func sampleWelcome() licensing.MailJob {
	j := sampleTo(licensing.MailWelcome, "ada.lovelace@contoso.example", "Ada Lovelace")
	j.Invitation, j.Generation, j.KeyID = "6f1d2a30-8d0e-4f0b-9c55-2f6f6f1f8a11", 1, "k1"
	j.Expires, j.Access = sampleTime.Add(30*24*time.Hour), sampleAccess()
	j.SignIn = "ada@contoso.onmicrosoft.example"
	return j
}

func sampleReminder() licensing.MailJob {
	j := sampleWelcome()
	j.Kind, j.Forwardable, j.Left = licensing.MailReminder, true, 3*24*time.Hour-20*time.Second
	return j
}

func sampleRegistered() licensing.MailJob {
	j := sampleTo(licensing.MailRegistered, "ada.lovelace@contoso.example", "Ada Lovelace")
	j.Access = append(sampleAccess(), licensing.AccessEntry{
		License: "EA-2026-00418", Roles: []licensing.Role{licensing.InvoiceReader}})
	j.Access[0].DueAt, j.Access[1].DueAt = sampleTime.Add(2*time.Hour), sampleTime.Add(10*time.Hour)
	return j
}

func sampleChanges() licensing.MailJob {
	j := sampleTo(licensing.MailChanges, "ada.lovelace@contoso.example", "Ada Lovelace")
	j.Changes = []licensing.Verdict{
		{License: "CT-100", Removed: []licensing.Role{licensing.Administrator}},
		{License: "EA-2026-00417",
			Added:   []licensing.Role{licensing.BenefitsReader, licensing.OnlineServicesManager},
			Removed: []licensing.Role{licensing.ProductKeysReader}, DueAt: sampleTime.Add(2 * time.Hour)},
		{License: "EA-2026-00418", Added: []licensing.Role{licensing.InvoiceReader}},
	}
	return j
}

func sampleConfirmation() licensing.MailJob {
	j := sampleTo(licensing.MailConfirmation, "grace.hopper@contoso.example", "Grace Hopper")
	j.Request = "0d9c2a4e-2a3c-4c0f-8d59-6a1f4ad1c0de"
	add := func(name string, email licensing.Email, v licensing.PersonVerdict) {
		j.People = append(j.People, licensing.ConfirmedPerson{Name: name, Email: email, Verdict: v})
	}
	add("Ada Lovelace", "ada@contoso.example", licensing.PersonVerdict{Verdicts: []licensing.Verdict{
		{License: "CT-100", Outcome: licensing.Invited, Added: []licensing.Role{licensing.Administrator}},
		{License: "EA-2026-00417", Outcome: licensing.Joined,
			Added: []licensing.Role{licensing.ProductKeysReader}},
	}})
	locked := licensing.Refuse(licensing.Locked, "R52",
		"an assignment is in progress: you can edit it after 10:30 UTC")
	add("Katherine Johnson", "katherine@contoso.example",
		licensing.PersonVerdict{Verdicts: []licensing.Verdict{
			{License: "CT-100", Outcome: licensing.Assigned,
				Added:   []licensing.Role{licensing.BenefitsReader},
				Removed: []licensing.Role{licensing.ProductKeysReader}, DueAt: sampleTime.Add(2 * time.Hour)},
			sampleRefusal("EA-2026-00417", licensing.StatusAssignmentInProgress, locked),
		}})
	add("Mary Jackson", "mary@contoso.example", licensing.PersonVerdict{Verdicts: []licensing.Verdict{
		{License: "CT-100", Outcome: licensing.Changed, Removed: []licensing.Role{licensing.Administrator}},
		{License: "EA-2026-00417", Outcome: licensing.Unchanged, After: licensing.StatusActive},
	}})
	add("Dorothy Vaughan", "dorothy@fabrikam.example", licensing.PersonVerdict{
		Error: licensing.Refuse(licensing.Invalid, "R44", "enter the full name").In("people[3].name")})
	add("Annie Easley", "annie@contoso.example", licensing.PersonVerdict{Updated: true})
	failed := sampleRefusal("CT-100", licensing.StatusFailed, licensing.Refuse(licensing.Conflict, "R33",
		"License ID CT-100 would have no active admin: make another person Administrator first"))
	failed.Before, failed.Reference = licensing.StatusFailed, "4f1c9a"
	failed.Advice = "This failed 3 times. Contact " + sampleSupport + " and quote the reference."
	add("Melba Roy", "melba@contoso.example", licensing.PersonVerdict{Verdicts: []licensing.Verdict{failed}})
	return j
}

func sampleRefusal(l licensing.LicenseID, status licensing.Status, why *licensing.Error) licensing.Verdict {
	return licensing.Verdict{License: l, Outcome: licensing.Refused, After: status, Error: why}
}

// sampleExpired is about a person whose sign-in email is not the business email to which the invitation went.
func sampleExpired() licensing.MailJob {
	j := sampleTo(licensing.MailExpired, "grace.hopper@contoso.example", "Grace Hopper")
	j.Person, j.PersonEmail, j.Access = "Ada Lovelace", "ada@contoso.onmicrosoft.example", sampleAccess()
	return j
}

func sampleForwarded() licensing.MailJob {
	j := sampleTo(licensing.MailForwarded, "ada.lovelace@contoso.example", "Ada Lovelace")
	j.Access = []licensing.AccessEntry{{License: "CT-100"}, {License: "CT-200"}}
	return j
}

func sampleHandOver() licensing.MailJob {
	j := sampleTo(licensing.MailHandOver, "ada.lovelace@contoso.example", "Ada Lovelace")
	j.Request = "0d9c2a4e-2a3c-4c0f-8d59-6a1f4ad1c0de"
	j.Access = []licensing.AccessEntry{{License: "CT-100"}, {License: "CT-200"}}
	return j
}
