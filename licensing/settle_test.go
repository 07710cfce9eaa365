package licensing

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// failed is a registered person whose last addition could not be activated: one role is effective, one waits.
func failed(attempts int) Facts {
	return settled(BenefitsReader).but(func(f *Facts) {
		f.Assignment, f.Attempts = Broken, attempts
		f.Held = append(f.Held, waiting(ProductKeysReader)...)
	})
}

// invited is a person who has not registered, with a role that waits for it.
func invited(i InvitationState) Facts {
	return settled(BenefitsReader).but(func(f *Facts) {
		f.Person, f.Assignment, f.Invitation, f.Held = unregistered, Pending, i, waiting(BenefitsReader, ProductKeysReader)
	})
}

func TestR54_AssigningAgainIsANewAttempt(t *testing.T) {
	t.Run("adding what is held starts it anew", func(t *testing.T) {
		j := accepted(t, failed(2), add(ProductKeysReader), Assigned, Propagating)
		if len(j.Add) != 0 || j.Attempts != 2 || !j.DueAt.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("got %+v", j)
		}
	})
	t.Run("adding another role starts both", func(t *testing.T) {
		accepted(t, failed(1), add(OnlineServicesManager), Assigned, Propagating)
	})
	t.Run("taking an effective role away leaves it failed", func(t *testing.T) {
		if j := accepted(t, failed(1), remove(BenefitsReader), Changed, Broken); j.Attempts != 1 || !j.DueAt.IsZero() {
			t.Errorf("got %+v", j)
		}
	})
	t.Run("taking a role away that isn't held changes nothing", func(t *testing.T) {
		accepted(t, failed(1), remove(OnlineServicesManager), Unchanged, Broken)
	})
	t.Run("taking away what failed leaves the rest active, with the attempts forgotten", func(t *testing.T) {
		if j := accepted(t, failed(3), remove(ProductKeysReader), Changed, Settled); j.Attempts != 0 {
			t.Errorf("%d attempts", j.Attempts)
		}
	})
}

func TestR54_AfterThreeFailuresTheAdviceIsSupport(t *testing.T) {
	p := DefaultPolicy()
	p.Support = "support@contoso.example"
	for _, c := range []struct {
		name     string
		status   Status
		attempts int
		has      string
	}{
		{"after one it is to assign again", Failed, 1, "Assign the roles again"},
		{"after two it is to assign again", Failed, 2, "Assign the roles again"},
		{"after three it is support, with a reference", Failed, 3, "failed 3 times: contact support and quote the reference. support@contoso.example"},
		{"after ten it is support too", Failed, 10, "failed 10 times"},
		{"an expired invitation is to be reset", InvitationExpired, 0, "Reset the invitation"},
		{"a person not found is to be checked again or deleted", UserNotFound, 0, "re-check"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Advice(c.status, c.attempts, p); !strings.Contains(got, c.has) {
				t.Errorf("got %q", got)
			}
		})
	}
	for _, s := range []Status{Active, AssignmentInProgress, InvitationSent} {
		if got := Advice(s, 9, p); got != "" {
			t.Errorf("%s: %q", s, got)
		}
	}
	if got := Advice(Failed, 3, DefaultPolicy()); !strings.HasSuffix(got, "reference.") {
		t.Errorf("without a support contact: %q", got)
	}
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
		{"another role for an open invitation is refused", gone(invited(InvitationOpen)), add(OnlineServicesManager)},
		{"a new invitation is refused", gone(invited(InvitationLapsed)), add(BenefitsReader)},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, c.facts, c.change, Conflict, "R57") })
	}
	t.Run("a role can be taken away", func(t *testing.T) {
		accepted(t, gone(settled(BenefitsReader, ProductKeysReader)), remove(BenefitsReader), Changed, Settled)
		accepted(t, gone(failed(1)), remove(BenefitsReader), Changed, Broken)
		accepted(t, gone(invited(InvitationLapsed)), remove(BenefitsReader), Changed, Pending)
	})
	t.Run("an external person is not asked", func(t *testing.T) {
		accepted(t, settled().but(func(f *Facts) { f.Person = outsider }), add(ProductKeysReader), Assigned, Propagating)
	})
}

func TestR62_WhoIsInvitedAndWhoIsNot(t *testing.T) {
	unknown := settled().but(func(f *Facts) { f.Person, f.Invitation = unregistered, NotInvited })
	for _, c := range []struct {
		name    string
		facts   Facts
		change  AccessChange
		outcome Outcome
		next    AssignmentState
	}{
		{"somebody new is invited", unknown, add(BenefitsReader), Invited, Pending},
		{"somebody with a profile goes straight to In Progress", settled(), add(BenefitsReader), Assigned, Propagating},
		{"an open invitation carries another role too", invited(InvitationOpen), add(OnlineServicesManager), Joined, Pending},
		{"an open invitation from elsewhere carries this License ID too",
			unknown.but(func(f *Facts) { f.Invitation = InvitationOpen }), add(BenefitsReader), Joined, Pending},
		{"adding what is held changes nothing while it is open", invited(InvitationOpen), add(BenefitsReader), Unchanged, Pending},
		{"after an expiry a new role invites anew", invited(InvitationLapsed), add(OnlineServicesManager), Invited, Pending},
		{"after an expiry the same role invites anew", invited(InvitationLapsed), add(BenefitsReader), Invited, Pending},
		{"after a refused mail the same role invites anew", invited(InvitationRefused), add(BenefitsReader), Invited, Pending},
		{"after a withdrawal a role invites anew", unknown.but(func(f *Facts) { f.Invitation = InvitationCancelled }), add(BenefitsReader), Invited, Pending},
		{"after an expiry taking a role away invites nobody", invited(InvitationLapsed), remove(BenefitsReader), Changed, Pending},
		{"after an expiry taking away what isn't held changes nothing", invited(InvitationLapsed), remove(OnlineServicesManager), Unchanged, Pending},
		{"after an expiry a role for another invites anew", invited(InvitationLapsed),
			AccessChange{License: licenseA, Add: []Role{OnlineServicesManager}, Remove: []Role{BenefitsReader}}, Invited, Pending},
		{"while it is open a role can be taken away", invited(InvitationOpen), remove(BenefitsReader), Changed, Pending},
		{"with the last role nothing is left", invited(InvitationOpen), remove(BenefitsReader, ProductKeysReader), Changed, NotAssigned},
		{"taking a role away where nothing is held changes nothing", unknown, remove(BenefitsReader), Unchanged, NotAssigned},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := accepted(t, c.facts, c.change, c.outcome, c.next)
			if !j.DueAt.IsZero() != (c.next == Propagating) {
				t.Errorf("due at %s", j.DueAt)
			}
		})
	}
}

func TestR71_AddedRolesWaitAndRemovedOnesGoAtOnce(t *testing.T) {
	t.Run("roles only taken away: active, without a due time", func(t *testing.T) {
		j := accepted(t, settled(BenefitsReader, ProductKeysReader), remove(BenefitsReader), Changed, Settled)
		if !slices.Equal(j.Remove, []Role{BenefitsReader}) || !j.DueAt.IsZero() {
			t.Errorf("got %+v", j)
		}
	})
	t.Run("one given and one taken: in progress for two hours", func(t *testing.T) {
		c := AccessChange{License: licenseA, Add: []Role{ProductKeysReader}, Remove: []Role{BenefitsReader}}
		j := accepted(t, settled(BenefitsReader), c, Assigned, Propagating)
		if !slices.Equal(j.Remove, []Role{BenefitsReader}) || !slices.Equal(j.Add, []Role{ProductKeysReader}) || !j.DueAt.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("got %+v", j)
		}
	})
	t.Run("adding what is held changes nothing", func(t *testing.T) {
		accepted(t, settled(BenefitsReader), add(BenefitsReader), Unchanged, Settled)
	})
	t.Run("taking away what isn't held changes nothing", func(t *testing.T) {
		accepted(t, settled(BenefitsReader), remove(ProductKeysReader), Unchanged, Settled)
	})
	t.Run("the status before is that of the facts", func(t *testing.T) {
		if got := settled().Before(); got != "" {
			t.Errorf("without a role: %q", got)
		}
		if got := failed(1).Before(); got != Failed {
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
		accepted(t, settled().but(above), add(Administrator), Assigned, Propagating)
		accepted(t, settled().but(above), add(BenefitsReader), Assigned, Propagating)
	})
	t.Run("one that failed doesn't come alive by another attempt", func(t *testing.T) {
		f := settled(InvoiceReader).but(func(f *Facts) { f.AdminAbove, f.Assignment, f.Held = true, Broken, waiting(InvoiceReader) })
		refused(t, f, add(InvoiceReader), Conflict, "R92")
		refused(t, f, add(BenefitsReader), Conflict, "R92")
		accepted(t, f, AccessChange{License: licenseA, Add: []Role{BenefitsReader}, Remove: []Role{InvoiceReader}}, Assigned, Propagating)
		accepted(t, f, remove(InvoiceReader), Changed, NotAssigned)
		f.Held = append(f.Held, held(BenefitsReader)...)
		accepted(t, f, remove(BenefitsReader), Changed, Broken)
	})
	t.Run("Invoice Reader can be taken away", func(t *testing.T) {
		accepted(t, settled(InvoiceReader).but(above), remove(InvoiceReader), Changed, NotAssigned)
	})
}
