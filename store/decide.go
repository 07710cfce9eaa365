package store

import (
	"slices"
	"time"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// asked is what is wanted for one person.
type asked struct {
	licensing.PersonChange
	registered time.Time        // elsewhere, before: known from the contract alone (R25)
	contact    bool             // has a profile even where nothing is given to him: the contract names him
	newcomer   *userRow         // the profile to make, where who it is has been worked out already
	other      licensing.UserID // of roles that are forwarded: whom they come from, or go to (R28)
	claims     []claim          // what comes from a contract, and by which address there (R28, R34)
}

// claim says by which address a contract gives a role.
type claim struct {
	license licensing.LicenseID
	role    licensing.Role
	address licensing.Email
}

// claimed returns the address on the contract by which a role is given, "" for none.
func (a *asked) claimed(l licensing.LicenseID, r licensing.Role) licensing.Email {
	for _, c := range a.claims {
		if c.license == l && c.role == r {
			return c.address
		}
	}
	return ""
}

// decision is one change of roles on its way: load → judge → plan. Only plan.write writes.
type decision struct {
	*tx
	mandate
	people []*subject // in the order of what was asked

	agreements map[licensing.LicenseID]licensing.Agreement
	mine       map[licensing.LicenseID]bool               // of those named: where the caller has a say
	authority  map[licensing.LicenseID]bool               // License IDs on which the mandate holds
	admins     map[licensing.LicenseID][]licensing.UserID // active admins, where one may be removed
	above      rows.Inherited                             // where the people inherit Administrator (R88)
	sources    holdings                                   // what roles are copied from (R72)
	// of those that roles are copied to: which have others below
	parents map[licensing.LicenseID]bool
	mails   mailCounts // what may be asked for (L07)
}

// subject is one person of a decision: what was asked and loaded of him, and what was judged.
type subject struct {
	asked
	user        userRow
	known       bool // has a row already
	foreign     bool // nothing of what is asked is the caller's to decide: nobody is looked up for it (L03)
	imported    bool // registered elsewhere, and nothing here says that he is not (R25)
	invitation  *invitationRow
	assignments map[licensing.LicenseID]*assignmentRow
	grants      map[licensing.LicenseID][]licensing.Grant
	processed   map[licensing.LicenseID]time.Time // when the agreements of his assignments were processed
	refusal     *licensing.Error

	verdict   licensing.PersonVerdict
	changes   []change // accepted
	refused   []change
	registers bool // by this decision: by assignment (R76) or by accepting an invitation (R23)
	visible   bool // the caller may see the person (R43)
	updates   bool // his name or business email is corrected
	binds     bool // he is bound to who registers (L05)
}

// change is one judged change on a License ID, and under which mandate it was judged.
type change struct {
	licensing.Verdict
	licensing.Judgement
	under licensing.Mandate
}

// decide is the gate: everything that gives or takes roles goes through it, whatever brings it.
func (t *tx) decide(m mandate, people []asked) (*decision, error) {
	d, err := t.load(m, people)
	if err != nil {
		return nil, err
	}
	for _, s := range d.people {
		d.judge(s)
		d.limit(s)
	}
	if d.OnSight && len(d.named()) == 0 && !slices.ContainsFunc(d.people, (*subject).seen) {
		return nil, licensing.Hidden()
	}
	return d, nil
}

// seen says whether the caller may see the person.
func (s *subject) seen() bool { return s.visible }

// verdicts returns what was judged of each person.
func (d *decision) verdicts() []licensing.PersonVerdict {
	out := make([]licensing.PersonVerdict, len(d.people))
	for n, s := range d.people {
		out[n] = s.verdict
	}
	return out
}

// ask wants changes of people as they come in a request.
func ask(people []licensing.PersonChange) []asked {
	out := make([]asked, len(people))
	for n, p := range people {
		out[n] = asked{PersonChange: p}
	}
	return out
}
