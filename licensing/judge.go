package licensing

import (
	"fmt"
	"slices"
	"time"
)

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
	Suspended   bool      // the person has left since the roles were given (R86)
	Attempts    int       // failed attempts of this assignment in a row
	Held        []Grant   // direct grants
	AdminAbove  bool      // holds inherited Administrator there (R92)
	Above       LicenseID // the agreement above that it comes from (R87)
	OtherAdmins int       // active admins of the License ID besides the person (R33)
	OwnAdmin    bool      // the caller is an active admin of the License ID itself (R32)
	Mandate     Mandate   // in whose name the change is made
}

// Judgement is what to write.
type Judgement struct {
	Outcome  Outcome
	Add      []Role          // grants to insert, waiting
	Remove   []Role          // grants to delete
	Next     AssignmentState // NotAssigned: no grant is left
	DueAt    time.Time
	Attempts int
	GiveBack bool // what was suspended isn't any more (R86)
	AtOnce   bool // what is added is effective at once (R25)
}

// Before returns the person's status on the License ID as the facts have it, "" for nothing there.
func (f Facts) Before() Status {
	if f.Assignment == AssignmentNone {
		return ""
	}
	return StatusOf(f.Person.On(f.Suspended), f.Assignment.At(f.DueAt, f.Now), f.Invitation)
}

// MayDecide says whether the caller has a say on the License ID at all (R05, L03).
func (f Facts) MayDecide() *Error {
	if f.Agreement == nil || !f.Administers {
		return Hidden()
	}
	return nil
}

// Judge decides one change, whoever asks for it and whatever brings it (R05, R18, R19, R25, R31,
// R33, R52, R54, R57, R62, R71, R86, R87, R92). An admin may make anybody an admin, named on the contract
// or not (R26). A refusal is an *Error and writes nothing. Roles can always be taken away from
// somebody who is not in the directory. Roles that are suspended since the person left refuse nothing: giving
// some by an admin's word gives back what is there (R86).
func Judge(f Facts, c AccessChange) (Judgement, *Error) {
	if err := f.MayDecide(); err != nil {
		return Judgement{}, err
	}
	if f.Mandate.HandsOver {
		if err := MayHandOver(c.License, f.OwnAdmin, f.Self); err != nil {
			return Judgement{}, RefusalOf(err)
		}
	}
	giveBack := f.Suspended && f.Mandate.GivesBack && len(c.Add) > 0
	lost := Lost(f.Assignment, f.DueAt, f.Now)
	switch {
	case lost: // its run was ended from outside: a failed attempt, and any edit starts it anew
		f.Assignment = AssignmentFailed
		f.Attempts++
	case f.Assignment == AssignmentPropagating && !f.Mandate.WhileLocked && !giveBack:
		return Judgement{}, f.locked(c.License)
	}
	j, err := f.compare(c)
	if err != nil {
		return Judgement{}, err
	}
	if err := mayAdd(f, c, j); err != nil {
		return Judgement{}, err
	}
	j.GiveBack = giveBack
	j = f.settle(j, len(c.Add) > 0 || lost && f.Person.InTenant())
	if !f.Mandate.Unknown && (j.Outcome == Assigned || j.Outcome == Invited || j.Outcome == Joined) {
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
		return j, Refuse(Conflict, "R87",
			"Administrator on License ID %s is inherited from %s, so it can't be removed here", c.License,
			f.Above)
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
	e := Refuse(Locked, "R52", "an assignment on License ID %s is in progress; you can edit it after %s", l,
		Clock(f.DueAt))
	if f.Now.After(f.DueAt) {
		e.Message = fmt.Sprintf("an assignment on License ID %s is in progress and should finish soon: "+
			"try again in a few minutes", l)
	}
	e.Until = f.DueAt
	return e
}

// mayReach says whether something may be given to the person at all: not while
// the directory doesn't know him (R57).
func mayReach(p Person) *Error {
	if p.InTenant() {
		return nil
	}
	return Refuse(Conflict, "R57",
		"the person isn't in the organization's directory: re-check or delete the user")
}

// mayRemove keeps Bill To's role with its contact (R18), and every License ID, active or not, its
// last active admin (R30, R31, R33, R38).
func mayRemove(f Facts, l LicenseID, g Grant) *Error {
	switch {
	case g.Origin == ByBillTo && !f.Mandate.BillTo:
		return Refuse(Conflict, "R18",
			"Invoice Reader on License ID %s comes with the Bill To contact and moves with it", l)
	case g.Role != Administrator:
		return nil
	case f.Self:
		return Refuse(Forbidden, "R31",
			"you can't remove your own Administrator role on License ID %s: ask another administrator of it",
			l)
	case g.Effective && f.Person.Registered() && f.Person.InTenant() && f.OtherAdmins == 0:
		return Refuse(Conflict, "R33",
			"License ID %s would have no active administrator: make someone else administrator first", l)
	}
	return nil
}

// AddRule says whether what a change adds may be added: nil, or a refusal. c has
// what was asked for, j what of it is new.
type AddRule func(f Facts, c AccessChange, j Judgement) *Error

// addRules are asked about every change that adds roles, whatever brings it; [Policy.Rules] follow.
var addRules = []AddRule{neverBoth, neverBesideInherited}

// mayAdd asks all rules about what the change adds. No rule keeps anybody from taking roles away.
func mayAdd(f Facts, c AccessChange, j Judgement) *Error {
	if len(c.Add) == 0 {
		return nil
	}
	for _, rules := range [][]AddRule{addRules, f.Policy.Rules} {
		for _, rule := range rules {
			if err := rule(f, c, j); err != nil {
				return err
			}
		}
	}
	return nil
}

// neverBoth keeps Administrator and Invoice Reader apart (R19).
func neverBoth(f Facts, c AccessChange, j Judgement) *Error {
	kept := f.kept(j)
	for _, r := range j.Add {
		both := slices.ContainsFunc(j.Add, func(o Role) bool { return exclude(r, o) })
		if both || Exclude(r, kept) {
			return Refuse(Conflict, "R19",
				"nobody can be both Administrator and Invoice Reader on License ID %s: "+
					"to swap them, remove one and add the other in the same request", c.License)
		}
	}
	return nil
}

// neverBesideInherited keeps Invoice Reader from who inherits Administrator (R92). One that failed must not
// come alive by the next attempt either.
func neverBesideInherited(f Facts, c AccessChange, j Judgement) *Error {
	waits := slices.ContainsFunc(f.kept(j),
		func(g Grant) bool { return g.Role == InvoiceReader && !g.Effective })
	if f.AdminAbove && (waits || slices.Contains(j.Add, InvoiceReader)) {
		return Refuse(Conflict, "R92",
			"the person inherits Administrator on License ID %s, which rules out Invoice Reader", c.License)
	}
	return nil
}

// kept returns what is held and stays.
func (f Facts) kept(j Judgement) []Grant {
	return slices.DeleteFunc(slices.Clone(f.Held),
		func(g Grant) bool { return slices.Contains(j.Remove, g.Role) })
}

func (f Facts) holds(r Role) bool {
	return slices.ContainsFunc(f.Held, func(g Grant) bool { return g.Role == r })
}

// settle works out where the assignment stands after the judged additions and removals. renew says whether
// the change may start a failed assignment or invite anew (R54, R62); taking roles away alone does neither.
func (f Facts) settle(j Judgement, renew bool) Judgement {
	kept, waiting := f.kept(j), len(j.Add)
	for _, g := range kept {
		if !g.Effective && (j.GiveBack || !g.Suspended) {
			waiting++
		}
	}
	again := renew && f.Assignment == AssignmentFailed && waiting > 0
	inviting := renew && !f.Person.Registered() && f.Invitation != InvitationOpen && waiting > 0 &&
		f.Assignment != AssignmentNone
	switch {
	case len(j.Add)+len(j.Remove) == 0 && !again && !inviting && !j.GiveBack:
		j.Outcome, j.Next = Unchanged, f.Assignment
	case len(kept)+len(j.Add) == 0:
		j.Outcome, j.Next = Changed, AssignmentNone
	case !f.Person.Registered():
		j.Next = AssignmentPending
		switch {
		case len(j.Add) == 0 && !inviting && !j.GiveBack:
			j.Outcome = Changed
		case f.Invitation == InvitationOpen:
			j.Outcome = Joined
		default:
			j.Outcome = Invited
		}
	case f.Mandate.Registered && f.Assignment == AssignmentNone && slices.Equal(j.Add, []Role{Administrator}):
		j.Outcome, j.Next, j.AtOnce = Assigned, AssignmentActive, true
	case f.Assignment == AssignmentFailed && waiting > 0 && !again:
		j.Outcome, j.Next = Changed, AssignmentFailed
	case waiting > 0:
		j.Outcome, j.Next, j.DueAt = Assigned, AssignmentPropagating,
			f.Policy.DueAt(f.Now, f.Agreement.ProcessedAt)
	default:
		j.Outcome, j.Next = Changed, AssignmentActive
	}
	if j.Next == AssignmentActive {
		j.Attempts = 0
	}
	return j
}

// LostAfter is how long after its due time an assignment that nobody settled counts as failed.
const LostAfter = time.Hour

// Lost says whether an assignment in progress was left behind: its run was ended from outside, so nobody
// settles it. It counts as failed, and assigning again starts it anew (R54).
func Lost(s AssignmentState, due, now time.Time) bool {
	return s == AssignmentPropagating && now.After(due.Add(LostAfter))
}
