package store

import (
	"slices"

	"vlroles/licensing"
)

// commandRequest is an admin's command on one user as a request.
func commandRequest(a licensing.AuditAction, c licensing.Command) request {
	return request{id: c.Request, org: c.Org, by: c.By, action: a, content: c}
}

// commandMandate is the name of an admin who commands.
func commandMandate(m licensing.Mandate, c licensing.Command) mandate {
	return adminMandate(m, licensing.Save{ID: c.Request, Org: c.Org, Admin: c.By})
}

// commandLine begins the audit line of a command.
func commandLine(a licensing.AuditAction, rule string, c licensing.Command) auditLine {
	return auditLine{org: c.Org, by: c.By, request: c.Request, action: a, rule: rule, user: c.User}
}

// commanded is what a command is about: the user, locked, what the user has, and on which
// License IDs of it the caller may decide.
type commanded struct {
	user     userRow
	holdings holdings
	mine     []licensing.LicenseID
}

// command reads what a command is about. A caller who may decide on none of the user's License IDs learns
// only that there is no such user (R05, R43).
func (t *tx) command(c licensing.Command) (commanded, error) {
	var out commanded
	rows, err := t.lockUsers(c.Org, []string{string(c.User)}, nil)
	if err != nil || len(rows) == 0 {
		return out, missingUser(err)
	}
	out.user = rows[0]
	if out.holdings, err = t.Holdings([]licensing.UserID{c.User}); err != nil {
		return out, err
	}
	all := sorted(out.holdings.Assignments[c.User])
	may, err := t.Administers(c.Org, c.By, all)
	if err != nil {
		return out, err
	}
	out.mine = slices.DeleteFunc(all, func(l licensing.LicenseID) bool { return !may[l] })
	if len(out.mine) == 0 {
		return out, missingUser(nil)
	}
	return out, nil
}

// commandOnRoles is command where the last admin may be taken away: agreements are
// locked before the user, as everywhere.
func (t *tx) commandOnRoles(c licensing.Command) (commanded, error) {
	if !ids(string(c.User)) {
		return commanded{}, missingUser(nil)
	}
	var held []licensing.LicenseID
	err := t.all(&held, `SELECT license_id FROM assignments WHERE user_id = ? AND org_id = ?`, c.User, c.Org)
	if err != nil {
		return commanded{}, err
	}
	if err := t.lockAgreements(held); err != nil {
		return commanded{}, err
	}
	return t.command(c)
}

// commandOnInvitation reads which invitation a command is about: the newest one of a user.
func (t *tx) commandOnInvitation(user licensing.UserID) (*invitationRow, error) {
	i, err := t.NewestInvitation(user)
	if err == nil && i == nil {
		err = licensing.NotInvited()
	}
	return i, err
}
