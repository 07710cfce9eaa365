package rows

import "vlroles/licensing"

// HandOver is one hand-over; Turns counts the requests by which roles of the old admin were removed.
type HandOver struct {
	ID        licensing.RequestID     `db:"id"`
	OrgID     licensing.OrgID         `db:"org_id"`
	From      licensing.UserID        `db:"from_user"`
	To        licensing.UserID        `db:"to_user"`
	State     licensing.HandOverState `db:"state"`
	Turns     int                     `db:"turns"`
	CreatedAt Timestamp               `db:"created_at"`
}

// SelectHandOver begins a query for hand-overs h.
const SelectHandOver = `
	SELECT h.id, h.org_id, h.from_user, h.to_user, h.state, h.turns, h.created_at
	FROM handovers h`

// HandOverView reads a hand-over with the successor's status where a License ID waits.
func (q *Query) HandOverView(h HandOver) (licensing.HandOverView, error) {
	out := licensing.HandOverView{
		ID: h.ID, From: h.From, To: h.To, State: h.State, CreatedAt: h.CreatedAt.Time,
	}
	u, err := q.User(h.OrgID, h.To)
	if err != nil {
		return out, err
	}
	held, err := q.Holdings([]licensing.UserID{h.To})
	if err != nil {
		return out, err
	}
	var rows []struct {
		License licensing.LicenseID `db:"license_id"`
		State   licensing.LineState `db:"state"`
		Rule    NullString          `db:"rule"`
		Until   Timestamp           `db:"until"`
	}
	err = q.All(&rows, `
		SELECT license_id, state, rule, until
		FROM handover_lines
		WHERE handover_id = ?
		ORDER BY license_id`, h.ID)
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		line := licensing.HandOverLine{
			License: r.License, State: r.State, Rule: string(r.Rule), Until: r.Until.Time,
		}
		if a := held.Assignments[h.To][r.License]; a != nil && r.State == licensing.LineWaiting {
			var i licensing.InvitationState
			if open := held.Invitation[h.To]; open != nil {
				i = open.State.At(open.ExpiresAt.Time, q.Now)
			}
			now := a.At(q.Now)
			line.Status, line.DueAt = licensing.StatusOf(u.Person().On(now.Suspended), now.State, i), now.DueAt.Time
		}
		out.Lines = append(out.Lines, line)
	}
	return out, nil
}
