package views

import (
	"cmp"
	"context"
	"math"
	"slices"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// maxHistory is how many lines History returns at most.
const maxHistory = 1000

// Page is a part of a list that is read from its end.
type Page struct {
	Limit  int   // 0: the most
	Before int64 // the id of the line that the page ends before; 0: the page ends with the newest line
}

// historyRow is a line of the audit with the name of who acted.
type historyRow struct {
	rows.Audit
	ID   int64           `db:"id"`
	Name rows.NullString `db:"name"`
}

func (r historyRow) line() licensing.HistoryLine {
	return licensing.HistoryLine{
		ID: r.ID, At: r.At.Time, ActorID: licensing.UserID(r.Actor), Actor: string(cmp.Or(r.Name, r.Named)), Principal: r.Principal,
		Action:  r.Action,
		Outcome: r.Outcome, License: licensing.LicenseID(r.LicenseID), Rule: string(r.Rule),
		Before: licensing.Status(r.Before), After: licensing.Status(r.After), Detail: r.Detail,
	}
}

// History returns a page of a user's audit on the License IDs that the caller administers, oldest first, at
// most a thousand lines (R35). Before the oldest line there are none.
func (v *Views) History(
	ctx context.Context, org licensing.OrgID, caller, user licensing.UserID, page Page,
) ([]licensing.HistoryLine, error) {
	newest := page.Before <= 0
	if newest {
		page.Before = math.MaxInt64
	}
	if page.Limit <= 0 || page.Limit > maxHistory {
		page.Limit = maxHistory
	}
	out := []licensing.HistoryLine{}
	err := v.read(ctx, "read history", func(q *snapshot) error {
		ok, err := q.Active(org, caller)
		if err != nil || !ok || !rows.IDs(string(user)) {
			return rows.MissingUser(err)
		}
		var found []historyRow
		err = q.All(&found, `
			SELECT a.id, a.at, a.principal, a.actor, a.named, a.action, a.outcome, a.license_id, a.rule, a.before, a.after,
				a.detail, u.name
			FROM audit a`+whereAdministered+`
			LEFT JOIN users u ON u.id = a.actor AND u.org_id = a.org_id
			WHERE a.user_id = ? AND a.org_id = ? AND a.id < ?
			ORDER BY a.id DESC
			LIMIT ?`, caller, user, org, page.Before, page.Limit)
		if err != nil {
			return err
		}
		for _, r := range slices.Backward(found) {
			out = append(out, r.line())
		}
		if len(out) == 0 && newest {
			_, _, err = q.seen(org, caller, user)
		}
		return err
	})
	return out, err
}
