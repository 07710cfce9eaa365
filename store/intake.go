package store

import (
	"slices"

	"vlroles/licensing"
)

// existingAgreement is an agreement as a partner's request finds it.
type existingAgreement struct {
	License licensing.LicenseID `db:"license_id"`
	Org     licensing.OrgID     `db:"org_id"`
	Parent  nullString          `db:"parent"`
	Active  bool                `db:"active"`
	fresh   bool                // there is none yet
}

// lockContract locks the agreements of a request and reads them as they are.
func (c *contract) lockContract(
	agreements []licensing.ContractAgreement,
) (map[licensing.LicenseID]existingAgreement, error) {
	var all []licensing.LicenseID
	nested := false
	for _, a := range agreements {
		all = append(all, a.License)
		nested = nested || a.Parent != ""
	}
	if nested { // two requests at once must not close a circle of parents
		var one int
		err := c.get(&one, c.lock(`SELECT 1 FROM organizations o WHERE o.id = ?`, "o"), c.org)
		if err != nil {
			return nil, err
		}
	}
	if err := c.lockAgreements(all); err != nil {
		return nil, err
	}
	return c.existing(all)
}

// existing reads agreements whatever organization they belong to; those that there are not are fresh.
func (c *contract) existing(ids []licensing.LicenseID) (map[licensing.LicenseID]existingAgreement, error) {
	out := map[licensing.LicenseID]existingAgreement{}
	for _, l := range ids {
		out[l] = existingAgreement{License: l, Org: c.org, fresh: true}
	}
	for part := range slices.Chunk(ids, batch) {
		var rows []existingAgreement
		err := c.in(&rows,
			`SELECT license_id, org_id, parent, active FROM agreements WHERE license_id IN (?)`, part)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.License] = r
		}
	}
	return out, nil
}

// putAgreement writes one agreement and plans the audit of what is new.
func (c *contract) putAgreement(a licensing.ContractAgreement, was existingAgreement) error {
	foreign := licensing.Refuse(licensing.Conflict, "R08",
		"License ID %s belongs to another organization", a.License)
	if was.Org != c.org {
		return foreign
	}
	if err := c.mayStandBelow(a.License, a.Parent); err != nil {
		return err
	}
	invitation := "mail"
	if a.NoInvitation {
		invitation = "none"
	}
	n, err := c.exec(`
		INSERT INTO agreements (license_id, org_id, program, parent, processed_at, active, invitation)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (license_id) DO UPDATE
		SET program = excluded.program, parent = excluded.parent, processed_at = excluded.processed_at,
			active = excluded.active, invitation = excluded.invitation
		WHERE agreements.org_id = excluded.org_id`,
		a.License, c.org, a.Program, nullString(a.Parent), ts(a.ProcessedAt), !a.Inactive, invitation)
	if err != nil {
		return err
	}
	if n == 0 { // another organization was first
		return foreign
	}
	if !was.fresh && was.Parent == nullString(a.Parent) && was.Active == !a.Inactive {
		return nil
	}
	line := c.line("", a.License)
	line.action, line.rule = licensing.AuditAgreement, "R03"
	line.detail = licensing.AgreementChanged{New: was.fresh, Parent: a.Parent, Inactive: a.Inactive}
	c.plan.audit = append(c.plan.audit, line)
	return nil
}

// mayStandBelow refuses a parent that there is not, and one that stands below the child itself (R41).
func (c *contract) mayStandBelow(child, parent licensing.LicenseID) error {
	if parent == "" {
		return nil
	}
	var found, circle int
	err := c.get(&found, `SELECT COUNT(*) FROM agreements WHERE org_id = ? AND license_id = ?`, c.org, parent)
	if err != nil {
		return err
	}
	err = c.get(&circle, `
		WITH RECURSIVE up (license_id) AS (
			SELECT license_id FROM agreements WHERE license_id = ?
			UNION
			SELECT a.parent FROM up JOIN agreements a ON a.license_id = up.license_id
			WHERE a.parent IS NOT NULL
		)
		SELECT COUNT(*) FROM up WHERE license_id = ?`, parent, child)
	switch {
	case err != nil:
		return err
	case found == 0:
		return licensing.Refuse(licensing.Invalid, "R41",
			"the organization has no agreement %s: a parent comes before its children", parent).In("parent")
	case circle > 0:
		return licensing.Refuse(licensing.Invalid, "R41",
			"%s can't be the parent of %s: that would create a loop", parent, child).In("parent")
	}
	return nil
}

// heirs returns who has opted in above the License IDs.
func (c *contract) heirs(ids []licensing.LicenseID) ([]licensing.UserID, error) {
	var out []licensing.UserID
	for part := range slices.Chunk(unique(ids), batch) {
		var some []licensing.UserID
		err := c.in(&some, ancestors+`
			SELECT DISTINCT p.user_id
			FROM up
			JOIN preferences p ON p.license_id = up.above AND p.inherit
			WHERE up.above <> up.license_id`, c.org, part)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}
