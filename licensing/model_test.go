package licensing

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// house is a small world that Judge, MayRegister, MayReset and the clock drive as the store would.
type house struct {
	now      time.Time
	policy   Policy
	licenses []Agreement
	people   []*resident
}

type resident struct {
	person Person
	invite Invitation
	above  map[LicenseID]bool // holds inherited Administrator there
	access map[LicenseID]*holding
}

type holding struct {
	state    AssignmentState
	due      time.Time
	attempts int
	grants   []Grant
}

func newHouse(t *rapid.T) *house {
	h := &house{now: noon, policy: DefaultPolicy()}
	for i := range 2 {
		h.licenses = append(h.licenses, Agreement{
			License:     LicenseID(fmt.Sprintf("L%d", i)),
			ProcessedAt: noon.Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "processed")) * time.Hour),
		})
	}
	for i := range 4 {
		r := &resident{person: Person{Kind: Internal, Present: true}, above: map[LicenseID]bool{},
			access: map[LicenseID]*holding{}}
		if rapid.Bool().Draw(t, "external") {
			r.person = Person{Kind: External}
		}
		if i == 0 || i == 3 || rapid.Bool().Draw(t, "registered") {
			r.person.RegisteredAt = noon
		}
		for _, l := range h.licenses {
			switch {
			case i == 0 || i == 1 && r.person.Registered():
				r.access[l.License] = &holding{state: AssignmentActive,
					grants: []Grant{{Role: Administrator, Origin: ByContract, Effective: true}}}
			// the fourth one may take the last admin away but for R33
			case i == 3 || rapid.IntRange(0, 4).Draw(t, "above") == 0:
				r.above[l.License] = true
			case r.person.Registered() && rapid.IntRange(0, 4).Draw(t, "bill to") == 0:
				r.access[l.License] = &holding{state: AssignmentActive,
					grants: []Grant{{Role: InvoiceReader, Origin: ByBillTo, Effective: true}}}
			}
		}
		h.people = append(h.people, r)
	}
	return h
}

// active says whether the person is an active admin of the License ID.
func (r *resident) active(l LicenseID) bool {
	a := r.access[l]
	return a != nil && r.person.Registered() && r.person.InTenant() &&
		slices.ContainsFunc(a.grants, func(g Grant) bool { return g.Role == Administrator && g.Effective })
}

func (h *house) admins(l LicenseID) (n int) {
	for _, r := range h.people {
		if r.active(l) {
			n++
		}
	}
	return n
}

func (h *house) somebody(t *rapid.T, who string) *resident {
	return h.people[rapid.IntRange(0, len(h.people)-1).Draw(t, who)]
}

// save lets an admin change somebody's roles on a License ID.
func (h *house) save(t *rapid.T) {
	l := rapid.SampledFrom(h.licenses).Draw(t, "license")
	by, to := h.somebody(t, "by"), h.somebody(t, "to")
	for _, r := range h.people { // mostly somebody who may
		if !by.active(l.License) && !by.above[l.License] && r.active(l.License) {
			by = r
		}
	}
	some := rapid.SliceOfN(
		rapid.SampledFrom([]Role{Administrator, InvoiceReader, BenefitsReader, ProductKeysReader}), 0, 2)
	c, bad := AccessChange{License: l.License, Add: some.Draw(t, "add"),
		Remove: some.Draw(t, "remove")}.check()
	if bad != nil {
		return
	}
	f := Facts{
		Now: h.now, Policy: h.policy, Agreement: &l, Administers: by.active(l.License) || by.above[l.License],
		Self:   by == to,
		Person: to.person, Invitation: to.invite.State, AdminAbove: to.above[l.License],
		OtherAdmins: h.admins(l.License),
	}
	if to.active(l.License) {
		f.OtherAdmins--
	}
	a := to.access[l.License]
	if a != nil {
		f.Assignment, f.DueAt, f.Attempts, f.Held = a.state, a.due, a.attempts, a.grants
	}
	before, held := h.admins(l.License), slices.Clone(f.Held)
	j, no := Judge(f, c)
	if !slices.Equal(held, f.Held) {
		t.Fatalf("Judge changed the facts")
	}
	if no != nil {
		if f.Administers && f.Assignment == AssignmentPropagating && !h.now.After(f.DueAt.Add(LostAfter)) &&
			(no.Kind != Locked || !no.Until.Equal(f.DueAt)) {
			t.Fatalf("R52: in progress until %s, but refused by %v", f.DueAt, no)
		}
		return
	}
	h.attempts(t, f, j)
	h.write(t, to, l, j)
	if before > 0 && h.admins(l.License) == 0 {
		t.Fatalf("R33: License ID %s has lost its last active admin", l.License)
	}
	if by == to && slices.Contains(j.Remove, Administrator) {
		t.Fatalf("R31: somebody has removed his own Administrator")
	}
	if !to.person.InTenant() && (j.Outcome == Assigned || j.Outcome == Invited || j.Outcome == Joined) {
		t.Fatalf("R57: %s for somebody who is not in the directory", j.Outcome)
	}
	if len(c.Add) == 0 && (j.Outcome == Invited || j.Outcome == Joined) {
		t.Fatalf("%s although nothing was to be added", j.Outcome)
	}
}

// attempts checks the count of failures: what was lost is one more, roles that are all effective forget them.
func (h *house) attempts(t *rapid.T, f Facts, j Judgement) {
	want := f.Attempts
	if Lost(f.Assignment, f.DueAt, f.Now) {
		want++
	}
	if j.Next == AssignmentActive {
		want = 0
	}
	if j.Attempts != want {
		t.Fatalf("R54: %d attempts, want %d", j.Attempts, want)
	}
}

// write applies a judgement as the store does.
func (h *house) write(t *rapid.T, to *resident, l Agreement, j Judgement) {
	if j.Outcome == Unchanged {
		return
	}
	a := to.access[l.License]
	if a == nil {
		a = &holding{}
		to.access[l.License] = a
	}
	a.grants = slices.DeleteFunc(slices.Clone(a.grants),
		func(g Grant) bool { return slices.Contains(j.Remove, g.Role) })
	for _, r := range j.Add {
		a.grants = append(a.grants, Grant{Role: r, Origin: ByAdmin})
	}
	a.state, a.due, a.attempts = j.Next, j.DueAt, j.Attempts
	if j.Next == AssignmentNone {
		if len(a.grants) > 0 {
			t.Fatalf("the assignment goes but %v stay", a.grants)
		}
		delete(to.access, l.License)
	}
	if j.Outcome == Joined && to.invite.State != InvitationOpen {
		t.Fatalf("R62: joined an invitation that is %q", to.invite.State)
	}
	if j.Outcome == Invited {
		to.invite = Invitation{State: InvitationOpen, SignIn: "them@contoso.example",
			Generation: to.invite.Generation + 1, ExpiresAt: h.now.Add(h.policy.InviteFor)}
	}
}

// register lets somebody accept his invitation.
func (h *house) register(t *rapid.T) {
	r := h.somebody(t, "registers")
	if r.person.Registered() || !r.person.InTenant() {
		t.Skip()
	}
	err := MayRegister(r.invite, Identity{Email: "them@contoso.example"}, r.invite.Generation, h.now)
	if err != nil {
		t.Skip(err.Error())
	}
	r.person.RegisteredAt, r.invite.State = h.now, InvitationAccepted
	for _, l := range h.licenses {
		if a := r.access[l.License]; a != nil {
			a.state, a.due = AssignmentPropagating, h.policy.DueAt(h.now, l.ProcessedAt)
		}
	}
}

// settle ends one assignment in progress whose time has come: all its grants are effective, or it failed.
func (h *house) settle(t *rapid.T) {
	r, l := h.somebody(t, "whose"), rapid.SampledFrom(h.licenses).Draw(t, "license").License
	a := r.access[l]
	if a == nil || a.state != AssignmentPropagating || h.now.Before(a.due) {
		t.Skip()
	}
	a.due = time.Time{}
	if rapid.IntRange(0, 3).Draw(t, "fails") == 0 {
		a.state, a.attempts = AssignmentFailed, a.attempts+1
		return
	}
	a.state, a.attempts = AssignmentActive, 0
	for i := range a.grants {
		a.grants[i].Effective = true
	}
}

// mail is what may happen to an invitation besides.
func (h *house) mail(t *rapid.T) {
	r := h.somebody(t, "whose")
	next := rapid.SampledFrom([]InvitationState{InvitationExpired, InvitationFailed, InvitationOpen}).
		Draw(t, "next")
	if r.person.Registered() || r.invite.State == InvitationNone || !r.invite.State.May(next) {
		t.Skip()
	}
	if next == InvitationOpen {
		if MayReset(r.invite, h.now, h.policy) != nil {
			t.Skip()
		}
		r.invite.Generation++
		r.invite.ExpiresAt = h.now.Add(h.policy.InviteFor)
	}
	r.invite.State = next
}

// check is what holds after every step.
func (h *house) check(t *rapid.T) {
	for n, r := range h.people {
		for l, a := range r.access {
			at := fmt.Sprintf("person %d on %s (%+v)", n, l, *a)
			has := func(role Role) bool {
				return slices.ContainsFunc(a.grants, func(g Grant) bool { return g.Role == role })
			}
			switch {
			case has(Administrator) && has(InvoiceReader):
				t.Fatalf("R19: %s is Administrator and Invoice Reader", at)
			case r.above[l] && has(InvoiceReader):
				t.Fatalf("R92: %s is Administrator by inheritance and Invoice Reader", at)
			case len(a.grants) == 0 || a.state == AssignmentNone:
				t.Fatalf("%s has an assignment without roles, or roles without one", at)
			case (a.state == AssignmentPropagating) != !a.due.IsZero():
				t.Fatalf("R52: %s", at)
			case !r.person.Registered() && a.state != AssignmentPending:
				t.Fatalf("R23: %s has not registered", at)
			case r.person.Registered() && a.state == AssignmentPending:
				t.Fatalf("%s waits for a registration that has been", at)
			case a.state == AssignmentActive &&
				slices.ContainsFunc(a.grants, func(g Grant) bool { return !g.Effective }):
				t.Fatalf("R51: %s is active, but a role of it is not", at)
			}
		}
	}
}

func TestR19_R31_R33_R52_R57_R62_R92_NoSequenceOfCommandsBreaksThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHouse(t)
		t.Repeat(map[string]func(*rapid.T){
			"":         h.check,
			"save":     h.save,
			"save 2":   h.save,
			"save 3":   h.save,
			"settle 2": h.settle,
			"register": h.register,
			"settle":   h.settle,
			"mail":     h.mail,
			"time": func(t *rapid.T) {
				h.now = h.now.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "minutes")) * time.Minute)
			},
			"leave or come back": func(t *rapid.T) {
				if r := h.somebody(t, "who"); r.person.Kind == Internal {
					r.person.Present = !r.person.Present
				}
			},
		})
	})
}
