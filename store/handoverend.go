package store

import (
	"maps"
	"slices"

	"vlroles/licensing"
)

// waitingLine is a License ID of a hand-over that waits for its successor.
type waitingLine struct {
	handOverRow
	License licensing.LicenseID `db:"license_id"`
}

// endHandOvers plans that a License ID isn't handed over to a successor from whom Administrator is taken
// there. A hand-over that waits for nothing then is over, and so is its run (R32, R80).
func (p *plan) endHandOvers(t *tx, d *decision) error {
	taken := map[licensing.UserID][]licensing.LicenseID{}
	for _, g := range p.cleared {
		if g.Role == licensing.Administrator {
			taken[g.UserID] = append(taken[g.UserID], g.LicenseID)
		}
	}
	waiting, err := t.waitingFor(d.org, taken)
	if err != nil {
		return err
	}
	left := map[licensing.RequestID]int{} // lines that go on waiting
	for _, l := range waiting {
		if !slices.Contains(taken[l.To], l.License) {
			left[l.ID]++
		}
	}
	over := map[licensing.RequestID]bool{}
	for _, l := range waiting {
		if slices.Contains(taken[l.To], l.License) {
			p.endLine(d, l, left[l.ID] == 0)
			if left[l.ID] == 0 && !over[l.ID] {
				over[l.ID] = true
				p.endHandOver(d, l.handOverRow)
			}
		}
	}
	return nil
}

// waitingFor locks the hand-overs to some people, and returns what waits for them.
func (t *tx) waitingFor(
	org licensing.OrgID, people map[licensing.UserID][]licensing.LicenseID,
) (out []waitingLine, err error) {
	for part := range slices.Chunk(slices.Sorted(maps.Keys(people)), batch) {
		var found []waitingLine
		err := t.in(&found, t.lock(`
			SELECT h.id, h.org_id, h.from_user, h.to_user, h.state, h.turns, h.created_at, l.license_id
			FROM handovers h
			JOIN handover_lines l ON l.handover_id = h.id
			WHERE h.org_id = ? AND h.to_user IN (?) AND h.state IN ('open', 'agreed') AND l.state = 'waiting'
			ORDER BY h.id, l.license_id`, "h"), org, part)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// endLine plans that a License ID isn't handed over.
func (p *plan) endLine(d *decision, l waitingLine, last bool) {
	p.endedLines = append(p.endedLines,
		handOverLineRow{HandOver: l.ID, License: l.License, State: licensing.LineRefused, Rule: "R80"})
	line := d.line(l.From, l.License)
	line.action, line.rule = licensing.AuditCancelHandOver, "R80"
	detail := licensing.HandOverChanged{Successor: l.To, State: l.State}
	if last {
		line.action, detail.State = licensing.AuditDoneHandOver, licensing.HandOverDone
	}
	line.detail = detail
	p.audit = append(p.audit, line)
}

// endHandOver plans the end of a hand-over, and of its run.
func (p *plan) endHandOver(d *decision, h handOverRow) {
	h.State = licensing.HandOverDone
	p.ended = append(p.ended, h)
	p.work = append(p.work, licensing.OutboxEntry{Kind: licensing.OutboxHandOver, Org: d.org,
		Request: d.request, User: h.To, HandOver: h.ID})
}
