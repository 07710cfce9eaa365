package store

import (
	"slices"

	"vlroles/licensing"
)

// loadMails counts what the decision may ask for: one invitation, or one question to a successor, of each
// person.
func (d *decision) loadMails() (err error) {
	if d.Contract {
		return nil // what a contract brings is never refused for a mail: it waits
	}
	var boxes []string
	for _, s := range d.people {
		if s.refusal == nil && (d.HandsOver || !s.user.Person().Registered()) {
			boxes = append(boxes, licensing.Email(s.user.BusinessEmail).Mailbox(), s.Business.Mailbox())
		}
	}
	if d.mails, err = d.countMails(boxes); err != nil {
		return err
	}
	return d.countAsked(&d.mails, d.org, d.by)
}

// limit refuses a person to whom the change would send more mail than is allowed: nothing is written for the
// person, and the rest of the request proceeds (L07).
func (d *decision) limit(s *subject) {
	n := d.asksFor(s)
	if n == 0 {
		return
	}
	to := licensing.Email(s.user.BusinessEmail)
	if s.updates && s.Business != "" {
		to = s.Business
	}
	e := d.mails.take(d.policy.Mails, to, n, d.now)
	if e == nil {
		return
	}
	s.refusal, s.changes, s.updates, s.registers = e, nil, false, false
	s.verdict = licensing.PersonVerdict{}
	if s.known {
		s.verdict.User = s.user.ID
	}
	d.refuse(s, e)
}

// asksFor returns how many mails somebody asks for by the judged changes of a person.
func (d *decision) asksFor(s *subject) (n int) {
	if d.Contract {
		return 0
	}
	invited := func(c change) bool { return c.Verdict.Outcome == licensing.Invited }
	if !s.user.Person().Registered() && slices.ContainsFunc(s.changes, invited) {
		n++
	}
	accepted := func(v licensing.Verdict) bool { return v.Outcome != licensing.Refused }
	if d.HandsOver && slices.ContainsFunc(s.verdict.Verdicts, accepted) {
		n++
	}
	return n
}
