package licensing

import (
	"strings"
	"testing"
)

// What the rules say of a step that is no change of roles.
func TestR18_R28_R31_R32_R34_R47_R57_R62_R82_R84_R86_WhatMayBeDone(t *testing.T) {
	somebody := Identity{Email: "ada@contoso.example", ObjectID: "o-1"}
	unbound := Identity{Email: "ada@contoso.example"}
	for _, c := range []struct {
		name string
		err  error
		kind Kind
		rule string
		says string
	}{
		{"a forwarded acceptance moves one License ID", MayForward(1), "", "", ""},
		{"a forwarded acceptance moves nothing", MayForward(0), Conflict, "R28", "ask the person who forwarded"},

		{"nobody else is the directory's person", MayBind(true), "", "", ""},
		{"another profile is the directory's person", MayBind(false), Conflict, "R47", "another profile"},

		{"a profile that is nobody's in the directory accepts", MayTakeOver(Identity{}, outsider, somebody), "", "", ""},
		{"the same object accepts", MayTakeOver(Identity{ObjectID: "o-1"}, registered, somebody), "", "", ""},
		{"an identity without object is nobody who has one", MayTakeOver(Identity{ObjectID: "o-1"}, registered,
			unbound), Forbidden, "R47", "help desk"},
		{"the same subject accepts", MayTakeOver(Identity{Issuer: "i", Subject: "s"}, registered,
			Identity{Issuer: "i", Subject: "s"}), "", "", ""},
		{"another subject has the address", MayTakeOver(Identity{Issuer: "i", Subject: "s"}, registered,
			Identity{Issuer: "i", Subject: "t"}), Forbidden, "R47", "help desk"},
		{"another issuer has the address", MayTakeOver(Identity{Issuer: "i", Subject: "s"}, registered,
			Identity{Issuer: "j", Subject: "s"}), Forbidden, "R47", "help desk"},
		{"an identity without subject is nobody who has one", MayTakeOver(Identity{Issuer: "i", Subject: "s"},
			registered, unbound), Forbidden, "R47", "help desk"},
		{"the same object accepts with another subject", MayTakeOver(Identity{ObjectID: "o-1", Issuer: "i",
			Subject: "s"}, registered, somebody), "", "", ""},
		{"another object has the address", MayTakeOver(Identity{ObjectID: "o-2"}, registered, somebody), Forbidden, "R47", "help desk"},
		{"another object, who has left", MayTakeOver(Identity{ObjectID: "o-2"}, absent, somebody), Forbidden, "R47", "help desk"},
		{"who has left the tenant", MayTakeOver(Identity{ObjectID: "o-1"}, absent, somebody), Forbidden, "R84", "help desk"},
		{"who was never in the directory", MayTakeOver(Identity{}, Person{Kind: Internal}, unbound), Forbidden, "R84", ""},

		{"an open invitation is cancelled", MayCancel(InvitationOpen, unregistered), "", "", ""},
		{"one that failed is cancelled", MayCancel(InvitationFailed, unregistered), "", "", ""},
		{"one that expired is cancelled", MayCancel(InvitationExpired, unregistered), "", "", ""},
		{"one of somebody who left is cancelled", MayCancel(InvitationOpen, Person{Kind: Internal}), "", "", ""},
		{"an accepted one is not", MayCancel(InvitationAccepted, unregistered), Conflict, "R62",
			"remove the roles"},
		{"one of a registered person is not", MayCancel(InvitationOpen, registered), Conflict, "R62",
			"remove the roles"},

		{"an open hand-over is cancelled", MayCancelHandOver(HandOverOpen), "", "", ""},
		{"an agreed one is cancelled", MayCancelHandOver(HandOverAgreed), "", "", ""},
		{"a done one is not", MayCancelHandOver(HandOverDone), Conflict, "R32", "done"},
		{"a cancelled one is not", MayCancelHandOver(HandOverCancelled), Conflict, "R32", "cancelled"},
		{"an expired one is not", MayCancelHandOver(HandOverExpired), Conflict, "R32", "expired"},

		{"the successor agrees", MayAgree(HandOverOpen, true, registered), "", "", ""},
		{"the successor agrees again", MayAgree(HandOverAgreed, true, outsider), "", "", ""},
		{"somebody else doesn't see it", MayAgree(HandOverDone, false, registered), NotFound, "R43", Hidden().Message},
		{"the successor is too late", MayAgree(HandOverExpired, true, registered), Conflict, "R32", "expired"},
		{"the successor is too late, and no user", MayAgree(HandOverDone, true, unregistered), Conflict,
			"R32", "done"},
		{"the successor is merely invited", MayAgree(HandOverOpen, true, unregistered), Conflict, "R30",
			"register"},
		{"the successor has left", MayAgree(HandOverOpen, true, absent), Conflict, "R30", "register"},

		{"one License ID lists the contact", MayReplace(1, PrimaryContact), "", "", ""},
		{"as many as a request changes", MayReplace(MaxAgreements, PrimaryContact), "", "", ""},
		{"none lists the contact", MayReplace(0, BillToContact), NotFound, "R34", "bill_to"},
		{"too many list the contact", MayReplace(MaxAgreements+1, NoticesContact), Invalid, "R34", "201"},

		{"who is missing is found", MayRecheck(absent, true, false), "", "", ""},
		{"who is missing stays so", MayRecheck(absent, false, false), Conflict, "R86", "delete the user"},
		{"who isn't missing", MayRecheck(registered, true, false), Conflict, "R57", "isn't missing"},
		{"who is back and has suspended roles", MayRecheck(registered, true, true), "", "", ""},
		{"suspended roles of who is missing", MayRecheck(absent, false, true), Conflict, "R86", "still isn't"},
		{"an external person is never missing", MayRecheck(outsider, false, false), Conflict, "R57", "isn't missing"},
		{"no other profile is that person", MayRecheckAs(true), "", "", ""},
		{"another profile is that person", MayRecheckAs(false), Conflict, "R47", "delete this user"},

		{"support appoints where nobody administers", MayAppoint(licenseA, true, 0), "", "", ""},
		{"support appoints where somebody does", MayAppoint(licenseA, true, 1), Conflict, "R05", "A-100"},
		{"support appoints nowhere", MayAppoint(licenseA, false, 0), NotFound, "R08", "A-100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.kind == "" {
				if c.err != nil {
					t.Errorf("refused: %v", c.err)
				}
				return
			}
			if e := refusal(t, c.err, c.kind, c.rule); !strings.Contains(e.Message, c.says) {
				t.Errorf("%q doesn't say %q", e.Message, c.says)
			}
		})
	}
}

func TestR32_AHandOverHasEndedUnlessItWaits(t *testing.T) {
	for state, ended := range map[HandOverState]bool{
		HandOverOpen: false, HandOverAgreed: false, HandOverDone: true, HandOverCancelled: true,
		HandOverExpired: true,
	} {
		if state.Ended() != ended {
			t.Errorf("%s: ended %v", state, state.Ended())
		}
	}
}
