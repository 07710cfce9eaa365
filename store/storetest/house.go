package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/rows"
	"vlroles/store/views"
)

// House is an organization with agreements and the people who are known from the start. Its time is Now,
// which a test moves. What it does has to succeed, or the test ends.
type House struct {
	testing.TB
	*views.Views
	Org licensing.OrgID
	Now time.Time

	rows   *rows.Reader
	writer func(time.Time) Writer
}

// Empty is an organization of its own, without anything, in the database that the reader reads.
func Empty(t testing.TB, r *rows.Reader, writer func(time.Time) Writer) *House {
	h := &House{TB: t, Org: licensing.OrgID(uuid.NewString()), Now: Start, rows: r, writer: writer}
	h.Views = views.New(r.At(func() time.Time { return h.Now }))
	return h
}

// New takes in Contoso: ada administers M1 and A1, grace A2 and B1, both registered and in the directory.
func New(t testing.TB, r *rows.Reader, writer func(time.Time) Writer) *House {
	t.Helper()
	h := Empty(t, r, writer)
	admin := func(who, name string) []licensing.ContractAdministrator {
		return []licensing.ContractAdministrator{
			{SignIn: licensing.Email(who + "@contoso.example"), Name: name, Registered: Start.Add(-Day)}}
	}
	ada, grace := admin("ada", "Ada"), admin("grace", "Grace")
	processed := Start.Add(-30 * Day)
	h.TakeIn(licensing.Intake{
		Name: "Contoso", Domains: []string{"contoso.example"},
		Directory: []licensing.DirectoryPerson{
			{ObjectID: "o-ada", Email: "ada@contoso.example", Name: "Ada Lovelace"},
			{ObjectID: "o-grace", Email: "grace@contoso.example", Name: "Grace Hopper"},
			Leo,
		},
		Agreements: []licensing.ContractAgreement{
			{License: M1, Program: "MBSA", ProcessedAt: processed, Administrators: ada},
			{License: A1, Program: "MPSA", ProcessedAt: processed, Administrators: ada},
			{License: A2, Program: "MPSA", ProcessedAt: processed, Administrators: grace},
			{License: B1, Program: "Enterprise Agreement", Parent: M1, ProcessedAt: processed,
				Administrators: grace},
		},
	})
	return h
}

// Write is the store at the house's time.
func (h *House) Write() Writer { return h.writer(h.Now) }

// TakeIn takes in what is known of the organization.
func (h *House) TakeIn(in licensing.Intake) licensing.IntakeAnswer {
	h.Helper()
	in.ID, in.Org = Request(), h.Org
	return Must[licensing.IntakeAnswer](h.TB)(h.Write().Apply(h.Context(), in))
}

// Puts takes in one agreement of a partner.
func (h *House) Puts(a licensing.ContractAgreement) licensing.IntakeAnswer {
	h.Helper()
	put := licensing.AgreementPut{ID: Request(), Org: h.Org, Agreement: a}
	return Must[licensing.IntakeAnswer](h.TB)(h.Write().PutAgreement(h.Context(), put))
}

// Replaces puts a contact in the place of another on some License IDs.
func (h *House) Replaces(c licensing.Contact, on ...licensing.LicenseID) licensing.IntakeAnswer {
	h.Helper()
	change := licensing.ContactChange{ID: Request(), Org: h.Org, Contact: c, Licenses: on}
	return Must[licensing.IntakeAnswer](h.TB)(h.Write().ChangeContact(h.Context(), change))
}

// Hears takes in what the directory says.
func (h *House) Hears(people ...licensing.DirectoryPerson) licensing.DirectoryAnswer {
	h.Helper()
	change := licensing.DirectoryChange{ID: Request(), Org: h.Org, People: people}
	return Must[licensing.DirectoryAnswer](h.TB)(h.Write().Directory(h.Context(), change))
}

// Leaves takes a person out of the tenant, or back in.
func (h *House) Leaves(object licensing.ObjectID, email licensing.Email, name string, left bool) {
	h.Helper()
	p := licensing.DirectoryPerson{ObjectID: object, Email: email, Name: name, Left: left}
	h.TakeIn(licensing.Intake{Name: "Contoso", Directory: []licensing.DirectoryPerson{p}})
}

// ID finds a user by the part of the sign-in email before contoso.example, or by the whole of it.
func (h *House) ID(who string) licensing.UserID {
	h.Helper()
	e := licensing.Email(who)
	if e.Domain() == e.Key() {
		e = licensing.Email(who + "@contoso.example")
	}
	id, err := h.UserBySignIn(h.Context(), h.Org, e)
	if err != nil {
		h.Fatalf("%s: %v", who, err)
	}
	return id
}

// save saves as an admin. Whom the admin doesn't see, and so has no id of, is named by the sign-in email.
func (h *House) save(admin string, people []licensing.PersonChange) (licensing.SaveAnswer, error) {
	h.Helper()
	sv := licensing.Save{ID: Request(), Org: h.Org, Admin: h.ID(admin)}
	for _, p := range people {
		var email []licensing.Email
		if rows.IDs(string(p.User)) {
			h.Select(&email, `SELECT sign_in_email FROM users WHERE id = ?`, p.User)
		}
		if len(email) == 1 && len(p.Access) > 0 {
			if _, err := h.FindUser(h.Context(), h.Org, sv.Admin, email[0]); err != nil {
				p.User, p.SignIn = "", email[0]
			}
		}
		sv.People = append(sv.People, p)
	}
	return h.Write().Save(h.Context(), sv)
}

// TryChange saves as an admin, whatever the verdicts.
func (h *House) TryChange(admin string, people ...licensing.PersonChange) licensing.SaveAnswer {
	h.Helper()
	return Must[licensing.SaveAnswer](h.TB)(h.save(admin, people))
}

// Change saves as an admin, and expects every verdict to be accepted.
func (h *House) Change(admin string, people ...licensing.PersonChange) licensing.SaveAnswer {
	h.Helper()
	out := h.TryChange(admin, people...)
	for n, p := range out.People {
		if p.Error != nil {
			h.Fatalf("people[%d]: %v", n, p.Error)
		}
		for _, v := range p.Verdicts {
			if v.Error != nil {
				h.Fatalf("people[%d], %s: %v", n, v.License, v.Error)
			}
		}
	}
	return out
}

// Verdict saves one change of one person and returns its verdict. It is refused as the whole request is.
func (h *House) Verdict(admin string, p licensing.PersonChange) licensing.Verdict {
	h.Helper()
	answer, err := h.save(admin, []licensing.PersonChange{p})
	if e := licensing.RefusalOf(err); e != nil {
		return licensing.Verdict{Outcome: licensing.Refused, Error: e}
	}
	out := Must[licensing.SaveAnswer](h.TB)(answer, err).People[0]
	if out.Error != nil {
		return licensing.Verdict{Outcome: licensing.Refused, Error: out.Error}
	}
	return out.Verdicts[0]
}

// Invite saves one external person with roles and returns the user.
func (h *House) Invite(admin, name string, access ...licensing.AccessChange) licensing.UserID {
	h.Helper()
	return h.Change(admin, External(name, access...)).People[0].User
}

// Invitation is where the user's newest invitation stands.
func (h *House) Invitation(user licensing.UserID) licensing.InvitationStatus {
	h.Helper()
	return Must[licensing.InvitationStatus](h.TB)(h.InvitationStatusOf(h.Context(), h.Org, user))
}

// WelcomeMail is the id of the welcome mail of a user's first sending.
func (h *House) WelcomeMail(user licensing.UserID) licensing.MailID {
	h.Helper()
	s := h.Invitation(user).Run
	id := string(licensing.InvitationChange(s.Invitation, s.Generation)) + "."
	if l := h.Link(s.Invitation); l != licensing.OwnLink {
		id += string(l) + "."
	}
	return licensing.MailID(id + "welcome")
}

// Registers accepts the user's invitation as the addressee.
func (h *House) Registers(user licensing.UserID, email licensing.Email) licensing.Registered {
	h.Helper()
	s := h.Invitation(user).Run
	return Must[licensing.Registered](h.TB)(h.Write().Register(h.Context(), licensing.Registration{
		Request: Request(), Invitation: s.Invitation, Generation: s.Generation, Link: h.Link(s.Invitation),
		Identity: h.SignsIn(email),
	}))
}

// SignsIn is the identity of who signs in with an address: with the object id that the directory has for it.
func (h *House) SignsIn(email licensing.Email) licensing.Identity {
	h.Helper()
	who := licensing.Identity{Email: email}
	var found []licensing.ObjectID
	h.Select(&found, `SELECT object_id FROM directory_people WHERE org_id = ? AND email_key = ? AND present`, h.Org,
		email.Key())
	if len(found) > 0 {
		who.ObjectID = found[0]
	}
	return who
}

// Link is the link of an invitation that went to an address on a contract, where there is one, else the
// addressee's own.
func (h *House) Link(i licensing.InvitationID) licensing.Link {
	h.Helper()
	var found []licensing.Email
	h.Select(&found, `
		SELECT address
		FROM mails
		WHERE invitation_id = ? AND kind = 'welcome' AND address IS NOT NULL
		ORDER BY queued_at DESC, id
		LIMIT 1`, i)
	if len(found) > 0 {
		return licensing.ContractLink(i, found[0])
	}
	return licensing.OwnLink
}

// Activates makes everything effective that a registration put in progress.
func (h *House) Activates(r licensing.Registered) {
	h.Helper()
	for _, due := range r.Propagation.Dues {
		change := r.Propagation.Change
		Must[int](h.TB)(h.writer(due).Activate(h.Context(), r.User, change, due))
	}
}

// ActivatesChange settles what is in progress for a user on a License ID.
func (h *House) ActivatesChange(u licensing.UserID, l licensing.LicenseID) {
	h.Helper()
	change := licensing.ChangeID(h.ChangeOf(u, l))
	Must[int](h.TB)(h.Write().Activate(h.Context(), u, change, h.Now.Add(Day)))
}

// Joins registers an invited person of fabrikam.example, and makes everything effective.
func (h *House) Joins(name string) licensing.UserID {
	h.Helper()
	u := h.ID(name + "@fabrikam.example")
	h.Activates(h.Registers(u, licensing.Email(name+"@fabrikam.example")))
	return u
}

// Member is an external person who has registered and whose roles are effective.
func (h *House) Member(admin, name string, access ...licensing.AccessChange) licensing.UserID {
	h.Helper()
	h.Invite(admin, name, access...)
	return h.Joins(name)
}

// Command is what an admin asks for a user.
func (h *House) Command(admin string, user licensing.UserID) licensing.Command {
	h.Helper()
	return licensing.Command{Request: Request(), Org: h.Org, User: user, By: h.ID(admin)}
}

// Deletes deletes a user as an admin.
func (h *House) Deletes(admin string, u licensing.UserID) licensing.Deletion {
	h.Helper()
	return Must[licensing.Deletion](h.TB)(h.Write().Delete(h.Context(), h.Command(admin, u)))
}

// Prefers sets a preference.
func (h *House) Prefers(u licensing.UserID, l licensing.LicenseID, inherit bool) licensing.PreferenceAnswer {
	h.Helper()
	c := licensing.PreferenceChange{Request: Request(), Org: h.Org, User: u, License: l, Inherit: inherit}
	return Must[licensing.PreferenceAnswer](h.TB)(h.Write().SetPreference(h.Context(), c))
}

// Claims takes a mail for one attempt to send it.
func (h *House) Claims(id licensing.MailID) licensing.MailLease {
	h.Helper()
	return Must[licensing.MailLease](h.TB)(h.Write().ClaimMail(h.Context(), id, Lease))
}

// Settles records the outcome of an attempt.
func (h *House) Settles(id licensing.MailID, attempt int, outcome licensing.Settlement) {
	h.Helper()
	if err := h.Write().SettleMail(h.Context(), id, attempt, outcome); err != nil {
		h.Fatal(err)
	}
}

// Get reads one value from the rows.
func (h *House) Get(dest any, query string, args ...any) {
	h.Helper()
	err := h.rows.Read(h.Context(), "read", func(q *rows.Query) error { return q.Get(dest, query, args...) })
	if err != nil {
		h.Fatal(err)
	}
}

// Select reads all values from the rows.
func (h *House) Select(dest any, query string, args ...any) {
	h.Helper()
	err := h.rows.Read(h.Context(), "read", func(q *rows.Query) error { return q.All(dest, query, args...) })
	if err != nil {
		h.Fatal(err)
	}
}

// Count counts rows.
func (h *House) Count(query string, args ...any) (n int) {
	h.Helper()
	h.Get(&n, query, args...)
	return n
}

// Held returns a user's roles on a License ID, those that wait with a question mark.
func (h *House) Held(u licensing.UserID, l licensing.LicenseID) string {
	h.Helper()
	var grants []rows.Grant
	h.Select(&grants, `
		SELECT role, effective
		FROM grants
		WHERE user_id = ? AND license_id = ?
		ORDER BY role`, u, l)
	var out []string
	for _, g := range grants {
		name := string(g.Role)
		if !g.Effective {
			name += "?"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// ChangeOf is the change that is in progress for a user on a License ID, "" for none.
func (h *House) ChangeOf(u licensing.UserID, l licensing.LicenseID) string {
	h.Helper()
	var change rows.NullString
	h.Get(&change, `SELECT change_id FROM assignments WHERE user_id = ? AND license_id = ?`, u, l)
	return string(change)
}
