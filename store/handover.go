package store

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// StartHandOver makes the successor Administrator as a save does, and takes note of what waits for the successor (R30, R32).
// Each License ID is accepted or refused by itself.
func (s *Store) StartHandOver(ctx context.Context, h licensing.HandOver) (licensing.HandOverAnswer, error) {
	sv, err := h.Check(s.policy)
	if err != nil {
		return licensing.HandOverAnswer{}, err
	}
	var out licensing.HandOverAnswer
	err = s.write(ctx, "start hand-over", func(t *tx) error {
		out = licensing.HandOverAnswer{}
		known, err := t.claimRequest(sv.ID, sv.Org, sv.Admin, "handover", h, &out)
		if err != nil || known {
			return err
		}
		d := &decision{tx: t, save: sv, purpose: handing}
		if err := d.read(); err != nil {
			return err
		}
		var all []licensing.LicenseID
		for l := range d.agreements {
			all = append(all, l)
		}
		if d.admins, err = t.ActiveAdmins(all); err != nil {
			return err
		}
		d.judge()
		if err := d.write(); err != nil {
			return err
		}
		if out, err = d.handOver(); err != nil {
			return err
		}
		return t.answerRequest(sv.ID, out, d.plan.work)
	})
	return out, err
}

// handOver writes what waits for the successor, and the mail that asks.
func (d *decision) handOver() (licensing.HandOverAnswer, error) {
	person := d.answer.People[0]
	out := licensing.HandOverAnswer{People: d.answer.People, Work: d.answer.Work, Confirmation: d.answer.Confirmation,
		View: licensing.HandOverView{ID: d.save.ID, From: d.save.Admin, To: person.User, State: licensing.HandOverOpen, CreatedAt: d.now.UTC()}}
	var waiting []licensing.LicenseID
	for _, v := range person.Verdicts {
		line := licensing.HandOverLine{License: v.License, State: licensing.LineWaiting, Status: v.After, DueAt: v.DueAt}
		if v.Error != nil {
			line = licensing.HandOverLine{License: v.License, State: licensing.LineRefused, Rule: v.Error.Rule, Message: v.Error.Message}
		} else {
			waiting = append(waiting, v.License)
		}
		out.View.Lines = append(out.View.Lines, line)
	}
	if len(waiting) == 0 { // there is nothing to hand over: no row of it stays
		out.View.State = licensing.HandOverDone
		return out, nil
	}
	_, err := d.exec(`INSERT INTO handovers (id, org_id, from_user, to_user, state, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		d.save.ID, d.save.Org, d.save.Admin, person.User, out.View.State, at(d.now))
	if err != nil {
		return out, err
	}
	for _, l := range out.View.Lines {
		if d.agreements[l.License].License == "" {
			continue // no such License ID
		}
		_, err := d.exec(`INSERT INTO handover_lines (handover_id, license_id, state, rule, message) VALUES (?, ?, ?, ?, ?)`,
			d.save.ID, l.License, l.State, opt(l.Rule), opt(l.Message))
		if err != nil {
			return out, err
		}
	}
	notice := mailRow{ID: licensing.MailID(string(d.save.ID) + ".handover"), OrgID: d.save.Org, UserID: person.User, Kind: licensing.MailHandOver,
		Data: detail(map[string]any{"licenses": waiting}), State: licensing.MailQueued, QueuedAt: at(d.now)}
	out.Notice = notice.ID
	return out, insert(d.tx, insertMail, []mailRow{notice})
}

// AgreeHandOver takes note that the successor agrees (R31).
func (s *Store) AgreeHandOver(ctx context.Context, c licensing.HandOverCommand) (licensing.HandOverView, error) {
	return s.commandHandOver(ctx, c, "handover.agree", func(t *tx, h *handOverRow) error {
		u, err := t.User(c.Org, c.By)
		if err != nil {
			return err
		}
		var p licensing.Person
		if u != nil {
			p = u.Person()
		}
		if err := licensing.MayAgree(h.State, c.By == h.To, p); err != nil {
			return err
		}
		h.State = licensing.HandOverAgreed
		return nil
	})
}

// CancelHandOver ends a hand-over for one of the two. What was handed over stays so, and so does the successor's role.
func (s *Store) CancelHandOver(ctx context.Context, c licensing.HandOverCommand) (licensing.HandOverView, error) {
	return s.commandHandOver(ctx, c, "handover.cancel", func(_ *tx, h *handOverRow) error {
		if h.State.Ended() {
			return licensing.Refuse(licensing.Conflict, "R32", "the hand-over is %s", h.State)
		}
		h.State = licensing.HandOverCancelled
		return nil
	})
}

func (s *Store) commandHandOver(ctx context.Context, c licensing.HandOverCommand, action string, decide func(*tx, *handOverRow) error) (licensing.HandOverView, error) {
	var out licensing.HandOverView
	err := s.write(ctx, strings.ReplaceAll(action, ".", " "), func(t *tx) error {
		out = licensing.HandOverView{}
		known, err := t.claimRequest(c.Request, c.Org, c.By, action, c, &out)
		if err != nil || known {
			return err
		}
		h, err := t.handOver(c.Org, c.HandOver, c.By)
		if err != nil {
			return err
		}
		if err := decide(t, h); err != nil {
			return err
		}
		if err := t.endHandOver(h, action, c.By, c.Request); err != nil {
			return err
		}
		if out, err = t.HandOverView(*h); err != nil {
			return err
		}
		return t.answerRequest(c.Request, out, []string{})
	})
	if err != nil {
		s.refused(ctx, err, auditRow{OrgID: c.Org, Actor: opt(c.By), Action: action, RequestID: opt(c.Request)})
	}
	return out, err
}

// handOver locks a hand-over that the person has to do with; "" is the system.
func (t *tx) handOver(org licensing.OrgID, id licensing.RequestID, by licensing.UserID) (*handOverRow, error) {
	hidden := licensing.Refuse(licensing.NotFound, "R43", "there is no such hand-over, or you may not see it")
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

// endHandOver writes the state and audits it on each License ID that waits.
func (t *tx) endHandOver(h *handOverRow, action string, by licensing.UserID, request licensing.RequestID) error {
	if _, err := t.exec(`UPDATE handovers SET state = ?, turns = ? WHERE id = ?`, h.State, h.Turns, h.ID); err != nil {
		return err
	}
	var waiting []licensing.LicenseID
	if err := t.all(&waiting, `SELECT license_id FROM handover_lines WHERE handover_id = ? AND state = 'waiting' ORDER BY license_id`, h.ID); err != nil {
		return err
	}
	var rows []auditRow
	for _, l := range waiting {
		rows = append(rows, auditRow{At: at(t.now), OrgID: h.OrgID, Actor: opt(by), Action: action, Outcome: "done", UserID: opt(h.From), LicenseID: opt(l),
			RequestID: opt(request), Rule: "R32", Detail: detail(map[string]any{"successor": h.To, "state": h.State})})
	}
	return t.audit(rows...)
}

// AdvanceHandOver removes the old admin's Administrator, in the successor's name, where the successor has agreed and is
// active (R31, R32), and ends the hand-over where nothing waits any more. Past its time it expires.
func (s *Store) AdvanceHandOver(ctx context.Context, org licensing.OrgID, id licensing.RequestID) (licensing.HandOverStep, error) {
	var out licensing.HandOverStep
	err := s.write(ctx, "advance hand-over", func(t *tx) error {
		out = licensing.HandOverStep{}
		ready, err := t.readyLines(org, id) // locks agreements first, as everywhere
		if err != nil {
			return err
		}
		h, err := t.handOver(org, id, "")
		if err != nil {
			return err
		}
		if out.Request, err = t.unstarted(h); err != nil {
			return err
		}
		switch {
		case h.State.Ended(), out.Request != "": // an attempt before this one removed roles already
		case h.State == licensing.HandOverAgreed && len(ready) > 0:
			err = t.removeHandedOver(h, ready)
		case t.now.After(h.CreatedAt.Add(licensing.HandOverWithin)):
			h.State = licensing.HandOverExpired
			err = t.endHandOver(h, "handover.expire", "", id)
		}
		if err != nil {
			return err
		}
		if out.View, err = t.HandOverView(*h); err != nil {
			return err
		}
		if h.State == licensing.HandOverAgreed && out.View.Waiting() == 0 {
			out.View.State, h.State = licensing.HandOverDone, licensing.HandOverDone
			if err := t.endHandOver(h, "handover.done", "", id); err != nil {
				return err
			}
		}
		out.Request, err = t.unstarted(h)
		return err
	})
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

// turnOf is the request under which the n-th removals of a hand-over are made.
func turnOf(id licensing.RequestID, n int) licensing.RequestID {
	return licensing.RequestID(uuid.NewSHA1(uuid.MustParse(string(id)), []byte(itoa(n))).String())
}

// unstarted returns the request of the latest removals where their workflows are still to be started.
func (t *tx) unstarted(h *handOverRow) (licensing.RequestID, error) {
	if h.Turns == 0 {
		return "", nil
	}
	id := turnOf(h.ID, h.Turns)
	var work string
	if err := t.get(&work, `SELECT work FROM requests WHERE id = ?`, id); err != nil {
		return "", err
	}
	if work == "[]" || work == "null" {
		return "", nil
	}
	return id, nil
}

func (t *tx) removeHandedOver(h *handOverRow, ready []licensing.LicenseID) error {
	h.Turns++
	person := licensing.PersonChange{User: h.From}
	for _, l := range ready {
		person.Access = append(person.Access, licensing.AccessChange{License: l, Remove: []licensing.Role{licensing.Administrator}})
	}
	d := &decision{tx: t, purpose: taking,
		save: licensing.Save{ID: turnOf(h.ID, h.Turns), Org: h.OrgID, Admin: h.To, People: []licensing.PersonChange{person}}}
	if _, err := t.claimRequest(d.save.ID, h.OrgID, h.To, "handover.remove", d.save, &d.answer); err != nil {
		return err
	}
	if err := d.read(); err != nil {
		return err
	}
	d.judge()
	if err := d.write(); err != nil {
		return err
	}
	for _, v := range d.answer.People[0].Verdicts {
		state, rule, message := licensing.LineDone, "", ""
		if v.Error != nil {
			if v.Error.Kind == licensing.Locked {
				continue // the old admin's roles there are in progress: the next time
			}
			state, rule, message = licensing.LineRefused, v.Error.Rule, v.Error.Message
		}
		_, err := t.exec(`UPDATE handover_lines SET state = ?, rule = ?, message = ? WHERE handover_id = ? AND license_id = ?`,
			state, opt(rule), opt(message), h.ID, v.License)
		if err != nil {
			return err
		}
	}
	if _, err := t.exec(`UPDATE handovers SET turns = ? WHERE id = ?`, h.Turns, h.ID); err != nil {
		return err
	}
	return t.answerRequest(d.save.ID, d.answer, d.plan.work)
}
