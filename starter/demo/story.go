package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/starter/command"
	"vlroles/starter/local"
)

// story tells what happens, and stops at the first thing that is not as it should be.
type story struct {
	*local.Stack
	out   io.Writer
	begun time.Time
	told  map[int]bool // mails, by number
	org   licensing.OrgID
	me    licensing.UserID // Alex
	lena  licensing.UserID
	hand  licensing.RequestID // the hand-over
}

const stepWithin = 30 * time.Second

// line prints one event of the timeline.
func (d *story) line(who, what string, rule string) {
	if rule != "" {
		rule = "[" + rule + "]"
	}
	tell(d.out, "  %5.1fs  %-8s %-96s %s", time.Since(d.begun).Seconds(), who, what, rule)
}

// caught waits for the mail to the address that is the number-th of its kind, and tells it the first time.
func (d *story) caught(ctx context.Context, to, kind string, number int) (rig.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	seen := map[int]bool{}
	m, err := d.Mailbox.Wait(ctx, func(m rig.Message) bool {
		if m.To == to && local.KindOf(m) == kind {
			seen[m.Number] = true
		}
		return len(seen) >= number && seen[m.Number]
	})
	if err != nil {
		return m, fmt.Errorf("%s mail to %s: %w", kind, to, err)
	}
	if d.told[m.Number] {
		return m, nil
	}
	d.told[m.Number] = true
	rules := map[string]string{"welcome": "R73", "registered": "R74", "changes": "R70", "confirmation": "R75", "expired": "R56", "reminder": "R56", "forwarded": "R28", "handover": "R32"}
	d.line("mail", fmt.Sprintf("to %s: %q", to, m.Subject), rules[kind])
	return m, nil
}

// link finds the invitation's link in the text of a mail.
func (d *story) link(m rig.Message) (string, error) {
	for _, word := range strings.Fields(m.Text) {
		if strings.HasPrefix(word, d.Config.LinkBase) {
			return word, nil
		}
	}
	return "", fmt.Errorf("the mail to %s has no link", m.To)
}

func (d *story) accept(ctx context.Context, link, email string) (licensing.Registered, error) {
	id, generation, err := d.Config.LinkKeys.Verify(strings.TrimPrefix(link, d.Config.LinkBase))
	if err != nil {
		return licensing.Registered{}, err
	}
	return d.Client.Register(ctx, licensing.Registration{Request: newRequest(), Invitation: id, Generation: generation, Identity: licensing.Identity{Email: licensing.Email(email)}})
}

func newRequest() licensing.RequestID { return licensing.RequestID(uuid.NewString()) }

func (d *story) id(ctx context.Context, email string) (licensing.UserID, error) {
	return d.Rows.UserBySignIn(ctx, d.org, licensing.Email(email))
}

// status returns a person's status on a License ID as Alex sees it.
func (d *story) status(ctx context.Context, email string, l licensing.LicenseID) (licensing.Status, error) {
	id, err := d.id(ctx, email)
	if err != nil {
		return "", err
	}
	v, err := d.Rows.User(ctx, d.org, d.me, id)
	if err != nil {
		return "", err
	}
	for _, e := range v.Access {
		if e.License == l {
			return e.Status, nil
		}
	}
	return "", nil
}

// becomes waits until a person has the status on the License ID, and tells the change.
func (d *story) becomes(ctx context.Context, email string, l licensing.LicenseID, want licensing.Status, rule string) error {
	before, err := d.status(ctx, email, l)
	if err != nil {
		return err
	}
	end := time.Now().Add(stepWithin)
	for now := before; ; {
		if now == want {
			if before == want {
				d.line(first(email), fmt.Sprintf("on %s: %s", l, want), rule)
			} else {
				d.line(first(email), fmt.Sprintf("on %s: %s → %s", l, before, want), rule)
			}
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s on %s is %q, expected %q", email, l, now, want)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if now, err = d.status(ctx, email, l); err != nil {
			return err
		}
	}
}

func first(email string) string { name, _, _ := strings.Cut(email, "@"); return name }

// saved sends a save in Alex's name and tells its verdicts.
func (d *story) saved(ctx context.Context, people []licensing.PersonChange, inviteFor time.Duration) ([]licensing.PersonVerdict, error) {
	begun := time.Now()
	answer, err := d.Client.Save(ctx, licensing.Save{ID: newRequest(), Org: d.org, Admin: d.me, People: people, InviteFor: inviteFor})
	if err != nil {
		return nil, err
	}
	d.line("alex", fmt.Sprintf("verify and save, answered in %d ms", time.Since(begun).Milliseconds()), "R67")
	for n, p := range answer.People {
		if p.Error != nil {
			d.line("", fmt.Sprintf("%s refused: %s", people[n].SignIn, p.Error.Message), p.Error.Rule)
		}
		if p.Updated {
			d.line("", "name or business e-mail corrected", "R48")
		}
		for _, v := range p.Verdicts {
			rule := map[licensing.Outcome]string{licensing.Invited: "R73", licensing.Joined: "R62", licensing.Assigned: "R52", licensing.Changed: "R71"}[v.Outcome]
			if v.Error != nil {
				rule = v.Error.Rule
			}
			d.line("", first(string(people[n].SignIn))+" on "+strings.TrimSuffix(command.VerdictText(v), " ("+rule+")"), rule)
		}
	}
	return answer.People, nil
}

// refused tells a refusal, and is an error where there was none or another one.
func (d *story) refused(who, what string, err error, rule string) error {
	var e *licensing.Error
	if !errors.As(err, &e) || e.Rule != rule {
		return fmt.Errorf("%s: expected a refusal by %s, got %v", what, rule, err)
	}
	d.line(who, what+" — refused: "+e.Message, rule)
	return nil
}

func change(email, name, business string, access ...licensing.AccessChange) licensing.PersonChange {
	return licensing.PersonChange{SignIn: licensing.Email(email), Name: name, Business: licensing.Email(business), Access: access}
}

func add(l licensing.LicenseID, roles ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Add: roles}
}

func remove(l licensing.LicenseID, roles ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Remove: roles}
}

func (d *story) command(ctx context.Context, email string) (licensing.Command, error) {
	id, err := d.id(ctx, email)
	return licensing.Command{Request: newRequest(), Org: d.org, User: id, By: d.me}, err
}

// asks tells whether somebody may do something on a License ID, and fails where the answer is another one.
func (d *story) asks(ctx context.Context, email string, l licensing.LicenseID, p licensing.Permission, want bool) error {
	a, err := d.may(ctx, email, l, p)
	if err != nil {
		return err
	}
	d.line(first(email), fmt.Sprintf("may %s on %s? %s (%s)", p, l, command.Yes(a.Allowed), a.Why), a.Rule)
	if a.Allowed != want {
		return fmt.Errorf("%s may %s on %s: %v, expected %v", email, p, l, a.Allowed, want)
	}
	return nil
}

// may asks the access check.
func (d *story) may(ctx context.Context, email string, l licensing.LicenseID, p licensing.Permission) (licensing.Answer, error) {
	id, err := d.id(ctx, email)
	if err != nil {
		return licensing.Answer{}, err
	}
	return d.Rows.Access(ctx, d.org, id, l, p)
}

// tell writes a line where it can be seen.
func tell(w io.Writer, format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
