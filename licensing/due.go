package licensing

import (
	"hash/fnv"
	"time"
)

// Policy is what a deployment decides: how long things take and may take.
type Policy struct {
	Propagation time.Duration // from registration or assignment to access; 2 h (R53, R60)
	Processing  time.Duration // from an agreement's processing to access; 10 h (R61)
	InviteFor   time.Duration // how long an invitation is valid; 30 days (R56)
	InviteMin   time.Duration // the shortest time that a request may ask for; 1 day (R56)
	InviteMax   time.Duration // the longest time that a request may ask for; 90 days (R56)
	RemindAhead time.Duration // reminder this long before the expiry; 7 days; 0 sends none
	ResendEvery time.Duration // cool-down between two sendings of one invitation; 5 min (R58)
	Mails       MailLimits    // how many mails may go out (L07)
	KeepMails   time.Duration // what a mail said and to whom is kept this long; 180 days (L10)
	KeepPeople  time.Duration // so are people who left, and profiles that nothing needs; 365 days (L10)
	Support     string        // whom to ask, as people read it: an address or a page (R54, R75)
	LinkKey     string        // id of the key that signs new links
	Rules       []AddRule     // further rules of the deployment on what may be given; none by default
}

// DefaultPolicy returns the periods that RULES.md gives.
func DefaultPolicy() Policy {
	const day = 24 * time.Hour
	return Policy{
		Propagation: 2 * time.Hour,
		Processing:  10 * time.Hour,
		InviteFor:   30 * day,
		InviteMin:   day,
		InviteMax:   90 * day,
		RemindAhead: 7 * day,
		ResendEvery: 5 * time.Minute,
		Mails:       DefaultMailLimits,
		KeepMails:   180 * day,
		KeepPeople:  365 * day,
	}
}

// DueAt returns when roles become effective: max(start + 2 h, processed + 10 h) by default (R53, R60, R61).
// start is the time of registration, or of the assignment for a registered person; processed is when the
// agreement was processed.
func (p Policy) DueAt(start, processed time.Time) time.Time {
	due := start.Add(p.Propagation)
	if late := processed.Add(p.Processing); !processed.IsZero() && late.After(due) {
		due = late
	}
	return due
}

// InvitePeriod returns how long an invitation is valid: as asked, or the default for 0 (R56). Outside the
// bounds it returns an Invalid *Error.
func (p Policy) InvitePeriod(asked time.Duration) (time.Duration, error) {
	if asked == 0 {
		return p.InviteFor, nil
	}
	if asked < p.InviteMin || asked > p.InviteMax {
		return 0, Refuse(Invalid, "R56", "an invitation can be valid for %s to %s",
			Period(p.InviteMin), Period(p.InviteMax)).In("invite_for")
	}
	return asked, nil
}

// RemindAt returns when to remind of an invitation that ends at expires, or zero for never. An invitation
// that is shorter than twice RemindAhead is reminded at half its time.
func (p Policy) RemindAt(from, expires time.Time) time.Time {
	if p.RemindAhead <= 0 {
		return time.Time{}
	}
	if whole := expires.Sub(from); whole < 2*p.RemindAhead {
		return from.Add(whole / 2)
	}
	return expires.Add(-p.RemindAhead)
}

// Jitter returns a duration in [0, most) that depends on the id alone. It spreads timers that would otherwise
// fire at the same instant, and a replay gets the same time.
func Jitter(id string, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(id)) //nolint:errcheck // a hash's Write never fails
	return time.Duration(h.Sum64() % uint64(most))
}

// Period writes a duration as people say it: "30 days", "2 hours", "45 minutes", "8 seconds".
func Period(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d >= u.unit && d%u.unit == 0 || d >= u.unit && u.unit == time.Second {
			n := int64(d / u.unit)
			if n == 1 {
				return "1 " + u.name
			}
			return itoa(n) + " " + u.name + "s"
		}
	}
	return d.String()
}

// Clock writes a time as people read it, in UTC: "2026-11-23 18:04 UTC", with seconds where they matter.
func Clock(t time.Time) string {
	t = t.UTC()
	if t.Second() == 0 {
		return t.Format("2006-01-02 15:04 UTC")
	}
	return t.Format("2006-01-02 15:04:05 UTC")
}
