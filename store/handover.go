package store

import (
	"context"

	"vlroles/licensing"
)

// StartHandOver makes the successor Administrator as a save does, and notes what waits for the successor
// (R30, R32). Each License ID is accepted or refused by itself.
func (s *Store) StartHandOver(ctx context.Context, h licensing.HandOver) (licensing.HandOverAnswer, error) {
	sv, form := h.Check(s.policy)
	q := request{form: form, id: h.ID, org: h.Org, by: h.Admin, action: licensing.AuditHandOver, content: h}
	return carryOut(ctx, s, q, func(t *tx) (licensing.HandOverAnswer, []licensing.OutboxEntry, error) {
		d, err := t.decide(adminMandate(licensing.HandOverMandate, sv), ask(sv.People))
		if err != nil {
			return licensing.HandOverAnswer{}, nil, err
		}
		p := d.planned()
		out := licensing.HandOverAnswer{People: d.verdicts(), Confirmation: p.confirm(d)}
		view, notice := p.handOver(d)
		out.View, out.Notice = view.For(sv.Admin), notice
		out.Work = len(p.work)
		return out, p.work, p.write(t)
	})
}

// handOver plans what waits for the successor, and the mail that asks. Where everything was refused there is
// nothing to hand over, and no row of it stays.
func (p *plan) handOver(d *decision) (licensing.HandOverView, licensing.MailID) {
	person := d.people[0].verdict
	view := licensing.HandOverView{ID: d.request, From: d.by, To: person.User, State: licensing.HandOverOpen,
		CreatedAt: d.now.UTC()}
	var waiting []licensing.LicenseID
	var lines []handOverLineRow
	for _, v := range person.Verdicts {
		line := licensing.HandOverLine{License: v.License, State: licensing.LineWaiting, Status: v.After,
			DueAt: v.DueAt}
		if v.Error != nil {
			line = licensing.RefusedLine(v.License, v.Error)
		} else {
			waiting = append(waiting, v.License)
		}
		view.Lines = append(view.Lines, line)
		if d.authority[v.License] { // of the others nobody learns more
			lines = append(lines,
				handOverLineRow{d.request, v.License, line.State, nullString(line.Rule), ts(line.Until)})
		}
	}
	if len(waiting) == 0 {
		view.State = licensing.HandOverDone
		return view, ""
	}
	p.handovers = append(p.handovers,
		handOverRow{ID: d.request, OrgID: d.org, From: d.by, To: person.User, State: view.State,
			CreatedAt: ts(d.now)})
	p.lines = append(p.lines, lines...)
	notice := mailRow{ID: licensing.MailID(string(d.request) + ".handover"), OrgID: d.org,
		UserID: person.User, Kind: licensing.MailHandOver, QueuedAt: ts(d.now), AskedBy: nullString(d.by)}
	p.mail(notice, licensesData{waiting})
	return view, notice.ID
}

// AgreeHandOver notes that the successor agrees (R31). It refuses whoever is not
// the successor, or has not registered.
func (s *Store) AgreeHandOver(
	ctx context.Context, c licensing.HandOverCommand,
) (licensing.HandOverView, error) {
	return s.commandHandOver(ctx, c, licensing.AuditAgreeHandOver, func(t *tx, h *handOverRow) error {
		u, err := t.User(c.Org, c.By)
		if err != nil {
			return err
		}
		var p licensing.Person
		if u != nil {
			p = u.Person()
		}
		h.State, err = licensing.HandOverAgreed, licensing.MayAgree(h.State, c.By == h.To, p)
		return err
	})
}

// CancelHandOver ends a hand-over for one of the two. What was handed over stays
// so, and so does the successor's role.
func (s *Store) CancelHandOver(
	ctx context.Context, c licensing.HandOverCommand,
) (licensing.HandOverView, error) {
	return s.commandHandOver(ctx, c, licensing.AuditCancelHandOver, func(_ *tx, h *handOverRow) (err error) {
		h.State, err = licensing.HandOverCancelled, licensing.MayCancelHandOver(h.State)
		return err
	})
}

func (s *Store) commandHandOver(
	ctx context.Context, c licensing.HandOverCommand, action licensing.AuditAction,
	change func(*tx, *handOverRow) error,
) (licensing.HandOverView, error) {
	q := request{id: c.Request, org: c.Org, by: c.By, action: action, content: c}
	return carryOut(ctx, s, q, func(t *tx) (licensing.HandOverView, []licensing.OutboxEntry, error) {
		var out licensing.HandOverView
		h, err := t.handOver(c.Org, c.HandOver, c.By)
		if err != nil {
			return out, nil, err
		}
		if err := change(t, h); err != nil {
			return out, nil, err
		}
		line := auditLine{org: c.Org, by: c.By, request: c.Request, action: action}
		if err := t.moveHandOver(h, line); err != nil {
			return out, nil, err
		}
		out, err = t.HandOverView(*h)
		return out.For(c.By), nil, err
	})
}

// handOver locks a hand-over that the person has to do with; "" is the system. Another one is NotFound.
func (t *tx) handOver(
	org licensing.OrgID, id licensing.RequestID, by licensing.UserID,
) (*handOverRow, error) {
	hidden := licensing.Hidden()
	if !ids(string(org), string(id)) {
		return nil, hidden
	}
	var h handOverRow
	err := t.get(&h, t.lock(selectHandOver+` WHERE h.org_id = ? AND h.id = ?`, "h"), org, id)
	if missing(err, "") != err || err == nil && by != "" && by != h.From && by != h.To {
		return nil, hidden
	}
	return &h, err
}

// moveHandOver writes the state and audits it on each License ID that waits.
func (t *tx) moveHandOver(h *handOverRow, line auditLine) error {
	_, err := t.exec(`UPDATE handovers SET state = ?, turns = ? WHERE id = ?`, h.State, h.Turns, h.ID)
	if err != nil {
		return err
	}
	var waiting []licensing.LicenseID
	err = t.all(&waiting, `
		SELECT license_id
		FROM handover_lines
		WHERE handover_id = ? AND state = 'waiting'
		ORDER BY license_id`, h.ID)
	if err != nil {
		return err
	}
	line.user, line.rule, line.detail = h.From, "R32",
		licensing.HandOverChanged{Successor: h.To, State: h.State}
	return t.audit(line.on(waiting)...)
}

// AdvanceHandOver removes the old admin's Administrator, in the successor's name, where
// the successor has agreed and is active (R31, R32), and ends the hand-over where nothing
// waits any more. Past its time it expires.
func (s *Store) AdvanceHandOver(
	ctx context.Context, org licensing.OrgID, id licensing.RequestID,
) (licensing.HandOverStep, error) {
	var out licensing.HandOverStep
	err := s.write(ctx, "advance hand-over", func(t *tx) error {
		ready, err := t.readyLines(org, id) // locks agreements first, as everywhere
		if err != nil {
			return err
		}
		h, err := t.handOver(org, id, "")
		if err != nil {
			return err
		}
		out, err = t.advance(h, ready)
		return err
	})
	return out, err
}

func (t *tx) advance(h *handOverRow, ready []licensing.LicenseID) (out licensing.HandOverStep, err error) {
	system := auditLine{org: h.OrgID, request: h.ID}
	if out.Request, err = t.undispatched(h); err != nil {
		return out, err
	}
	switch {
	case h.State.Ended(), out.Request != "": // an attempt before this one removed roles already
	case h.State == licensing.HandOverAgreed && len(ready) > 0:
		err = t.removeHandedOver(h, ready)
	case t.now.After(h.CreatedAt.Add(licensing.HandOverWithin)):
		h.State, system.action = licensing.HandOverExpired, licensing.AuditExpireHandOver
		err = t.moveHandOver(h, system)
	}
	if err != nil {
		return out, err
	}
	if out.View, err = t.HandOverView(*h); err != nil {
		return out, err
	}
	if h.State == licensing.HandOverAgreed && out.View.Waiting() == 0 {
		out.View.State, h.State, system.action = licensing.HandOverDone, licensing.HandOverDone,
			licensing.AuditDoneHandOver
		if err := t.moveHandOver(h, system); err != nil {
			return out, err
		}
	}
	out.Request, err = t.undispatched(h)
	return out, err
}

// readyLines locks and returns the waiting License IDs on which the successor is an active admin.
func (t *tx) readyLines(org licensing.OrgID, id licensing.RequestID) ([]licensing.LicenseID, error) {
	var rows []struct {
		License licensing.LicenseID `db:"license_id"`
		To      licensing.UserID    `db:"to_user"`
	}
	err := t.all(&rows, `
		SELECT l.license_id, h.to_user
		FROM handovers h
		JOIN handover_lines l ON l.handover_id = h.id
		WHERE h.org_id = ? AND h.id = ? AND h.state = 'agreed' AND l.state = 'waiting'
		ORDER BY l.license_id`, org, id)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var all, ready []licensing.LicenseID
	for _, r := range rows {
		all = append(all, r.License)
	}
	if err := t.lockAgreements(all); err != nil {
		return nil, err
	}
	admins, err := t.ActiveAdmins(all)
	for _, l := range all {
		if len(without(admins[l], rows[0].To)) < len(admins[l]) {
			ready = append(ready, l)
		}
	}
	return ready, err
}

// undispatched returns the request of the latest removals where their runs are still to be told, "" for none.
func (t *tx) undispatched(h *handOverRow) (licensing.RequestID, error) {
	if h.Turns == 0 {
		return "", nil
	}
	id := derive(h.ID, h.Turns)
	var done bool
	if err := t.get(&done, `SELECT dispatched FROM requests WHERE id = ?`, id); err != nil || done {
		return "", err
	}
	return id, nil
}

// removeHandedOver removes the old admin's role where it is the successor's turn, as a
// request of its own in the successor's name.
func (t *tx) removeHandedOver(h *handOverRow, ready []licensing.LicenseID) error {
	h.Turns++
	person := licensing.PersonChange{User: h.From}
	for _, l := range ready {
		person.Access = append(person.Access,
			licensing.AccessChange{License: l, Remove: []licensing.Role{licensing.Administrator}})
	}
	sv := licensing.Save{ID: derive(h.ID, h.Turns), Org: h.OrgID, Admin: h.To,
		People: []licensing.PersonChange{person}}
	q := request{id: sv.ID, org: sv.Org, by: sv.Admin, action: licensing.AuditRemoveHandOver, content: sv,
		derived: true}
	answer, err := once(t, q, func(t *tx) (licensing.SaveAnswer, []licensing.OutboxEntry, error) {
		return t.give(adminMandate(licensing.TakeOverMandate, sv), ask(sv.People))
	})
	if err != nil {
		return err
	}
	for _, v := range answer.People[0].Verdicts {
		if err := t.settleLine(h, v); err != nil {
			return err
		}
	}
	_, err = t.exec(`UPDATE handovers SET turns = ? WHERE id = ?`, h.Turns, h.ID)
	return err
}

// settleLine notes what became of one License ID. One on which the old admin's roles
// are in progress waits for the next time.
func (t *tx) settleLine(h *handOverRow, v licensing.Verdict) error {
	line := licensing.HandOverLine{License: v.License, State: licensing.LineDone}
	if v.Error != nil {
		if v.Error.Kind == licensing.Locked {
			return nil
		}
		line = licensing.RefusedLine(v.License, v.Error)
	}
	_, err := t.exec(`
		UPDATE handover_lines
		SET state = ?, rule = ?, until = ?
		WHERE handover_id = ? AND license_id = ?`,
		line.State, nullString(line.Rule), ts(line.Until), h.ID, v.License)
	return err
}

type handOverLineRow struct {
	HandOver licensing.RequestID `db:"handover_id"`
	License  licensing.LicenseID `db:"license_id"`
	State    licensing.LineState `db:"state"`
	Rule     nullString          `db:"rule"`
	Until    timestamp           `db:"until"`
}
