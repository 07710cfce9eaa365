package store

import (
	"time"

	"vlroles/licensing"
)

// mandate is in whose name one request changes roles, and how far that reaches. Each entry builds its own;
// what the rules make of it stands in licensing.Mandate.
type mandate struct {
	licensing.Mandate
	org     licensing.OrgID
	request licensing.RequestID
	by      licensing.UserID    // who acts; "" for another principal
	who     licensing.Principal // a partner or support (L04)
	// reaches every License ID of the organization; else those that by administers (R05)
	everywhere bool
	change     licensing.ChangeID // fences what is put in progress
	inviteFor  time.Duration      // time to register, as asked; 0: the deployment's (R56)
	reason     string             // support's
}

// adminMandate is the name of an admin who acts on what he administers.
func adminMandate(m licensing.Mandate, sv licensing.Save) mandate {
	return mandate{Mandate: m, org: sv.Org, request: sv.ID, by: sv.Admin, change: licensing.ChangeID(sv.ID),
		inviteFor: sv.InviteFor}
}

// outsideMandate is the name of a partner or of support, who administer nothing and reach everything.
func outsideMandate(m licensing.Mandate, q request, inviteFor time.Duration) mandate {
	out := adminMandate(m, licensing.Save{ID: q.id, Org: q.org, InviteFor: inviteFor})
	out.by, out.who, out.everywhere = "", q.who, true
	return out
}

// line begins an audit line of the mandate.
func (m mandate) line(user licensing.UserID, l licensing.LicenseID) auditLine {
	return auditLine{org: m.org, by: m.by, who: m.who, request: m.request, action: m.Action, rule: m.Rule,
		user: user, license: l}
}
