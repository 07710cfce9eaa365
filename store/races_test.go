package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/views"
)

// rounds is how often each race is run on each database.
const rounds = 50

// arena is an organization whose License IDs are made for one round each.
type arena struct {
	t   *testing.T
	s   *Store
	org licensing.OrgID
	now time.Time
}

func newArena(t *testing.T, s *Store) *arena {
	return &arena{t: t, s: s, org: licensing.OrgID(uuid.NewString()),
		now: time.Now().UTC().Truncate(time.Microsecond)}
}

// agreement takes in a License ID with administrators: registered ones
// are active at once, others are invited.
func (a *arena) agreement(l licensing.LicenseID, registered bool, admins ...string) []licensing.UserID {
	a.t.Helper()
	c := licensing.ContractAgreement{License: l, Program: "Enterprise Agreement",
		ProcessedAt: a.now.Add(-1000 * time.Hour)}
	for _, name := range admins {
		p := licensing.ContractAdministrator{SignIn: licensing.Email(name + "@fabrikam.example"), Name: name}
		if registered {
			p.Registered = a.now.Add(-time.Hour)
		}
		c.Administrators = append(c.Administrators, p)
	}
	out, err := a.s.atTime(a.now).Apply(context.Background(), licensing.Intake{ID: newRequest(), Org: a.org,
		Name: "Contoso", Agreements: []licensing.ContractAgreement{c}})
	if err != nil {
		a.t.Fatal(err)
	}
	var ids []licensing.UserID
	for _, p := range out.People {
		ids = append(ids, p.User)
	}
	return ids
}

// atOnce runs the calls at one moment.
func atOnce(calls ...func()) {
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	for _, call := range calls {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-begin
			call()
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
}

func (a *arena) remove(by, whom licensing.UserID, l licensing.LicenseID) (licensing.Verdict, error) {
	out, err := a.s.atTime(a.now).Save(context.Background(),
		licensing.Save{ID: newRequest(), Org: a.org, Admin: by, People: []licensing.PersonChange{
			{User: whom, Access: []licensing.AccessChange{
				{License: l, Remove: []licensing.Role{licensing.Administrator}},
			}}}})
	if e := licensing.RefusalOf(err); e != nil { // who is no admin any more
		return licensing.Verdict{Outcome: licensing.Refused, Error: e}, nil
	}
	if err != nil {
		return licensing.Verdict{}, err
	}
	if out.People[0].Error != nil {
		return licensing.Verdict{Outcome: licensing.Refused, Error: out.People[0].Error}, nil
	}
	return out.People[0].Verdicts[0], nil
}

func (a *arena) admins(l licensing.LicenseID) (n int) {
	a.t.Helper()
	err := a.s.write(context.Background(), "count", func(t *tx) error {
		by, err := t.ActiveAdmins([]licensing.LicenseID{l})
		n = len(by[l])
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return n
}

func TestR33_TwoAdminsWhoRemoveEachOtherAtOnceLeaveOne(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		a := newArena(t, s)
		for round := range rounds {
			l := licensing.LicenseID(fmt.Sprintf("L%d", round))
			ids := a.agreement(l, true, "ann", "bob")
			var one, two licensing.Verdict
			var errOne, errTwo error
			atOnce(
				func() { one, errOne = a.remove(ids[0], ids[1], l) },
				func() { two, errTwo = a.remove(ids[1], ids[0], l) },
			)
			if errOne != nil || errTwo != nil {
				t.Fatal(errOne, errTwo)
			}
			if (one.Outcome == licensing.Changed) == (two.Outcome == licensing.Changed) {
				t.Fatalf("round %d: %+v and %+v", round, one, two)
			}
			if n := a.admins(l); n != 1 {
				t.Fatalf("round %d: %d active admins remain", round, n)
			}
		}
	})
}

func TestR33_ThreeAdminsWhoRemoveEachOtherInACircleLeaveOneAtLeast(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		a := newArena(t, s)
		for round := range rounds {
			l := licensing.LicenseID(fmt.Sprintf("L%d", round))
			ids := a.agreement(l, true, "ann", "bob", "cem")
			var calls []func()
			for n := range ids {
				calls = append(calls, func() {
					if _, err := a.remove(ids[n], ids[(n+1)%3], l); err != nil {
						t.Error(err)
					}
				})
			}
			atOnce(calls...)
			if n := a.admins(l); n < 1 {
				t.Fatalf("round %d: no active admin remains", round)
			}
		}
	})
}

func TestR30_AnAdminWhoIsMerelyInvitedDoesNotCount(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		a := newArena(t, s)
		root := a.agreement("M1", true, "root")[0]
		ann := a.agreement("L1", true, "ann")[0]
		a.agreement("L1", false, "bob")
		if err := s.write(context.Background(), "parent", func(t *tx) error {
			_, err := t.exec(`UPDATE agreements SET parent = 'M1' WHERE license_id = 'L1'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		v, err := a.remove(root, ann, "L1")
		if err != nil || v.Error == nil || v.Error.Rule != "R33" {
			t.Fatalf("%+v %v", v, err)
		}
	})
}

func TestR29_TwoPeopleWhoAcceptOneLinkAtOnceAreOne(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		a := newArena(t, s)
		for round := range rounds {
			l := licensing.LicenseID(fmt.Sprintf("L%d", round))
			user := a.agreement(l, false, fmt.Sprintf("ann%d", round))[0]
			at, err := views.New(s.Reader()).InvitationStatusOf(context.Background(), a.org, user)
			if err != nil {
				t.Fatal(err)
			}
			var errs [2]error
			accept := func(n int) func() {
				return func() {
					_, errs[n] = s.atTime(a.now).Register(context.Background(),
						licensing.Registration{Request: newRequest(), Invitation: at.Run.Invitation,
							Generation: 1, Link: licensing.ContractLink(at.Run.Invitation,
								licensing.Email(fmt.Sprintf("ann%d@fabrikam.example", round))), Identity: licensing.Identity{
								Email: licensing.Email(fmt.Sprintf("p%d-%d@fabrikam.example", round, n)),
								Name:  "P",
							}})
				}
			}
			atOnce(accept(0), accept(1))
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
			}
			for _, err := range errs {
				if err != nil {
					wantRefusal(t, err, licensing.Gone, "R29")
				}
			}
		}
	})
}

func TestTwoSavesOfTheSameRequestAtOnceAreOne(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		a := newArena(t, s)
		ann := a.agreement("L1", true, "ann")[0]
		for round := range rounds {
			sv := licensing.Save{ID: newRequest(), Org: a.org, Admin: ann, People: []licensing.PersonChange{
				{SignIn: licensing.Email(fmt.Sprintf("kim%d@fabrikam.example", round)), Name: "Kim",
					Access: []licensing.AccessChange{
						{License: "L1", Add: []licensing.Role{licensing.BenefitsReader}},
					}}}}
			var answers [2]licensing.SaveAnswer
			var errs [2]error
			save := func(n int) func() {
				return func() { answers[n], errs[n] = s.atTime(a.now).Save(context.Background(), sv) }
			}
			atOnce(save(0), save(1))
			if errs[0] != nil || errs[1] != nil {
				t.Fatal(errs)
			}
			if answers[0].People[0].User != answers[1].People[0].User ||
				answers[0].Confirmation != answers[1].Confirmation {
				t.Fatalf("round %d: %+v and %+v", round, answers[0], answers[1])
			}
			sv.People[0].Name = "Other"
			_, err := s.atTime(a.now).Save(context.Background(), sv)
			wantRefusal(t, err, licensing.Conflict, "L06")
		}
	})
}

func TestR66_TwoAdminsWhoAddTheSameNewPersonAtOnceMakeOneProfile(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		a := newArena(t, s)
		ids := append(a.agreement("L1", true, "ann"), a.agreement("L2", true, "bob")...)
		for round := range rounds {
			var users [2]licensing.UserID
			var outcomes [2]licensing.Outcome
			save := func(n int) func() {
				return func() {
					out, err := s.atTime(a.now).Save(context.Background(), licensing.Save{ID: newRequest(),
						Org: a.org, Admin: ids[n], People: []licensing.PersonChange{
							{SignIn: licensing.Email(fmt.Sprintf("Kim%d@fabrikam.example", round)),
								Name: "Kim", Access: []licensing.AccessChange{
									{License: licensing.LicenseID(fmt.Sprintf("L%d", n+1)),
										Add: []licensing.Role{licensing.BenefitsReader}}}}}})
					if err != nil {
						t.Error(err)
						return
					}
					users[n], outcomes[n] = out.People[0].User, out.People[0].Verdicts[0].Outcome
				}
			}
			atOnce(save(0), save(1))
			if users[0] == "" || users[0] != users[1] {
				t.Fatalf("round %d: profiles %q", round, users)
			}
			// the other one joined (R62)
			if (outcomes[0] == licensing.Invited) == (outcomes[1] == licensing.Invited) {
				t.Fatalf("round %d: %q", round, outcomes)
			}
		}
	})
}

func TestR58_AResetAndARegistrationAtOnceNeverBothHold(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		a := newArena(t, s)
		ann := a.agreement("L1", true, "ann")[0]
		for round := range rounds {
			email := licensing.Email(fmt.Sprintf("kim%d@fabrikam.example", round))
			out, err := s.atTime(a.now).Save(context.Background(),
				licensing.Save{ID: newRequest(), Org: a.org, Admin: ann, People: []licensing.PersonChange{
					{SignIn: email, Name: "Kim", Access: []licensing.AccessChange{
						{License: "L1", Add: []licensing.Role{licensing.BenefitsReader}},
					}}}})
			if err != nil {
				t.Fatal(err)
			}
			kim := out.People[0].User
			at, err := views.New(s.Reader()).InvitationStatusOf(context.Background(), a.org, kim)
			if err != nil {
				t.Fatal(err)
			}
			var registered, reset error
			atOnce(
				func() {
					_, registered = s.atTime(a.now).Register(context.Background(),
						licensing.Registration{Request: newRequest(), Invitation: at.Run.Invitation,
							Generation: 1, Identity: licensing.Identity{Email: email}})
				},
				func() {
					_, reset = s.atTime(a.now).Reset(context.Background(),
						licensing.Command{Request: newRequest(), Org: a.org, User: kim, By: ann})
				},
			)
			if (registered == nil) == (reset == nil) {
				t.Fatalf("round %d: register %v, reset %v", round, registered, reset)
			}
		}
	})
}

func TestR33_R83_TwoAdminsWhoDeleteEachOtherAtOnceLeaveOne(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		a := newArena(t, s)
		for round := range rounds {
			l := licensing.LicenseID(fmt.Sprintf("L%d", round))
			ids := a.agreement(l, true, fmt.Sprintf("ann%d", round), fmt.Sprintf("bob%d", round))
			var calls []func()
			for n := range ids {
				calls = append(calls, func() {
					_, err := s.atTime(a.now).Delete(context.Background(),
						licensing.Command{Request: newRequest(), Org: a.org, User: ids[n], By: ids[1-n]})
					if err != nil && licensing.KindOf(err) != licensing.NotFound {
						t.Error(err)
					}
				})
			}
			atOnce(calls...)
			if n := a.admins(l); n != 1 {
				t.Fatalf("round %d: %d active admins remain", round, n)
			}
		}
	})
}
