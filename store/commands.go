package store

import (
	"slices"

	"vlroles/licensing"
)

func refusal(c licensing.Command, action string) auditRow {
	return auditRow{OrgID: c.Org, Actor: opt(c.By), Action: action, RequestID: opt(c.Request)}
}

// commanded is what a command is about: the user, locked, what the user has, and on which License IDs of it the caller may
// decide.
type commanded struct {
	user     userRow
	holdings holdings
	mine     []licensing.LicenseID
}

// command reads what a command is about. A caller who may decide on none of the user's License IDs learns only that there
// is no such user (R05, R43).
func (t *tx) command(c licensing.Command) (commanded, error) {
	hidden := licensing.Refuse(licensing.NotFound, "R43", "there is no such user, or you may not see the user")
	var out commanded
	rows, err := t.lockUsers(c.Org, []string{string(c.User)}, nil)
	if err != nil {
		return out, err
	}
	if len(rows) == 0 {
		return out, hidden
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
		return out, hidden
	}
	return out, nil
}

// commandedInvitation reads what a command on an invitation is about: the newest one.
func (t *tx) commandedInvitation(c licensing.Command) (*invitationRow, commanded, error) {
	seen, err := t.command(c)
	if err != nil {
		return nil, seen, err
	}
	i, err := t.NewestInvitation(c.User)
	if err == nil && i == nil {
		err = licensing.Refuse(licensing.Conflict, "R58", "the person has no invitation")
	}
	return i, seen, err
}
