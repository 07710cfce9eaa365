package rows

import (
	"maps"
	"slices"

	"vlroles/licensing"
)

// Batch is how many values go into one IN (…).
const Batch = 500

// Ancestors begins a query on up: each of some License IDs of an organization (two arguments) with itself and
// each of those above it.
const Ancestors = `
			WITH RECURSIVE up (license_id, above) AS (
				SELECT license_id, license_id FROM agreements WHERE org_id = ? AND license_id IN (?)
				UNION
				SELECT up.license_id, a.parent
				FROM up
				JOIN agreements a ON a.license_id = up.above
				WHERE a.parent IS NOT NULL
			)`

// OptedIn says that user u inherits Administrator on up.license_id from the agreement up.above: has opted in,
// is named there as a contact who may (R88, R90), and holds no Invoice Reader on the License ID (R92).
const OptedIn = `
			up.above <> up.license_id
			AND EXISTS (
				SELECT 1
				FROM preferences p
				WHERE p.license_id = up.above AND p.user_id = u.id AND p.inherit
			)
			AND EXISTS (
				SELECT 1
				FROM contacts c
				WHERE c.license_id = up.above AND c.user_id = u.id AND c.until IS NULL AND c.kind <> 'bill_to'
					AND NOT c.suspended
			)
			AND NOT EXISTS (
				SELECT 1
				FROM grants i
				WHERE i.license_id = up.license_id AND i.user_id = u.id AND i.role = 'invoice_reader'
			)`

// Inherited is where users inherit Administrator, and from which agreement.
type Inherited map[licensing.UserID]map[licensing.LicenseID]licensing.LicenseID

// Inheritance returns on which of the License IDs the users inherit Administrator, and from which agreement
// (R88).
func (q *Query) Inheritance(
	org licensing.OrgID, users []licensing.UserID, ids []licensing.LicenseID,
) (Inherited, error) {
	out := Inherited{}
	var inclined []licensing.UserID // whoever opted in anywhere: next to nobody
	for part := range slices.Chunk(users, Batch) {
		var some []licensing.UserID
		err := q.In(&some, `SELECT DISTINCT user_id FROM preferences WHERE inherit AND user_id IN (?)`, part)
		if err != nil {
			return nil, err
		}
		inclined = append(inclined, some...)
	}
	if len(inclined) == 0 {
		return out, nil
	}
	for part := range slices.Chunk(Unique(ids), Batch) {
		var rows []struct {
			User    licensing.UserID    `db:"user_id"`
			License licensing.LicenseID `db:"license_id"`
			Above   licensing.LicenseID `db:"above"`
		}
		err := q.In(&rows, Ancestors+`
			SELECT u.id AS user_id, up.license_id, MIN(up.above) AS above
			FROM up
			JOIN users u ON u.id IN (?) AND u.registered_at IS NOT NULL AND u.in_tenant
			WHERE`+OptedIn+`
			GROUP BY u.id, up.license_id`, org, part, inclined)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if out[r.User] == nil {
				out[r.User] = map[licensing.LicenseID]licensing.LicenseID{}
			}
			out[r.User][r.License] = r.Above
		}
	}
	return out, nil
}

// InheritedBy returns where a user inherits Administrator, and from which agreement, wherever that is (R88).
func (q *Query) InheritedBy(
	org licensing.OrgID, user licensing.UserID,
) (map[licensing.LicenseID]licensing.LicenseID, error) {
	var below []licensing.LicenseID
	err := q.All(&below, `
		WITH RECURSIVE down (license_id) AS (
			SELECT a.license_id
			FROM preferences p
			JOIN agreements a ON a.parent = p.license_id
			WHERE p.user_id = ? AND p.inherit AND a.org_id = ?
			UNION
			SELECT a.license_id FROM down JOIN agreements a ON a.parent = down.license_id
		)
		SELECT license_id FROM down ORDER BY license_id`, user, org)
	if err != nil || len(below) == 0 {
		return nil, err
	}
	all, err := q.Inheritance(org, []licensing.UserID{user}, below)
	return all[user], err
}

// Heirs returns who inherits Administrator on some License IDs, and from which agreement (R87, R88).
func (q *Query) Heirs(org licensing.OrgID, ids []licensing.LicenseID) (Inherited, error) {
	var inclined []licensing.UserID // next to nobody, of the whole organization
	err := q.All(&inclined, `
		SELECT DISTINCT p.user_id
		FROM preferences p
		JOIN agreements a ON a.license_id = p.license_id
		WHERE p.inherit AND a.org_id = ?`, org)
	if err != nil || len(inclined) == 0 {
		return Inherited{}, err
	}
	return q.Inheritance(org, inclined, ids)
}

// Administers returns on which of the License IDs the user may decide about assignments: an active admin
// there or of an agreement above, or one who inherits Administrator (R05, R69, R88, R91).
func (q *Query) Administers(
	org licensing.OrgID, user licensing.UserID, ids []licensing.LicenseID,
) (map[licensing.LicenseID]bool, error) {
	out := map[licensing.LicenseID]bool{}
	for part := range slices.Chunk(Unique(ids), Batch) {
		var yes []licensing.LicenseID
		err := q.In(&yes, `
			`+Ancestors+`
			SELECT DISTINCT up.license_id
			FROM up
			JOIN users u ON u.id = ? AND u.registered_at IS NOT NULL AND u.in_tenant
			WHERE EXISTS (
				SELECT 1
				FROM grants g
				WHERE g.license_id = up.above AND g.user_id = u.id
					AND g.role = 'administrator' AND g.effective
			) OR `+OptedIn, org, part, user)
		if err != nil {
			return nil, err
		}
		for _, id := range yes {
			out[id] = true
		}
	}
	return out, nil
}

// MaySee says whether the caller, who is active, may know of the user: who is the caller, has something on a
// License ID that the caller administers, or inherits from one or on one (R43, R87).
func (q *Query) MaySee(org licensing.OrgID, caller, user licensing.UserID) (bool, error) {
	if caller == user {
		return true, nil
	}
	var on []licensing.LicenseID
	err := q.All(&on, `
		SELECT license_id FROM assignments WHERE org_id = ? AND user_id = ?
		UNION
		SELECT license_id FROM preferences WHERE user_id = ? AND inherit`, org, user, user)
	if err != nil {
		return false, err
	}
	above, err := q.InheritedBy(org, user)
	if err != nil {
		return false, err
	}
	may, err := q.Administers(org, caller, slices.AppendSeq(on, maps.Keys(above)))
	return len(may) > 0, err
}

// ActiveAdmins returns who is an active admin of each License ID: effective, registered, in the tenant (R33).
func (q *Query) ActiveAdmins(ids []licensing.LicenseID) (map[licensing.LicenseID][]licensing.UserID, error) {
	out := map[licensing.LicenseID][]licensing.UserID{}
	for part := range slices.Chunk(Unique(ids), Batch) {
		var rows []Grant
		err := q.In(&rows, `
			SELECT g.license_id, g.user_id
			FROM grants g
			JOIN users u ON u.id = g.user_id
			WHERE g.license_id IN (?) AND g.role = 'administrator' AND g.effective
				AND u.registered_at IS NOT NULL AND u.in_tenant`, part)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.LicenseID] = append(out[r.LicenseID], r.UserID)
		}
	}
	return out, nil
}

// Active says whether the caller may use what he has: registered, and in the tenant (R02, R84).
func (q *Query) Active(org licensing.OrgID, caller licensing.UserID) (bool, error) {
	if !IDs(string(org), string(caller)) {
		return false, nil
	}
	u, err := q.User(org, caller)
	return err == nil && u != nil && u.Person().Registered() && u.Person().InTenant(), err
}
