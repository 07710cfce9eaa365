package views

import (
	"context"
	"time"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// personal says for each table that knows people how a person's rows are found. The user's id is the one
// argument, however often.
var personal = []struct{ table, query string }{
	{"users", `SELECT * FROM users WHERE id = ?`},
	{"directory_people", `SELECT d.* FROM directory_people d
		JOIN users u ON u.org_id = d.org_id AND u.object_id = d.object_id WHERE u.id = ?`},
	{"contacts", `SELECT * FROM contacts WHERE user_id = ? ORDER BY id`},
	{"preferences", `SELECT * FROM preferences WHERE user_id = ? ORDER BY license_id`},
	{"assignments", `SELECT * FROM assignments WHERE user_id = ? ORDER BY license_id`},
	{"grants", `SELECT * FROM grants WHERE user_id = ? ORDER BY license_id, role`},
	{"invitations", `SELECT * FROM invitations WHERE user_id = ? ORDER BY created_at, id`},
	{"handovers", `SELECT * FROM handovers WHERE ? IN (from_user, to_user) ORDER BY created_at, id`},
	{"mails", `SELECT * FROM mails WHERE user_id = ? ORDER BY queued_at, id`},
	{"requests", `SELECT * FROM requests WHERE by_user = ? ORDER BY created_at, id`},
	{"audit", `SELECT * FROM audit WHERE user_id = ? ORDER BY id`},
}

// PersonalData returns everything that is kept about a user (L10). It is for the person himself, and for
// support; whoever calls it makes sure of that. NotFound where there is no such user.
func (v *Views) PersonalData(
	ctx context.Context, org licensing.OrgID, user licensing.UserID,
) (out licensing.PersonalData, err error) {
	err = v.read(ctx, "export personal data", func(q *snapshot) error {
		out = licensing.PersonalData{At: time.Now().UTC(), Tables: map[string][]map[string]any{}}
		if !rows.IDs(string(org), string(user)) {
			return rows.MissingUser(nil)
		}
		u, err := q.User(org, user)
		if err != nil || u == nil {
			return rows.MissingUser(err)
		}
		if err := q.Get(&out.Organization, `SELECT name FROM organizations WHERE id = ?`, org); err != nil {
			return err
		}
		for _, p := range personal {
			found, err := q.Maps(p.query, user)
			if err != nil {
				return err
			}
			if len(found) > 0 {
				out.Tables[p.table] = found
			}
		}
		return nil
	})
	return out, err
}
