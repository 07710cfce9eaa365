package licensing

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// MailLimits say how many mails may go out, so that nobody can be flooded (L07). 0 is no limit.
type MailLimits struct {
	Hourly       int // to one address within an hour; 5
	Daily        int // to one address within a day; 20
	Admin        int // that one admin asks for within a day; 5,000
	Organization int // that the admins of one organization ask for within a day; 20,000
}

// DefaultMailLimits are far above what an admin's day needs, and far below what fills a mailbox.
var DefaultMailLimits = MailLimits{Hourly: 5, Daily: 20, Admin: 5_000, Organization: 20_000}

// Tally counts mails of the last day.
type Tally struct {
	Count int
	Since time.Time // when the oldest of them was queued; zero for none
}

// MailCounts is what a decision on another mail depends on.
type MailCounts struct {
	// When mails to the address went out in the last day, and when those that wait will.
	Recipient           []time.Time
	Admin, Organization Tally // what was asked for
}

const (
	limitHour = time.Hour
	limitDay  = 24 * time.Hour
)

// LimitedFor is how long a mail counts: the longest period of the limits.
const LimitedFor = limitDay

// Opens returns when the next mail to an address may go out: now, or the first time at which fewer than the
// limits went out before it. Those that wait count, so that mails go out in the order in which they were
// queued.
func (l MailLimits) Opens(sent []time.Time, now time.Time) time.Time {
	sent = slices.Clone(sent)
	slices.SortFunc(sent, time.Time.Compare)
	at := now
	for _, w := range []struct {
		most   int
		period time.Duration
	}{{l.Hourly, limitHour}, {l.Daily, limitDay}} {
		if w.most <= 0 || len(sent) < w.most {
			continue
		}
		if free := sent[len(sent)-w.most].Add(w.period); free.After(at) {
			at = free
		}
	}
	return at
}

// MayMail says whether another mail may be asked for now: an invitation by a save, a resend, a reset, a
// hand-over (L07). A refusal says when it becomes possible, and nobody's name. What follows from an act
// without being asked for is never a reason to refuse the act: it waits until the limit allows it.
func (l MailLimits) MayMail(c MailCounts, now time.Time) *Error {
	if at := l.Opens(c.Recipient, now); at.After(now) {
		return limited(at, "the business email has received as many emails as one address may for now")
	}
	for _, t := range []struct {
		tally Tally
		most  int
		what  string
	}{
		{c.Admin, l.Admin, "you have sent as many emails as one administrator may within a day"},
		{c.Organization, l.Organization, "your organization has sent as many emails as it may within a day"},
	} {
		if t.most > 0 && t.tally.Count >= t.most {
			since := t.tally.Since
			if since.IsZero() {
				since = now
			}
			return limited(since.Add(limitDay), t.what)
		}
	}
	return nil
}

func limited(until time.Time, what string) *Error {
	e := Refuse(Locked, "L07", "%s; you can try again after %s", what, Clock(until))
	e.Until = until
	return e
}

// Held says whether a mail of this kind may be made to wait by the limits. A notice by which somebody learns
// that roles of his were taken never is (R28).
func (k MailKind) Held() bool { return k != MailForwarded }

// Mailbox tells the mailbox of an address from others, as a digest: without case, and without what stands
// behind a plus sign, because that is the same mailbox under as many names as one likes (L07).
func (e Email) Mailbox() string {
	key := e.Key()
	at := strings.LastIndexByte(key, '@')
	if plus := strings.IndexByte(key, '+'); plus > 0 && plus < at {
		key = key[:plus] + key[at:]
	}
	sum := sha256.Sum256([]byte("mailbox of " + key))
	return hex.EncodeToString(sum[:16])
}

// PerRecipient says whether mails to one address are limited at all.
func (l MailLimits) PerRecipient() bool { return l.Hourly > 0 || l.Daily > 0 }
