package store

import "vlroles/licensing"

// auditLine is one line of the audit on its way to its row: who did what to
// whom, on which License ID, by which rule.
type auditLine struct {
	org           licensing.OrgID
	by            licensing.UserID    // the person who acts, "" for another principal
	who           licensing.Principal // who else acts; the zero value is the system, or the person (L04)
	request       licensing.RequestID
	action        licensing.AuditAction
	user          licensing.UserID // whom it is about
	license       licensing.LicenseID
	rule          string
	refused       bool
	before, after licensing.Status
	detail        licensing.Detail
}

const insertAudit = `
	INSERT INTO audit (at, org_id, principal, actor, named, action, outcome, user_id, license_id, request_id, rule, before,
		after, detail)
	VALUES (:at, :org_id, :principal, :actor, :named, :action, :outcome, :user_id, :license_id, :request_id, :rule, :before,
		:after, :detail)`

// audit writes lines.
func (t *tx) audit(lines ...auditLine) error {
	rows := make([]auditRow, len(lines))
	for n, l := range lines {
		row, err := t.auditRow(l)
		if err != nil {
			return err
		}
		rows[n] = row
	}
	return insert(t, insertAudit, rows)
}

func (t *tx) auditRow(l auditLine) (auditRow, error) {
	outcome := "done"
	if l.refused {
		outcome = "refused"
	}
	who := l.who
	switch {
	case l.by != "":
		who = licensing.Principal{Kind: licensing.ByPerson}
	case who.Kind == "":
		who.Kind = licensing.BySystem
	}
	detail, err := licensing.EncodeDetail(l.detail)
	return auditRow{
		At: ts(t.now), OrgID: l.org, Principal: who.Kind, Actor: nullString(l.by),
		Named: nullString(who.Name), Action: l.action, Outcome: outcome,
		UserID: nullString(l.user), LicenseID: nullString(l.license),
		RequestID: nullString(l.request), Rule: nullString(l.rule), Before: nullString(l.before),
		After: nullString(l.after), Detail: detail,
	}, err
}

// on repeats the line for each of some License IDs.
func (l auditLine) on(ids []licensing.LicenseID) []auditLine {
	out := make([]auditLine, len(ids))
	for n, id := range ids {
		out[n] = l
		out[n].license = id
	}
	return out
}

// auditEverywhere writes the line once for each License ID that its user has something on, and returns them.
func (t *tx) auditEverywhere(l auditLine) ([]licensing.LicenseID, error) {
	var ids []licensing.LicenseID
	err := t.all(&ids, `SELECT license_id FROM assignments WHERE user_id = ? ORDER BY license_id`, l.user)
	if err != nil {
		return nil, err
	}
	return ids, t.audit(l.on(ids)...)
}
