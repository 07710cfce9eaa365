package licensing

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestR45_OneOfSixStatuses(t *testing.T) {
	want := map[Status]string{
		UserNotFound: "User not found", Failed: "Failed", InvitationExpired: "Invitation expired",
		AssignmentInProgress: "Assignment in Progress", InvitationSent: "Invitation sent", Active: "Active",
	}
	if got := Statuses(); !slices.Equal(got, []Status{UserNotFound, Failed, InvitationExpired, AssignmentInProgress, InvitationSent, Active}) {
		t.Errorf("the order of attention is %v", got)
	}
	for s, label := range want {
		if s.String() != label {
			t.Errorf("%s reads %q", string(s), s)
		}
		if got, err := ParseStatus(string(s)); err != nil || got != s {
			t.Errorf("%s is read as %q, %v", string(s), got, err)
		}
	}
	_, err := ParseStatus("done")
	e := refusal(t, err, Invalid, "R45")
	for s := range want {
		if !strings.Contains(e.Message, string(s)) {
			t.Errorf("the refusal doesn't name %s", string(s))
		}
	}
	if Status("done").String() != "done" {
		t.Error("an unknown status doesn't read as it is")
	}
}

func TestR45_TheListShowsWhatNeedsAttentionFirst(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []Status
		want Status
	}{
		{"not found before failed", []Status{Failed, UserNotFound}, UserNotFound},
		{"failed before expired", []Status{InvitationExpired, Failed}, Failed},
		{"expired before in progress", []Status{AssignmentInProgress, InvitationExpired}, InvitationExpired},
		{"in progress before sent", []Status{InvitationSent, AssignmentInProgress}, AssignmentInProgress},
		{"sent before active", []Status{Active, InvitationSent}, InvitationSent},
		{"active where all are", []Status{Active, Active}, Active},
		{"active for none", nil, Active},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Foremost(c.in...); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestR51_R52_R54_R55_R56_R57_WhichStatusAPersonHas(t *testing.T) {
	for _, c := range []struct {
		name string
		p    Person
		a    AssignmentState
		i    InvitationState
		want Status
	}{
		{"R51: registered, propagated and granted is Active", registered, Settled, InvitationAccepted, Active},
		{"R51: a registered person who never was invited is Active", outsider, Settled, NotInvited, Active},
		{"R52: before the due time it is in progress", registered, Propagating, InvitationAccepted, AssignmentInProgress},
		{"R54: what could not be activated is Failed", registered, Broken, InvitationAccepted, Failed},
		{"R54: it is Failed whatever becomes of an invitation", registered, Broken, InvitationOpen, Failed},
		{"R55: who has not registered has Invitation sent", unregistered, Pending, InvitationOpen, InvitationSent},
		{"R55: a refused mail is Failed", unregistered, Pending, InvitationRefused, Failed},
		{"R56: who did not register in time has Invitation expired", unregistered, Pending, InvitationLapsed, InvitationExpired},
		{"R57: who isn't in the directory is not found, active or not", absent, Settled, InvitationAccepted, UserNotFound},
		{"R57: an invited person who left is not found", Person{Kind: Internal}, Pending, InvitationOpen, UserNotFound},
		{"R57: an external person is never looked for", Person{Kind: External}, Pending, InvitationOpen, InvitationSent},
		{"a state that should not be is Failed: an admin must see it", unregistered, Pending, InvitationCancelled, Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := StatusOf(c.p, c.a, c.i); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestR46_R59_WhatCanBeDoneNow(t *testing.T) {
	for _, c := range []struct {
		name       string
		status     Status
		registered bool
		want       []Action
	}{
		{"Invitation sent", InvitationSent, false, []Action{ViewAccess, EditAccess, ResendMail, ResetInvite, DeleteUser}},
		{"Invitation expired", InvitationExpired, false, []Action{ViewAccess, EditAccess, ResetInvite, DeleteUser}},
		{"Assignment in Progress", AssignmentInProgress, true, []Action{ViewAccess, DeleteUser}},
		{"Active", Active, true, []Action{ViewAccess, EditAccess, DeleteUser}},
		{"Failed, registered", Failed, true, []Action{ViewAccess, AssignAgain, DeleteUser}},
		{"Failed, never registered", Failed, false, []Action{ViewAccess, AssignAgain, ResetInvite, DeleteUser}},
		{"User not found, registered", UserNotFound, true, []Action{ViewAccess, Recheck, DeleteUser}},
		{"User not found, never registered", UserNotFound, false, []Action{ViewAccess, Recheck, DeleteUser}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Actions(c.status, c.registered); !slices.Equal(got, c.want) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestR46_WhyAnActionIsMissing(t *testing.T) {
	for _, c := range []struct {
		name       string
		action     Action
		status     Status
		registered bool
		has        string
	}{
		{"an edit waits for Active", EditAccess, AssignmentInProgress, true, "R52"},
		{"after a failure one assigns again", EditAccess, Failed, true, "R54"},
		{"who isn't found is not edited", EditAccess, UserNotFound, true, "R57"},
		{"who has registered gets no mail again", ResendMail, Active, true, "R62"},
		{"an expired invitation is reset, not resent", ResendMail, InvitationExpired, false, "R56"},
		{"a refused mail is not sent again", ResendMail, Failed, false, "R58"},
		{"who isn't found is not invited", ResetInvite, UserNotFound, false, "R57"},
		{"where no invitation is, none is reset", ResetInvite, Active, false, "R58"},
		{"what has not failed is not assigned again", AssignAgain, Active, true, "R54"},
		{"who isn't missing is not checked again", Recheck, Active, true, "R57"},
		{"an unknown action is not possible", "promote", Active, true, "R59"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := WhyNot(c.action, c.status, c.registered); !strings.Contains(got, "("+c.has+")") {
				t.Errorf("got %q", got)
			}
		})
	}
	var r UserRow
	r.Status = AssignmentInProgress
	if r.Decide(true); len(r.Actions)+len(r.WhyNot) != 7 || r.WhyNot[EditAccess] == "" {
		t.Errorf("the row says %v and %v", r.Actions, r.WhyNot)
	}
}

func TestR07_ATenantRoleIsNoInput(t *testing.T) {
	t.Run("somebody of the tenant without a VL role may nothing", func(t *testing.T) {
		for _, p := range Permissions() {
			if a := MayDo(true, AccessFacts{Person: registered}, p, licenseA); a.Allowed || a.Rule != "R02" {
				t.Errorf("%s: %+v", p, a)
			}
		}
	})
	// What decides is these fields; a tenant's role among them would show here.
	for typ, want := range map[reflect.Type][]string{
		reflect.TypeFor[AccessFacts](): {"Person", "Held", "Above"},
		reflect.TypeFor[Person]():      {"Kind", "Present", "RegisteredAt"},
		reflect.TypeFor[Grant]():       {"Role", "Origin", "Effective"},
	} {
		t.Run(typ.Name()+" has no tenant role", func(t *testing.T) {
			var got []string
			for f := range typ.Fields() {
				got = append(got, f.Name)
			}
			if !slices.Equal(got, want) {
				t.Errorf("it has %v", got)
			}
		})
	}
	for _, s := range []string{"Global Administrator", "Company Administrator", "Billing Administrator"} {
		_, err := ParseRole(s)
		refusal(t, err, Invalid, "R10")
	}
}

func TestR55_HowFarAMailIs(t *testing.T) {
	for s, want := range map[MailState]Delivery{
		MailQueued: DeliveryQueued, MailSending: DeliveryQueued, MailSent: DeliverySent, MailDeferred: DeliveryDeferred,
		MailRefused: DeliveryBounced, MailGivenUp: DeliveryBounced, MailUnknown: DeliveryUnknown, MailDropped: "",
	} {
		if got := s.Delivery(); got != want {
			t.Errorf("%s reads %q, want %q", s, got, want)
		}
	}
}

func TestR40_TheFilterOfTheList(t *testing.T) {
	long := strings.Repeat("ü", MaxName)
	for _, c := range []struct {
		name     string
		in, want UserFilter
		field    string // "": taken
	}{
		{"nothing is the first page of everybody", UserFilter{}, UserFilter{Limit: UsersOnPage}, ""},
		{"a search has no case and no blanks around it", UserFilter{Query: "  Ada "}, UserFilter{Query: "ada", Limit: UsersOnPage}, ""},
		{"256 characters can be searched for, whatever their bytes", UserFilter{Query: long}, UserFilter{Query: long, Limit: UsersOnPage}, ""},
		{"257 can't", UserFilter{Query: long + "ü"}, UserFilter{}, "q"},
		{"bytes that are no UTF-8 can't", UserFilter{Query: "ad\xff"}, UserFilter{}, "q"},
		{"a NUL can't", UserFilter{Query: "a\x00"}, UserFilter{}, "q"},
		{"License ID and role are read into their canonical form", UserFilter{License: " a-1", Role: "Download", Status: Failed},
			UserFilter{License: "A-1", Role: ProductDownloadManager, Status: Failed, Limit: UsersOnPage}, ""},
		{"an unknown status is refused", UserFilter{Status: "done"}, UserFilter{}, "status"},
		{"a bad License ID is refused", UserFilter{License: "a 1"}, UserFilter{}, "license_id"},
		{"an unknown role is refused", UserFilter{Role: "owner"}, UserFilter{}, "role"},
		{"200 are the most on a page", UserFilter{Limit: MaxUsers}, UserFilter{Limit: MaxUsers}, ""},
		{"201 are too many", UserFilter{Limit: MaxUsers + 1}, UserFilter{}, "limit"},
		{"fewer than none is refused", UserFilter{Limit: -1}, UserFilter{}, "limit"},
		{"the cursor stays as it is", UserFilter{Cursor: " aB="}, UserFilter{Cursor: " aB=", Limit: UsersOnPage}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.in.Check()
			if c.field == "" {
				if err != nil || got != c.want {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || e.Kind != Invalid || e.Field != c.field {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestR02_R23_R71_R84_TheAccessCheck(t *testing.T) {
	facts := func(p Person, g ...Grant) AccessFacts { return AccessFacts{Person: p, Held: g} }
	inherited := []Grant{{Role: Administrator, Origin: Inherited, Effective: true}}
	for _, c := range []struct {
		name  string
		known bool
		f     AccessFacts
		p     Permission
		rule  string // "": allowed
	}{
		{"R01: an effective role permits what it permits", true, facts(registered, held(BenefitsReader)...), ManageBenefits, ""},
		{"R01: an external person's role too", true, facts(outsider, held(BenefitsReader)...), ManageBenefits, ""},
		{"R01: an inherited Administrator too", true, facts(registered, inherited...), ViewContractKeys, ""},
		{"R20: one of several roles is enough", true, facts(registered, append(waiting(Administrator), held(InvoiceReader)...)...), ViewContracts, ""},
		{"R02: somebody unknown may nothing", false, facts(registered, held(BenefitsReader)...), ManageBenefits, "R02"},
		{"R02: without a role nothing is permitted", true, facts(registered), ViewContracts, "R02"},
		{"R02: another role's permission is denied", true, facts(registered, held(BenefitsReader)...), DownloadSoftware, "R02"},
		{"R11: an administrator sees no invoices", true, facts(registered, held(Administrator)...), ListInvoices, "R02"},
		{"R01: a permission that doesn't exist is denied", true, facts(registered, held(Administrator)...), "everything", "R02"},
		{"R71: an added role waits", true, facts(registered, waiting(BenefitsReader)...), ManageBenefits, "R53"},
		{"R71: a removed role is denied at once", true, facts(registered, held(ProductKeysReader)...), ManageBenefits, "R02"},
		{"R23: before registering nothing is permitted", true, facts(unregistered, held(BenefitsReader)...), ManageBenefits, "R23"},
		{"R84: who left the tenant may nothing", true, facts(absent, held(Administrator)...), ManageAssignments, "R84"},
		{"R84: whose kind is not known must be in the tenant", true, facts(Person{RegisteredAt: noon}, held(Administrator)...), ManageAssignments, "R84"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := MayDo(c.known, c.f, c.p, licenseA)
			if a.Allowed != (c.rule == "") || c.rule != "" && a.Rule != c.rule || a.Why == "" {
				t.Errorf("got %+v", a)
			}
			if !a.Allowed && (a.Role != "" || a.Origin != "") {
				t.Errorf("a denial tells of the role: %+v", a)
			}
			if a.Allowed && (!a.Role.Permits(c.p) || a.Origin == "") {
				t.Errorf("allowed by %+v", a)
			}
		})
	}
}

func TestR53_R60_R61_WhenRolesBecomeEffective(t *testing.T) {
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	own := DefaultPolicy()
	own.Propagation, own.Processing = time.Minute, time.Hour
	for _, c := range []struct {
		name      string
		p         Policy
		processed time.Time
		want      time.Duration // after the registration
	}{
		{"R60: two hours after the registration", DefaultPolicy(), ago(48 * time.Hour), 2 * time.Hour},
		{"R61: ten hours after the processing where that is later", DefaultPolicy(), ago(time.Hour), 9 * time.Hour},
		{"R61: an agreement processed now takes ten hours", DefaultPolicy(), noon, 10 * time.Hour},
		{"R61: one processed eight hours ago no longer matters", DefaultPolicy(), ago(8 * time.Hour), 2 * time.Hour},
		{"R61: one processed a second later does", DefaultPolicy(), ago(8*time.Hour - time.Second), 2*time.Hour + time.Second},
		{"R60: an agreement without a time of processing is old", DefaultPolicy(), time.Time{}, 2 * time.Hour},
		{"R53: both delays are configuration", own, ago(30 * time.Minute), 30 * time.Minute},
		{"R53: the shorter one too", own, ago(2 * time.Hour), time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.p.DueAt(noon, c.processed).Sub(noon); got != c.want {
				t.Errorf("got %s", got)
			}
			f := settled().but(func(f *Facts) { f.Policy, f.Agreement = c.p, &Agreement{ProcessedAt: c.processed} })
			if j := accepted(t, f, add(BenefitsReader), Assigned, Propagating); j.DueAt.Sub(noon) != c.want {
				t.Errorf("an assignment is due after %s", j.DueAt.Sub(noon))
			}
		})
	}
}

func TestR88_R92_InheritedAdministratorPermitsWhatAdministratorDoesUnlessInvoiceReaderIsHeld(t *testing.T) {
	registered := Person{Kind: External, RegisteredAt: noon}
	for _, c := range []struct {
		name    string
		facts   AccessFacts
		p       Permission
		allowed bool
	}{
		{"opted in above", AccessFacts{Person: registered, Above: "P1"}, ViewOrders, true},
		{"not opted in", AccessFacts{Person: registered}, ViewOrders, false},
		{"invoices are not Administrator's", AccessFacts{Person: registered, Above: "P1"}, ListInvoices, false},
		{"beside another role", AccessFacts{Person: registered, Above: "P1", Held: held(BenefitsReader)}, ManageAssignments, true},
		{"beside Invoice Reader", AccessFacts{Person: registered, Above: "P1", Held: held(InvoiceReader)}, ViewOrders, false},
		{"who has left the tenant", AccessFacts{Person: Person{Kind: Internal, RegisteredAt: noon}, Above: "P1"}, ViewOrders, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := MayDo(true, c.facts, c.p, licenseA); a.Allowed != c.allowed || a.Allowed && a.Origin == Inherited && a.Above != "P1" {
				t.Errorf("%+v", a)
			}
		})
	}
}
