package licensing

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestR03_ByWhomAGrantCameDecidesWhoMayTakeIt(t *testing.T) {
	for _, c := range []struct {
		name   string
		origin Origin
		rule   string
	}{
		{"a role that an admin gave can be taken", ByAdmin, ""},
		{"a role from the contract can be taken", ByContract, ""},
		{"a role of the Bill To contact can't be taken", ByBillTo, "R18"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := settled(InvoiceReader)
			f.Held[0].Origin = c.origin
			if c.rule != "" {
				refused(t, f, remove(InvoiceReader), Conflict, c.rule)
				return
			}
			j := accepted(t, f, remove(InvoiceReader), Changed, AssignmentNone)
			if !slices.Equal(j.Remove, []Role{InvoiceReader}) {
				t.Errorf("removes %v", j.Remove)
			}
		})
	}
}

func TestR05_L03_OnlyAdministratorsOfTheLicenseIDChangeIt(t *testing.T) {
	for name, f := range map[string]Facts{
		"a caller who doesn't administer it is refused": settled(BenefitsReader).but(func(f *Facts) {
			f.Administers = false
		}),
		"a License ID that doesn't exist is refused alike": settled(BenefitsReader).but(func(f *Facts) {
			f.Agreement = nil
		}),
		"the refusal comes before the lock's, which would tell": settled(BenefitsReader).but(func(f *Facts) {
			f.Administers, f.Assignment, f.DueAt = false, AssignmentPropagating, noon
		}),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, f, add(ProductKeysReader), NotFound, "R43")
		})
	}
}

func TestR18_TheBillToContactsInvoiceReaderIsNotEdited(t *testing.T) {
	f := settled(InvoiceReader, BenefitsReader)
	f.Held[0].Origin = ByBillTo
	t.Run("removing it is refused", func(t *testing.T) {
		refused(t, f, remove(InvoiceReader), Conflict, "R18")
	})
	t.Run("removing it with others is refused as a whole", func(t *testing.T) {
		refused(t, f, remove(BenefitsReader, InvoiceReader), Conflict, "R18")
	})
	t.Run("trading it for Administrator is refused", func(t *testing.T) {
		refused(t, f, AccessChange{License: licenseA, Add: []Role{Administrator},
			Remove: []Role{InvoiceReader}}, Conflict, "R18")
	})
	t.Run("adding it again is no change and keeps its origin", func(t *testing.T) {
		accepted(t, f, add(InvoiceReader), Unchanged, AssignmentActive)
	})
	t.Run("the roles beside it can be edited", func(t *testing.T) {
		accepted(t, f, remove(BenefitsReader), Changed, AssignmentActive)
	})
}

func TestR19_AdministratorAndInvoiceReaderExcludeEachOther(t *testing.T) {
	swap := func(in, out Role) AccessChange {
		return AccessChange{License: licenseA, Add: []Role{in}, Remove: []Role{out}}
	}
	t.Run("an administrator gets no Invoice Reader", func(t *testing.T) {
		refused(t, settled(Administrator), add(InvoiceReader), Conflict, "R19")
	})
	t.Run("an Invoice Reader doesn't become administrator", func(t *testing.T) {
		refused(t, settled(InvoiceReader), add(Administrator), Conflict, "R19")
	})
	t.Run("an administrator to be gets no Invoice Reader", func(t *testing.T) {
		f := settled(Administrator).but(func(f *Facts) {
			f.Person, f.Assignment, f.Invitation, f.Held = unregistered, AssignmentPending, InvitationOpen,
				waiting(Administrator)
		})
		refused(t, f, add(InvoiceReader), Conflict, "R19")
	})
	t.Run("the Bill To contact doesn't become administrator", func(t *testing.T) {
		f := settled(InvoiceReader)
		f.Held[0].Origin = ByBillTo
		refused(t, f, add(Administrator), Conflict, "R19")
	})
	t.Run("in one change the one can take the other's place", func(t *testing.T) {
		accepted(t, settled(InvoiceReader), swap(Administrator, InvoiceReader), Assigned,
			AssignmentPropagating)
		accepted(t, settled(Administrator), swap(InvoiceReader, Administrator), Assigned,
			AssignmentPropagating)
	})
	t.Run("trading the one for the other doesn't get round what stays", func(t *testing.T) {
		c := AccessChange{License: licenseA, Add: []Role{InvoiceReader}, Remove: []Role{BenefitsReader}}
		refused(t, settled(Administrator, BenefitsReader), c, Conflict, "R19")
	})
	t.Run("removing what isn't held makes no room", func(t *testing.T) {
		refused(t, settled(Administrator), AccessChange{License: licenseA, Add: []Role{InvoiceReader},
			Remove: []Role{InvoiceReader}}, Conflict, "R19")
	})
	t.Run("an administrator whose role failed gets no Invoice Reader", func(t *testing.T) {
		f := settled(Administrator).but(func(f *Facts) {
			f.Assignment, f.Held = AssignmentFailed, waiting(Administrator)
		})
		refused(t, f, add(InvoiceReader), Conflict, "R19")
		accepted(t, f, swap(InvoiceReader, Administrator), Assigned, AssignmentPropagating)
	})
	t.Run("the refusal says how they are swapped", func(t *testing.T) {
		e := refused(t, settled(Administrator), add(InvoiceReader), Conflict, "R19")
		if !strings.Contains(e.Message, "in the same request") {
			t.Error(e.Message)
		}
	})
	t.Run("a change that adds both is invalid", func(t *testing.T) {
		_, err := Save{People: []PersonChange{
			{User: "u", Access: []AccessChange{add(InvoiceReader, Administrator)}},
		}}.Check(DefaultPolicy())
		if e := refusal(t, err, Invalid, "R19"); e.Field != "people[0].access[0].add" {
			t.Errorf("field %q", e.Field)
		}
	})
	t.Run("each role goes with each other one but these two", func(t *testing.T) {
		for _, a := range Roles() {
			for _, b := range Roles() {
				pair := []Role{a.Role, b.Role}
				want := slices.Contains(pair, Administrator) && slices.Contains(pair, InvoiceReader)
				if got := Exclude(a.Role, held(b.Role)); got != want {
					t.Errorf("%s excludes %s: %t", a.Name, b.Name, got)
				}
				if a.Role == b.Role {
					continue
				}
				if _, e := Judge(settled(b.Role), add(a.Role)); (e != nil) != want {
					t.Errorf("%s beside %s: %v", a.Name, b.Name, e)
				}
			}
		}
	})
}

func TestR20_SeveralRolesOnOneLicenseID(t *testing.T) {
	f := settled(BenefitsReader)
	j := accepted(t, f, add(ProductKeysReader, BenefitsReader, OnlineServicesManager), Assigned,
		AssignmentPropagating)
	if !slices.Equal(j.Add, []Role{ProductKeysReader, OnlineServicesManager}) || len(j.Remove) != 0 {
		t.Errorf("adds %v, removes %v", j.Add, j.Remove)
	}
	s := Save{People: []PersonChange{{User: "u",
		Access: []AccessChange{add(BenefitsReader), {License: "a-200", Add: []Role{InvoiceReader}}}}}}
	clean, err := s.Check(DefaultPolicy())
	if err != nil || clean.People[0].Access[1].License != "A-200" {
		t.Errorf("different roles on different License IDs: %+v, %v", clean, err)
	}
	s.People[0].Access[1].License = "a-100"
	_, err = s.Check(DefaultPolicy())
	refusal(t, err, Invalid, "R08")
}

func TestR30_TheSuccessorMustBeActiveNotMerelyInvited(t *testing.T) {
	l := Agreement{License: licenseA, ProcessedAt: noon.AddDate(-2, 0, 0)}
	old := &resident{person: registered,
		access: map[LicenseID]*holding{licenseA: {state: AssignmentActive, grants: held(Administrator)}}}
	successor := &resident{person: unregistered,
		access: map[LicenseID]*holding{licenseA: {state: AssignmentPending, grants: waiting(Administrator)}}}
	h := &house{now: noon, people: []*resident{old, successor}}
	try := func() *Error {
		_, err := Judge(settled(Administrator).but(func(f *Facts) {
			f.Agreement, f.OtherAdmins = &l, h.admins(licenseA)-1
		}), remove(Administrator))
		return err
	}
	refusal(t, try(), Conflict, "R33")
	successor.person, successor.access[licenseA].state = registered, AssignmentPropagating
	refusal(t, try(), Conflict, "R33")
	successor.access[licenseA].state, successor.access[licenseA].grants[0].Effective = AssignmentActive, true
	if err := try(); err != nil {
		t.Errorf("with an active successor: %v", err)
	}
	successor.person.Present = false
	refusal(t, try(), Conflict, "R33")
}

func TestR42_R69_WhoAdministersByInheritanceMayAssignHimself(t *testing.T) {
	f := settled().but(func(f *Facts) { f.Self, f.AdminAbove, f.Above = true, true, "P-1" })
	j := accepted(t, f, add(Administrator), Assigned, AssignmentPropagating)
	if !slices.Equal(j.Add, []Role{Administrator}) {
		t.Errorf("adds %v", j.Add)
	}
}

func TestR87_WhatIsInheritedIsNotRemovedBelow(t *testing.T) {
	above := func(f *Facts) { f.AdminAbove, f.Above = true, "P-1" }
	t.Run("removing it is refused, naming the parent", func(t *testing.T) {
		for _, f := range []Facts{settled(), settled(BenefitsReader)} {
			e := refused(t, f.but(above), remove(Administrator), Conflict, "R87")
			if !strings.Contains(e.Message, "inherited from P-1") {
				t.Error(e.Message)
			}
		}
	})
	t.Run("a direct Administrator beside it can be removed", func(t *testing.T) {
		accepted(t, settled(Administrator).but(above), remove(Administrator), Changed, AssignmentNone)
	})
	t.Run("the direct roles beside it can be removed", func(t *testing.T) {
		accepted(t, settled(BenefitsReader).but(above), remove(BenefitsReader), Changed, AssignmentNone)
	})
}

func TestR31_NobodyRemovesHisOwnAdministrator(t *testing.T) {
	for name, others := range map[string]int{
		"where there is no other admin": 0, "where there are others": 3,
	} {
		t.Run(name, func(t *testing.T) {
			f := settled(Administrator).but(func(f *Facts) { f.Self, f.OtherAdmins = true, others })
			refused(t, f, remove(Administrator), Forbidden, "R31")
		})
	}
	t.Run("his other roles he may remove", func(t *testing.T) {
		f := settled(Administrator, BenefitsReader).but(func(f *Facts) { f.Self = true })
		accepted(t, f, remove(BenefitsReader), Changed, AssignmentActive)
	})
	t.Run("another admin may remove it", func(t *testing.T) {
		accepted(t, settled(Administrator), remove(Administrator), Changed, AssignmentNone)
	})
	t.Run("trading it for Invoice Reader is removing it", func(t *testing.T) {
		f := settled(Administrator).but(func(f *Facts) { f.Self = true })
		refused(t, f, AccessChange{License: licenseA, Add: []Role{InvoiceReader},
			Remove: []Role{Administrator}}, Forbidden, "R31")
	})
}

func TestR33_LastActiveAdminIsNeverRemoved(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Facts)
		rule   string
	}{
		{"the last active admin stays", func(f *Facts) { f.OtherAdmins = 0 }, "R33"},
		{"an external one too", func(f *Facts) { f.OtherAdmins, f.Person = 0, outsider }, "R33"},
		{"one whose other roles failed too",
			func(f *Facts) { f.OtherAdmins, f.Assignment = 0, AssignmentFailed }, "R33"},
		{"one of two may go", func(f *Facts) {}, ""},
		{"one who left the tenant may go: he is not active",
			func(f *Facts) { f.OtherAdmins, f.Person = 0, absent }, ""},
		{"one who is only invited may go", func(f *Facts) {
			f.OtherAdmins, f.Person, f.Invitation, f.Assignment, f.Held = 0, unregistered, InvitationOpen,
				AssignmentPending, waiting(Administrator)
		}, ""},
		{"one who has not registered is not active, whatever the grant says", func(f *Facts) {
			f.OtherAdmins, f.Person, f.Invitation, f.Assignment = 0, unregistered, InvitationOpen,
				AssignmentPending
		}, ""},
		{"one whose role never became effective may go", func(f *Facts) {
			f.OtherAdmins, f.Assignment, f.Held = 0, AssignmentFailed, waiting(Administrator)
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := settled(Administrator).but(c.change)
			if c.rule != "" {
				refused(t, f, remove(Administrator), Conflict, c.rule)
				e := refused(t, f, AccessChange{License: licenseA, Add: []Role{BenefitsReader},
					Remove: []Role{Administrator}}, Conflict, c.rule)
				if !strings.Contains(e.Message, string(licenseA)) {
					t.Errorf("the refusal doesn't name the License ID: %s", e.Message)
				}
				return
			}
			accepted(t, f, remove(Administrator), Changed, AssignmentNone)
		})
	}
}

func TestR52_AnAssignmentInProgressIsLocked(t *testing.T) {
	due := noon.Add(2 * time.Hour)
	locked := settled(BenefitsReader).but(func(f *Facts) {
		f.Assignment, f.DueAt, f.Held = AssignmentPropagating, due, waiting(BenefitsReader)
	})
	for name, c := range map[string]AccessChange{
		"adding is refused":                  add(ProductKeysReader),
		"removing is refused":                remove(BenefitsReader),
		"adding what is held is refused too": add(BenefitsReader),
	} {
		t.Run(name, func(t *testing.T) {
			e := refused(t, locked, c, Locked, "R52")
			if !e.Until.Equal(due) || !strings.Contains(e.Message, "2026-11-23 14:00 UTC") {
				t.Errorf("until %s: %s", e.Until, e.Message)
			}
		})
	}
	t.Run("it is still locked an hour after its due time", func(t *testing.T) {
		refused(t, locked.but(func(f *Facts) { f.Now = due.Add(LostAfter) }), add(ProductKeysReader),
			Locked, "R52")
	})
	t.Run("later it counts as lost and any edit starts it anew", func(t *testing.T) {
		late := locked.but(func(f *Facts) { f.Now = due.Add(LostAfter + time.Second) })
		j := accepted(t, late, add(BenefitsReader), Assigned, AssignmentPropagating)
		if want := late.Now.Add(2 * time.Hour); !j.DueAt.Equal(want) || len(j.Add) != 0 {
			t.Errorf("due at %s, adds %v", j.DueAt, j.Add)
		}
		late.Held = waiting(BenefitsReader, ProductKeysReader)
		accepted(t, late, remove(BenefitsReader), Assigned, AssignmentPropagating)
	})
	t.Run("what was lost counts as a failed attempt", func(t *testing.T) {
		late := locked.but(func(f *Facts) { f.Now, f.Attempts = due.Add(LostAfter+time.Second), 2 })
		if j := accepted(t, late, add(BenefitsReader), Assigned, AssignmentPropagating); j.Attempts != 3 {
			t.Errorf("%d attempts", j.Attempts)
		}
	})
	t.Run("of what was lost roles can be taken away from somebody who left the tenant", func(t *testing.T) {
		late := locked.but(func(f *Facts) {
			f.Now, f.Person, f.Held = due.Add(LostAfter+time.Second), absent,
				waiting(BenefitsReader, ProductKeysReader)
		})
		accepted(t, late, remove(BenefitsReader), Changed, AssignmentFailed)
		accepted(t, late, remove(BenefitsReader, ProductKeysReader), Changed, AssignmentNone)
		refused(t, late, add(BenefitsReader), Conflict, "R57")
	})
	t.Run("past its due time the refusal names no time that has gone", func(t *testing.T) {
		e := refused(t, locked.but(func(f *Facts) { f.Now = due.Add(time.Minute) }), add(BenefitsReader),
			Locked, "R52")
		if !e.Until.Equal(due) || strings.Contains(e.Message, "UTC") ||
			!strings.Contains(e.Message, "try again in a few minutes") {
			t.Errorf("until %s: %s", e.Until, e.Message)
		}
	})
	t.Run("lost is only what is in progress", func(t *testing.T) {
		for _, s := range []AssignmentState{
			AssignmentNone, AssignmentPending, AssignmentActive, AssignmentFailed,
		} {
			if Lost(s, due, due.AddDate(1, 0, 0)) {
				t.Errorf("%s is lost", s)
			}
		}
	})
	t.Run("Active and Failed are not locked", func(t *testing.T) {
		accepted(t, settled(BenefitsReader), add(ProductKeysReader), Assigned, AssignmentPropagating)
		accepted(t, settled(BenefitsReader).but(func(f *Facts) { f.Assignment = AssignmentFailed }),
			add(ProductKeysReader), Assigned, AssignmentPropagating)
	})
}

// failed is a registered person whose last addition could not be activated: one role is effective, one waits.
func failed(attempts int) Facts {
	return settled(BenefitsReader).but(func(f *Facts) {
		f.Assignment, f.Attempts = AssignmentFailed, attempts
		f.Held = append(f.Held, waiting(ProductKeysReader)...)
	})
}

// invited is a person who has not registered, with a role that waits for it.
func invited(i InvitationState) Facts {
	return settled(BenefitsReader).but(func(f *Facts) {
		f.Person, f.Assignment, f.Invitation, f.Held = unregistered, AssignmentPending, i,
			waiting(BenefitsReader, ProductKeysReader)
	})
}

func TestR54_AssigningAgainIsANewAttempt(t *testing.T) {
	t.Run("adding what is held starts it anew", func(t *testing.T) {
		j := accepted(t, failed(2), add(ProductKeysReader), Assigned, AssignmentPropagating)
		if len(j.Add) != 0 || j.Attempts != 2 || !j.DueAt.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("got %+v", j)
		}
	})
	t.Run("adding another role starts both", func(t *testing.T) {
		accepted(t, failed(1), add(OnlineServicesManager), Assigned, AssignmentPropagating)
	})
	t.Run("taking an effective role away leaves it failed", func(t *testing.T) {
		j := accepted(t, failed(1), remove(BenefitsReader), Changed, AssignmentFailed)
		if j.Attempts != 1 || !j.DueAt.IsZero() {
			t.Errorf("got %+v", j)
		}
	})
	t.Run("taking a role away that isn't held changes nothing", func(t *testing.T) {
		accepted(t, failed(1), remove(OnlineServicesManager), Unchanged, AssignmentFailed)
	})
	t.Run("taking away what failed leaves the rest active, with the attempts forgotten", func(t *testing.T) {
		j := accepted(t, failed(3), remove(ProductKeysReader), Changed, AssignmentActive)
		if j.Attempts != 0 {
			t.Errorf("%d attempts", j.Attempts)
		}
	})
}

func TestR57_NothingIsAssignedToSomebodyWhoIsNotInTheDirectory(t *testing.T) {
	gone := func(f Facts) Facts { return f.but(func(f *Facts) { f.Person.Present = false }) }
	for _, c := range []struct {
		name   string
		facts  Facts
		change AccessChange
	}{
		{"a new role is refused", gone(settled(BenefitsReader)), add(ProductKeysReader)},
		{"a first role is refused", gone(settled()), add(ProductKeysReader)},
		{"a new attempt is refused", gone(failed(1)), add(ProductKeysReader)},
		{"another role for an open invitation is refused", gone(invited(InvitationOpen)),
			add(OnlineServicesManager)},
		{"a new invitation is refused", gone(invited(InvitationExpired)), add(BenefitsReader)},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, c.facts, c.change, Conflict, "R57") })
	}
	t.Run("a role can be taken away", func(t *testing.T) {
		accepted(t, gone(settled(BenefitsReader, ProductKeysReader)), remove(BenefitsReader), Changed,
			AssignmentActive)
		accepted(t, gone(failed(1)), remove(BenefitsReader), Changed, AssignmentFailed)
		accepted(t, gone(invited(InvitationExpired)), remove(BenefitsReader), Changed, AssignmentPending)
	})
	t.Run("an external person is not asked", func(t *testing.T) {
		accepted(t, settled().but(func(f *Facts) { f.Person = outsider }), add(ProductKeysReader), Assigned,
			AssignmentPropagating)
	})
}

func TestR62_WhoIsInvitedAndWhoIsNot(t *testing.T) {
	unknown := settled().but(func(f *Facts) { f.Person, f.Invitation = unregistered, InvitationNone })
	for _, c := range []struct {
		name    string
		facts   Facts
		change  AccessChange
		outcome Outcome
		next    AssignmentState
	}{
		{"somebody new is invited", unknown, add(BenefitsReader), Invited, AssignmentPending},
		{"somebody with a profile goes straight to In Progress", settled(), add(BenefitsReader), Assigned,
			AssignmentPropagating},
		{"an open invitation carries another role too", invited(InvitationOpen), add(OnlineServicesManager),
			Joined, AssignmentPending},
		{"an open invitation from elsewhere carries this License ID too",
			unknown.but(func(f *Facts) { f.Invitation = InvitationOpen }), add(BenefitsReader), Joined,
			AssignmentPending},
		{"adding what is held changes nothing while it is open", invited(InvitationOpen), add(BenefitsReader),
			Unchanged, AssignmentPending},
		{"after an expiry a new role invites anew", invited(InvitationExpired), add(OnlineServicesManager),
			Invited, AssignmentPending},
		{"after an expiry the same role invites anew", invited(InvitationExpired), add(BenefitsReader),
			Invited, AssignmentPending},
		{"after a refused mail the same role invites anew", invited(InvitationFailed), add(BenefitsReader),
			Invited, AssignmentPending},
		{"after a withdrawal a role invites anew",
			unknown.but(func(f *Facts) { f.Invitation = InvitationCancelled }), add(BenefitsReader), Invited,
			AssignmentPending},
		{"after an expiry taking a role away invites nobody", invited(InvitationExpired),
			remove(BenefitsReader), Changed, AssignmentPending},
		{"after an expiry taking away what isn't held changes nothing", invited(InvitationExpired),
			remove(OnlineServicesManager), Unchanged, AssignmentPending},
		{"after an expiry a role for another invites anew", invited(InvitationExpired),
			AccessChange{License: licenseA, Add: []Role{OnlineServicesManager},
				Remove: []Role{BenefitsReader}}, Invited, AssignmentPending},
		{"while it is open a role can be taken away", invited(InvitationOpen), remove(BenefitsReader),
			Changed, AssignmentPending},
		{"with the last role nothing is left", invited(InvitationOpen),
			remove(BenefitsReader, ProductKeysReader), Changed, AssignmentNone},
		{"taking a role away where nothing is held changes nothing", unknown, remove(BenefitsReader),
			Unchanged, AssignmentNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := accepted(t, c.facts, c.change, c.outcome, c.next)
			if !j.DueAt.IsZero() != (c.next == AssignmentPropagating) {
				t.Errorf("due at %s", j.DueAt)
			}
		})
	}
}

func TestR71_AddedRolesWaitAndRemovedOnesGoAtOnce(t *testing.T) {
	t.Run("roles only taken away: active, without a due time", func(t *testing.T) {
		j := accepted(t, settled(BenefitsReader, ProductKeysReader), remove(BenefitsReader), Changed,
			AssignmentActive)
		if !slices.Equal(j.Remove, []Role{BenefitsReader}) || !j.DueAt.IsZero() {
			t.Errorf("got %+v", j)
		}
	})
	t.Run("one given and one taken: in progress for two hours", func(t *testing.T) {
		c := AccessChange{License: licenseA, Add: []Role{ProductKeysReader}, Remove: []Role{BenefitsReader}}
		j := accepted(t, settled(BenefitsReader), c, Assigned, AssignmentPropagating)
		if !slices.Equal(j.Remove, []Role{BenefitsReader}) ||
			!slices.Equal(j.Add, []Role{ProductKeysReader}) || !j.DueAt.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("got %+v", j)
		}
	})
	t.Run("adding what is held changes nothing", func(t *testing.T) {
		accepted(t, settled(BenefitsReader), add(BenefitsReader), Unchanged, AssignmentActive)
	})
	t.Run("taking away what isn't held changes nothing", func(t *testing.T) {
		accepted(t, settled(BenefitsReader), remove(ProductKeysReader), Unchanged, AssignmentActive)
	})
	t.Run("the status before is that of the facts", func(t *testing.T) {
		if got := settled().Before(); got != "" {
			t.Errorf("without a role: %q", got)
		}
		if got := failed(1).Before(); got != StatusFailed {
			t.Errorf("failed: %q", got)
		}
	})
}

func TestR92_InheritedAdministratorExcludesInvoiceReader(t *testing.T) {
	above := func(f *Facts) { f.AdminAbove = true }
	t.Run("Invoice Reader is refused", func(t *testing.T) {
		refused(t, settled().but(above), add(InvoiceReader), Conflict, "R92")
		refused(t, settled(BenefitsReader).but(above), add(InvoiceReader), Conflict, "R92")
	})
	t.Run("any other role can be added, Administrator too", func(t *testing.T) {
		accepted(t, settled().but(above), add(Administrator), Assigned, AssignmentPropagating)
		accepted(t, settled().but(above), add(BenefitsReader), Assigned, AssignmentPropagating)
	})
	t.Run("one that failed doesn't come alive by another attempt", func(t *testing.T) {
		f := settled(InvoiceReader).but(func(f *Facts) {
			f.AdminAbove, f.Assignment, f.Held = true, AssignmentFailed, waiting(InvoiceReader)
		})
		refused(t, f, add(InvoiceReader), Conflict, "R92")
		refused(t, f, add(BenefitsReader), Conflict, "R92")
		accepted(t, f, AccessChange{License: licenseA, Add: []Role{BenefitsReader},
			Remove: []Role{InvoiceReader}}, Assigned, AssignmentPropagating)
		accepted(t, f, remove(InvoiceReader), Changed, AssignmentNone)
		f.Held = append(f.Held, held(BenefitsReader)...)
		accepted(t, f, remove(BenefitsReader), Changed, AssignmentFailed)
	})
	t.Run("Invoice Reader can be taken away", func(t *testing.T) {
		accepted(t, settled(InvoiceReader).but(above), remove(InvoiceReader), Changed, AssignmentNone)
	})
}
