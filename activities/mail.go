package activities

import (
	"fmt"

	"vlroles/licensing"
	"vlroles/templates"
)

// letter renders a job.
func (a *Mails) letter(j licensing.MailJob) (Message, error) {
	m, err := a.render(j)
	if err != nil {
		return Message{}, fmt.Errorf("render mail of kind %s: %w", j.Kind, err)
	}
	return Message{ID: string(j.ID) + "@" + a.MailDomain, To: string(j.To), ToName: j.Name, Subject: m.Subject, Text: m.Text, HTML: m.HTML}, nil
}

func (a *Mails) render(j licensing.MailJob) (templates.Mail, error) {
	common := templates.Common{Name: j.Name, Organization: j.Organization, Support: a.Policy.Support}
	switch j.Kind {
	case licensing.MailWelcome, licensing.MailReminder:
		token, err := a.Links.Token(j.Invitation, j.Generation, j.KeyID)
		if err != nil {
			return templates.Mail{}, err
		}
		w := templates.Welcome{Common: common, Link: a.LinkBase + token, Expires: j.Expires, InviteFor: j.InviteFor, Forwardable: j.Forwardable, Access: access(j.Access), Propagation: a.Policy.Propagation}
		if j.Kind == licensing.MailReminder {
			return templates.Reminder{Welcome: w}.Mail()
		}
		return w.Mail()
	case licensing.MailRegistered:
		return templates.Registered{Common: common, Portal: a.Portal, Access: access(j.Access)}.Mail()
	case licensing.MailChanges:
		return templates.Changes{Common: common, Portal: a.Portal, Changes: changes(j.Changes)}.Mail()
	case licensing.MailConfirmation:
		return templates.Confirmation{Common: common, Request: j.Request, Portal: a.Portal, People: confirmed(j.People)}.Mail()
	case licensing.MailExpired:
		return templates.Expired{Common: common, Person: j.Person, Email: j.PersonEmail, Access: access(j.Access), Portal: a.Portal}.Mail()
	case licensing.MailForwarded:
		return templates.Forwarded{Common: common, Licenses: licenses(j.Access)}.Mail()
	case licensing.MailHandOver:
		return templates.HandOver{Common: common, Licenses: licenses(j.Access), Portal: a.Portal}.Mail()
	}
	return templates.Mail{}, fmt.Errorf("no template for mails of kind %q", j.Kind)
}

func licenses(in []licensing.AccessEntry) []licensing.LicenseID {
	out := make([]licensing.LicenseID, len(in))
	for n, e := range in {
		out[n] = e.License
	}
	return out
}

func access(in []licensing.AccessEntry) []templates.Access {
	out := make([]templates.Access, len(in))
	for n, e := range in {
		out[n] = templates.Access{License: e.License, Roles: e.Roles, DueAt: e.DueAt}
	}
	return out
}

func changes(in []licensing.Verdict) []templates.Change {
	out := make([]templates.Change, len(in))
	for n, v := range in {
		out[n] = templates.Change{License: v.License, Added: v.Added, Removed: v.Removed, DueAt: v.DueAt}
	}
	return out
}

func confirmed(in []licensing.ConfirmedPerson) []templates.ConfirmedPerson {
	out := make([]templates.ConfirmedPerson, len(in))
	for n, p := range in {
		out[n] = templates.ConfirmedPerson{Name: p.Name, Email: p.Email, Verdicts: p.Verdict.Verdicts, Updated: p.Verdict.Updated}
		if p.Verdict.Error != nil {
			out[n].Refused = p.Verdict.Error.Error()
		}
	}
	return out
}
