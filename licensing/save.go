package licensing

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The bounds of one save.
const (
	MaxPeople   = 500   // people in one save
	MaxLicenses = 200   // License IDs of one person in one save
	MaxChanges  = 5_000 // (person, License ID) pairs in one save
)

// Save is one request of an admin: people × License IDs × roles (R67, R70). It is decided and stored as a whole; each
// (person, License ID) has a verdict of its own.
type Save struct {
	ID        RequestID      `json:"id"`
	Org       OrgID          `json:"org"`
	Admin     UserID         `json:"admin"` // who saves
	People    []PersonChange `json:"people"`
	InviteFor time.Duration  `json:"invite_for,omitempty"` // time to register for those who are invited; 0: the deployment's (R56)
}

// PersonChange is what a save wants for one person: an existing VL user by id, or anybody by sign-in e-mail.
type PersonChange struct {
	User     UserID         `json:"user,omitempty"`
	SignIn   Email          `json:"sign_in_email,omitempty"`
	Business Email          `json:"business_email,omitempty"` // "": the sign-in e-mail for a new person, no change for a known one
	Name     string         `json:"name,omitempty"`           // needed for a new external person (R44)
	Access   []AccessChange `json:"access,omitempty"`
}

// AccessChange adds and clears roles of one person on one License ID (R08, R20), or copies them from elsewhere. Adding what is held is
// no change; on a Failed assignment it is the new attempt (R54).
type AccessChange struct {
	License LicenseID   `json:"license_id"`
	Add     []Role      `json:"add,omitempty"`
	Remove  []Role      `json:"remove,omitempty"`
	From    *RoleSource `json:"from,omitempty"` // instead of Add and Remove
}

// RoleSource is a person's roles on a License ID, to be pasted (R72) or imported (R77) onto another one.
type RoleSource struct {
	User    UserID    `json:"user,omitempty"` // "": the person who gets them
	License LicenseID `json:"license_id"`
	Replace bool      `json:"replace,omitempty"` // paste: what the target has and the source doesn't is removed. Else import: it stays
}

// Paste works out what a copy of the source's roles adds to and removes from what is held. Bill To's Invoice Reader is
// neither copied nor overwritten (R72).
func Paste(source, held []Grant, replace bool) (add, remove []Role) {
	has := func(in []Grant, r Role) bool {
		return slices.ContainsFunc(in, func(g Grant) bool { return g.Role == r })
	}
	works := func(r Role) bool {
		return slices.ContainsFunc(held, func(g Grant) bool { return g.Role == r && (g.Effective || g.Origin == ByBillTo) })
	}
	for _, g := range source {
		if g.Origin != ByBillTo && !works(g.Role) { // what is held and isn't effective is tried again (R54, R62)
			add = append(add, g.Role)
		}
	}
	for _, g := range held {
		if replace && g.Origin != ByBillTo && !has(source, g.Role) {
			remove = append(remove, g.Role)
		}
	}
	return SortRoles(add), SortRoles(remove)
}

// MayPaste says whether roles may be copied from the source: the caller is admin of both License IDs, the source has roles
// to copy, and an import doesn't go onto a parent agreement (R72, R77).
func MayPaste(from RoleSource, source []Grant, administers, parent bool) *Error {
	switch {
	case !administers:
		return Refuse(Forbidden, "R05", "License ID %s is not one that you administer: roles can't be copied from it", from.License)
	case parent && !from.Replace:
		return Refuse(Conflict, "R77", "roles can't be imported onto a parent agreement")
	case !slices.ContainsFunc(source, func(g Grant) bool { return g.Origin != ByBillTo }):
		return Refuse(NotFound, "R72", "there are no roles on License ID %s to copy", from.License)
	}
	return nil
}

// Check reads the whole request and returns it in canonical form, or an *Error that names the first field at fault.
// It asks no database: whether the people and License IDs exist is judged at the save.
func (s Save) Check(p Policy) (Save, error) {
	if len(s.People) == 0 || len(s.People) > MaxPeople {
		return s, Refuse(Invalid, "R70", "a save has 1 to %d people, this one %d", MaxPeople, len(s.People)).In("people")
	}
	if _, err := p.InvitePeriod(s.InviteFor); err != nil {
		return s, err
	}
	people := make([]PersonChange, len(s.People))
	seen := map[string]int{}
	changes := 0
	for n, pc := range s.People {
		field := fmt.Sprintf("people[%d]", n)
		clean, err := pc.check()
		if err != nil {
			return s, err.In(field)
		}
		key := string(clean.User)
		if key == "" {
			key = clean.SignIn.Key()
		}
		if first, twice := seen[key]; twice {
			return s, Refuse(Invalid, "R66", "the same person stands at people[%d] already", first).In(field)
		}
		seen[key] = n
		people[n] = clean
		changes += len(clean.Access)
	}
	if changes > MaxChanges {
		return s, Refuse(Invalid, "R70", "a save has at most %d changes (people × License IDs), this one %d", MaxChanges, changes).In("people")
	}
	s.People = people
	return s, nil
}

func (pc PersonChange) check() (PersonChange, *Error) {
	if (pc.User == "") == (pc.SignIn == "") {
		return pc, Refuse(Invalid, "R66", "give the user's id or the sign-in e-mail, one of the two").In("sign_in_email")
	}
	for _, f := range []struct {
		name  string
		email *Email
	}{{"sign_in_email", &pc.SignIn}, {"business_email", &pc.Business}} {
		if *f.email == "" {
			continue
		}
		e, err := ParseEmail(string(*f.email))
		if err != nil {
			return pc, err.(*Error).In(f.name)
		}
		*f.email = e
	}
	if pc.Name != "" {
		name, err := ParseName(pc.Name)
		if err != nil {
			return pc, err.(*Error).In("name")
		}
		pc.Name = name
	}
	if len(pc.Access) > MaxLicenses {
		return pc, Refuse(Invalid, "R08", "one person gets at most %d License IDs in one save", MaxLicenses).In("access")
	}
	if len(pc.Access) == 0 && (pc.User == "" || pc.Business == "" && pc.Name == "") {
		return pc, Refuse(Invalid, "R08", "name at least one License ID with its roles").In("access")
	}
	access := make([]AccessChange, len(pc.Access))
	var seen []LicenseID
	for n, c := range pc.Access {
		field := fmt.Sprintf("access[%d]", n)
		clean, err := c.check()
		if err != nil {
			return pc, err.In(field)
		}
		if slices.Contains(seen, clean.License) {
			return pc, Refuse(Invalid, "R08", "License ID %s is given twice for this person", clean.License).In(field)
		}
		seen = append(seen, clean.License)
		access[n] = clean
	}
	pc.Access = access
	return pc, nil
}

func (c AccessChange) check() (AccessChange, *Error) {
	id, err := ParseLicenseID(string(c.License))
	if err != nil {
		return c, err.(*Error).In("license_id")
	}
	c.License = id
	if c.From != nil {
		return c.checkSource()
	}
	for _, f := range []struct {
		name  string
		roles *[]Role
	}{{"add", &c.Add}, {"remove", &c.Remove}} {
		if len(*f.roles) > len(roles) {
			return c, Refuse(Invalid, "R10", "there are seven roles, each is given once").In(f.name)
		}
		for n, r := range *f.roles {
			if _, err := ParseRole(string(r)); err != nil {
				return c, err.(*Error).In(fmt.Sprintf("%s[%d]", f.name, n))
			}
		}
		*f.roles = canonical(*f.roles)
	}
	if len(c.Add)+len(c.Remove) == 0 {
		return c, Refuse(Invalid, "R10", "name at least one role to add or to remove").In("add")
	}
	for _, r := range c.Add {
		if slices.Contains(c.Remove, r) {
			return c, Refuse(Invalid, "R70", "%s stands in both lists: add it or remove it", r.Info().Name).In("add")
		}
		for _, o := range c.Add {
			if exclude(r, o) {
				return c, Refuse(Invalid, "R19", "Administrator and Invoice Reader exclude each other on one License ID").In("add")
			}
		}
	}
	return c, nil
}

func (c AccessChange) checkSource() (AccessChange, *Error) {
	if len(c.Add)+len(c.Remove) > 0 {
		return c, Refuse(Invalid, "R72", "give roles to add and remove, or where to copy them from: one of the two").In("from")
	}
	from := *c.From
	id, err := ParseLicenseID(string(from.License))
	if err != nil {
		return c, err.(*Error).In("license_id").In("from")
	}
	from.License = id
	if from.User == "" && from.License == c.License {
		return c, Refuse(Invalid, "R72", "the source is the target itself").In("from")
	}
	c.From = &from
	return c, nil
}

// canonical turns names and aliases that ParseRole took into roles, sorted, once each.
func canonical(in []Role) []Role {
	out := make([]Role, 0, len(in))
	for _, r := range in {
		if role, err := ParseRole(string(r)); err == nil {
			out = append(out, role)
		}
	}
	return SortRoles(out)
}

// Outcome is what a save did with one person on one License ID.
type Outcome string

// The outcomes.
const (
	Invited   Outcome = "invited"   // an invitation goes out with it (R73)
	Joined    Outcome = "joined"    // the invitation that is open already carries it too (R62)
	Assigned  Outcome = "assigned"  // in progress until the due time (R52, R62)
	Changed   Outcome = "changed"   // roles were only taken away, which holds at once (R71)
	Unchanged Outcome = "unchanged" // nothing to do
	Refused   Outcome = "refused"   // nothing was written but the audit line
)

// Verdict is the answer to one AccessChange.
type Verdict struct {
	License   LicenseID `json:"license_id"`
	Outcome   Outcome   `json:"outcome"`
	Added     []Role    `json:"added,omitempty"`
	Removed   []Role    `json:"removed,omitempty"`
	Before    Status    `json:"before,omitempty"` // "" where the person had nothing there
	After     Status    `json:"after,omitempty"`
	DueAt     time.Time `json:"due_at,omitzero"` // Assigned: when it takes effect
	Error     *Error    `json:"error,omitempty"` // Refused: why
	Advice    string    `json:"advice,omitempty"`
	Reference string    `json:"reference,omitempty"` // to quote to support (R54)
}

// PersonVerdict is the answer to one PersonChange. Error stands where the person as a whole was refused.
type PersonVerdict struct {
	User     UserID    `json:"user,omitempty"`
	Error    *Error    `json:"error,omitempty"`
	Updated  bool      `json:"updated,omitempty"` // name or business e-mail was changed
	Verdicts []Verdict `json:"verdicts,omitempty"`
}

// Accepted says whether anything was written for the person.
func (v PersonVerdict) Accepted() bool {
	return slices.ContainsFunc(v.Verdicts, func(v Verdict) bool { return v.Outcome != Refused && v.Outcome != Unchanged })
}

// Agreement is what the rules need to know of a License ID.
type Agreement struct {
	License      LicenseID
	ProcessedAt  time.Time
	NoInvitation bool // R76
}

// Facts is everything that a judgement about one person on one License ID depends on, read under lock.
type Facts struct {
	Now         time.Time
	Policy      Policy
	Agreement   *Agreement // nil: the organization has no such License ID
	Administers bool       // the caller is an active admin there, or of an agreement above it (R05, R69)
	Self        bool       // the caller edits himself
	Person      Person
	Invitation  InvitationState
	Assignment  AssignmentState
	DueAt       time.Time // of an assignment in progress
	Attempts    int       // failed attempts of this assignment in a row
	Held        []Grant   // direct grants
	AdminAbove  bool      // holds inherited Administrator there (R92)
	Above       LicenseID // the agreement above that it comes from (R87)
	OtherAdmins int       // active admins of the License ID besides the person (R33)
	Contract    bool      // the contract decides: it reaches people whom the directory doesn't know (R27, R57), and waits for nothing
	Deleting    bool      // the user is deleted: always allowed but for the last admin (R52, R80, R83)
}

// Judgement is what to write.
type Judgement struct {
	Outcome  Outcome
	Add      []Role          // grants to insert, waiting
	Remove   []Role          // grants to delete
	Next     AssignmentState // NotAssigned: no grant is left
	DueAt    time.Time
	Attempts int
}

// Before returns the person's status on the License ID as the facts have it, "" for nothing there.
func (f Facts) Before() Status {
	if f.Assignment == NotAssigned {
		return ""
	}
	return StatusOf(f.Person, f.Assignment, f.Invitation)
}

// Judge decides one change (R05, R18, R19, R31, R33, R52, R54, R57, R62, R71, R87, R92). An admin may make anybody an admin, named
// on the contract or not (R26). A refusal is an *Error and writes nothing. Roles can always be taken away from somebody who is not in the directory.
func Judge(f Facts, c AccessChange) (Judgement, *Error) {
	if f.Agreement == nil || !f.Administers {
		return Judgement{}, Refuse(Forbidden, "R05", "License ID %s is not one that you administer", c.License)
	}
	lost := Lost(f.Assignment, f.DueAt, f.Now)
	switch {
	case lost: // its run was ended from outside: a failed attempt, and any edit starts it anew
		f.Assignment = Broken
		f.Attempts++
	case f.Assignment == Propagating && !f.Contract && !f.Deleting:
		return Judgement{}, f.locked(c.License)
	}
	j, err := f.compare(c)
	if err != nil {
		return Judgement{}, err
	}
	if err := mayAdd(f, c, j); err != nil {
		return Judgement{}, err
	}
	j = f.settle(j, len(c.Add) > 0 || lost && f.Person.InTenant())
	if !f.Contract && (j.Outcome == Assigned || j.Outcome == Invited || j.Outcome == Joined) {
		if err := mayReach(f.Person); err != nil {
			return Judgement{}, err
		}
	}
	return j, nil
}

// compare works out what the change adds to and removes from what is held.
func (f Facts) compare(c AccessChange) (Judgement, *Error) {
	j := Judgement{Attempts: f.Attempts}
	for _, g := range f.Held {
		if slices.Contains(c.Remove, g.Role) {
			if err := mayRemove(f, c.License, g); err != nil {
				return j, err
			}
			j.Remove = append(j.Remove, g.Role)
		}
	}
	if f.AdminAbove && slices.Contains(c.Remove, Administrator) && !f.holds(Administrator) {
		return j, Refuse(Conflict, "R87", "Administrator on License ID %s is inherited from %s: it can't be removed below it", c.License, f.Above)
	}
	for _, r := range c.Add {
		if !f.holds(r) {
			j.Add = append(j.Add, r)
		}
	}
	return j, nil
}

// locked is the refusal of an edit while an assignment is in progress (R52).
func (f Facts) locked(l LicenseID) *Error {
	e := Refuse(Locked, "R52", "an assignment on License ID %s is in progress: it can be edited from %s on", l, Clock(f.DueAt))
	if f.Now.After(f.DueAt) {
		e.Message = fmt.Sprintf("an assignment on License ID %s is in progress and should be done any moment: try again in a few minutes", l)
	}
	e.Until = f.DueAt
	return e
}

// mayReach says whether something may be given to the person at all: not while the directory doesn't know him (R57).
func mayReach(p Person) *Error {
	if p.InTenant() {
		return nil
	}
	return Refuse(Conflict, "R57", "the person is not in the organization's directory: re-check or delete the user")
}

// MayInvite says whether the person may be mailed an invitation, again or anew: not one who has registered (R62), nor one
// whom the directory doesn't know (R57, R59).
func MayInvite(p Person) error {
	if p.Registered() {
		return Refuse(Conflict, "R62", "the person has registered already: no invitation is needed")
	}
	if err := mayReach(p); err != nil {
		return err
	}
	return nil
}

// mayRemove keeps Bill To's role with its contact (R18), and every License ID, active or not, its last active admin (R30, R31, R33,
// R38).
func mayRemove(f Facts, l LicenseID, g Grant) *Error {
	switch {
	case g.Origin == ByBillTo && !f.Contract && !f.Deleting:
		return Refuse(Conflict, "R18", "Invoice Reader on License ID %s belongs to the Bill To contact: it moves with the contact", l)
	case g.Role != Administrator:
		return nil
	case f.Self:
		return Refuse(Forbidden, "R31", "you can't remove your own Administrator role on License ID %s: another admin of it can", l)
	case g.Effective && f.Person.Registered() && f.Person.InTenant() && f.OtherAdmins == 0:
		return Refuse(Conflict, "R33", "License ID %s would be left without an active admin: make somebody else admin first", l)
	}
	return nil
}

func mayAdd(f Facts, c AccessChange, j Judgement) *Error {
	kept := f.kept(j)
	for _, r := range j.Add {
		both := slices.ContainsFunc(j.Add, func(o Role) bool { return exclude(r, o) })
		if both || Exclude(r, kept) {
			return Refuse(Conflict, "R19", "Administrator and Invoice Reader exclude each other on License ID %s: to swap them, remove the one in the save that adds the other", c.License)
		}
	}
	// A failed Invoice Reader must not come alive by the next attempt either.
	waits := slices.ContainsFunc(kept, func(g Grant) bool { return g.Role == InvoiceReader && !g.Effective })
	if f.AdminAbove && len(c.Add) > 0 && (waits || slices.Contains(j.Add, InvoiceReader)) {
		return Refuse(Conflict, "R92", "the person is Administrator of License ID %s by inheritance, which excludes Invoice Reader: leave it out", c.License)
	}
	return nil
}

// kept returns what is held and stays.
func (f Facts) kept(j Judgement) []Grant {
	return slices.DeleteFunc(slices.Clone(f.Held), func(g Grant) bool { return slices.Contains(j.Remove, g.Role) })
}

func (f Facts) holds(r Role) bool {
	return slices.ContainsFunc(f.Held, func(g Grant) bool { return g.Role == r })
}

// settle works out where the assignment stands after the judged additions and removals. renew says whether the change may
// start a failed assignment or invite anew (R54, R62); taking roles away alone does neither.
func (f Facts) settle(j Judgement, renew bool) Judgement {
	kept, waiting := f.kept(j), len(j.Add)
	for _, g := range kept {
		if !g.Effective {
			waiting++
		}
	}
	again := renew && f.Assignment == Broken && waiting > 0
	inviting := renew && !f.Person.Registered() && f.Invitation != InvitationOpen && waiting > 0 && f.Assignment != NotAssigned
	switch {
	case len(j.Add)+len(j.Remove) == 0 && !again && !inviting:
		j.Outcome, j.Next = Unchanged, f.Assignment
	case len(kept)+len(j.Add) == 0:
		j.Outcome, j.Next = Changed, NotAssigned
	case !f.Person.Registered():
		j.Next = Pending
		switch {
		case len(j.Add) == 0 && !inviting:
			j.Outcome = Changed
		case f.Invitation == InvitationOpen:
			j.Outcome = Joined
		default:
			j.Outcome = Invited
		}
	case f.Assignment == Broken && waiting > 0 && !again:
		j.Outcome, j.Next = Changed, Broken
	case waiting > 0:
		j.Outcome, j.Next, j.DueAt = Assigned, Propagating, f.Policy.DueAt(f.Now, f.Agreement.ProcessedAt)
	default:
		j.Outcome, j.Next = Changed, Settled
	}
	if j.Next == Settled {
		j.Attempts = 0
	}
	return j
}

// LostAfter is how long after its due time an assignment that nobody settled counts as failed.
const LostAfter = time.Hour

// Lost says whether an assignment in progress was left behind: its run was ended from outside, so nobody settles it. It
// counts as failed, and assigning again starts it anew (R54).
func Lost(s AssignmentState, due, now time.Time) bool {
	return s == Propagating && now.After(due.Add(LostAfter))
}

// SupportAfter is the number of failed attempts after which the answer recommends support (R54).
const SupportAfter = 3

// Advice returns the sentence that goes with a status that needs an admin, or "" (R54, R56, R57).
func Advice(s Status, attempts int, p Policy) string {
	switch s {
	case Failed:
		if attempts >= SupportAfter {
			return strings.TrimSpace("It has failed " + itoa(int64(attempts)) + " times: contact support and quote the reference. " + p.Support)
		}
		return "Assign the roles again, or reset the invitation if the person has never registered."
	case InvitationExpired:
		return "Reset the invitation."
	case UserNotFound:
		return "The person is not in the organization's directory: re-check, or delete the user."
	}
	return ""
}
