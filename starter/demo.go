package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vlroles/licensing"
	"vlroles/rig"
)

func (a *app) demo() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "demo",
		Short: "play the whole life of invitations and assignments on real components, with short delays",
		Long: `Demo starts a Temporal server, SQLite, a mail catcher and the workers, plays a story in which an admin gives people
roles, and tells it as a timeline: who did what, by which rule, the status before and after, the mail. It exits with 0
only if every step ended as it should.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context(), dir) },
	}
	c.Flags().StringVar(&dir, "dir", ".vlroles/demo", "folder for the database, Temporal's file and the mails; emptied first")
	return c
}

func (a *app) runDemo(ctx context.Context, dir string) (err error) {
	if err := wipe(dir); err != nil {
		return err
	}
	s, err := startStack(ctx, stackOptions{
		dir: dir, ui: true, progress: a.out, lookup: func(string) (string, bool) { return "", false },
		log: slog.New(slog.DiscardHandler),
		policy: func(p *licensing.Policy) {
			p.Propagation, p.Processing, p.ResendEvery = 4*time.Second, 9*time.Second, 2*time.Second
			p.InviteFor, p.InviteMin = 10*time.Minute, time.Second
		},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	d := &story{stack: s, out: a.out, begun: time.Now(), told: map[int]bool{}}
	tell(a.out, "Everything runs: Temporal %s, its UI %s, mails %s/\n", s.temporald.HostPort(), s.temporald.UI(), s.webURL)
	for _, chapter := range []struct {
		title string
		play  func(context.Context) error
	}{
		{"An organization is taken in", d.intake},
		{"Alex saves for five people at once", d.save},
		{"Kim registers by the link of the mail", d.register},
		{"Robin has lost the mail", d.resend},
		{"Mia's mail was refused", d.mend},
		{"Jo's roles can't be provisioned", d.failure},
		{"Tom doesn't register in time", d.expiry},
		{"What the rules refuse", d.refusals},
		{"Dana loses a role", d.removal},
		{"Chapter two: a partner processes a contract, and its mail is forwarded", d.contract},
		{"Noor inherits what stands below the MBSA", d.inheritance},
		{"Alex hands E2003 over to Kim", d.handOverE2003},
		{"Jo leaves the tenant and returns, Dana leaves for good", d.leaving},
		{"What was on its way has arrived", d.arrivals},
	} {
		tell(a.out, "\n%s", chapter.title)
		if err := chapter.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", chapter.title, err)
		}
	}
	return d.end(ctx, dir)
}

// story tells what happens, and stops at the first thing that is not as it should be.
type story struct {
	*stack
	out   io.Writer
	begun time.Time
	told  map[int]bool // mails, by number
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
	m, err := d.mailbox.Wait(ctx, func(m rig.Message) bool {
		if m.To == to && kindOf(m) == kind {
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
		if strings.HasPrefix(word, d.config.LinkBase) {
			return word, nil
		}
	}
	return "", fmt.Errorf("the mail to %s has no link", m.To)
}

func (d *story) accept(ctx context.Context, link, email string) (licensing.Registered, error) {
	id, generation, err := d.config.LinkKeys.Verify(strings.TrimPrefix(link, d.config.LinkBase))
	if err != nil {
		return licensing.Registered{}, err
	}
	return d.client.Register(ctx, licensing.Registration{Request: newRequest(), Invitation: id, Generation: generation, Identity: licensing.Identity{Email: licensing.Email(email)}})
}

func newRequest() licensing.RequestID { return licensing.RequestID(uuid.NewString()) }

func (d *story) id(ctx context.Context, email string) (licensing.UserID, error) {
	return d.views.UserBySignIn(ctx, d.org, licensing.Email(email))
}

// status returns a person's status on a License ID as Alex sees it.
func (d *story) status(ctx context.Context, email string, l licensing.LicenseID) (licensing.Status, error) {
	id, err := d.id(ctx, email)
	if err != nil {
		return "", err
	}
	v, err := d.views.User(ctx, d.org, d.me, id)
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
	answer, err := d.client.Save(ctx, licensing.Save{ID: newRequest(), Org: d.org, Admin: d.me, People: people, InviteFor: inviteFor})
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
			d.line("", first(string(people[n].SignIn))+" on "+strings.TrimSuffix(verdictText(v), " ("+rule+")"), rule)
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

func (d *story) intake(ctx context.Context) error {
	in := contoso(time.Now().UTC())
	answer, err := d.client.Apply(ctx, in)
	if err != nil {
		return err
	}
	d.org, d.me = in.Org, answer.People[0].User
	d.line("partner", fmt.Sprintf("%s: %d people in the directory, %d agreements", in.Name, answer.Directory, answer.Agreements), "R03")
	d.line("", "M2000 (MBSA) above E2001, E2002 and E2003; E2003 was processed just now", "R61")
	d.line("", "Alex administers M2000, E2001, E2003; Dana is the only admin of E2002", "R25")
	return nil
}

func change(email, name, business string, access ...licensing.AccessChange) licensing.PersonChange {
	return licensing.PersonChange{SignIn: licensing.Email(email), Name: name, Business: licensing.Email(business), Access: access}
}

func add(l licensing.LicenseID, roles ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Add: roles}
}

func (d *story) save(ctx context.Context) error {
	d.mailbox.Refuse("mia.typo@fabrikam.example", 550, "no such mailbox here")
	d.line("relay", "the mailbox mia.typo@fabrikam.example does not exist", "")
	_, err := d.saved(ctx, []licensing.PersonChange{
		change("kim@contoso.example", "", "", add("E2001", licensing.Administrator), add("E2003", licensing.ProductKeysReader)),
		change("robin@fabrikam.example", "Robin Counts", "", add("E2001", licensing.ProductDownloadManager)),
		change("dana@contoso.example", "", "", add("E2001", licensing.LicensePositionReader, licensing.BenefitsReader)),
		change("mia@fabrikam.example", "Mia Ortiz", "mia.typo@fabrikam.example", add("E2001", licensing.BenefitsReader)),
		change("jo@contoso.example", "", "", add("E2001", licensing.OnlineServicesManager)),
	}, 0)
	if err != nil {
		return err
	}
	for _, to := range []string{"kim@contoso.example", "robin@fabrikam.example", "jo@contoso.example"} {
		if _, err := d.caught(ctx, to, "welcome", 1); err != nil {
			return err
		}
	}
	if _, err := d.caught(ctx, "dana@contoso.example", "changes", 1); err != nil {
		return err
	}
	if _, err := d.caught(ctx, "alex@contoso.example", "confirmation", 1); err != nil {
		return err
	}
	return d.becomes(ctx, "mia@fabrikam.example", "E2001", licensing.Failed, "R55")
}

func (d *story) register(ctx context.Context) error {
	m, err := d.caught(ctx, "kim@contoso.example", "welcome", 1)
	if err != nil {
		return err
	}
	link, err := d.link(m)
	if err != nil {
		return err
	}
	_, err = d.accept(ctx, link, "robin@fabrikam.example")
	if err := d.refused("robin", "opens Kim's link and tries to register", err, "R28"); err != nil {
		return err
	}
	out, err := d.accept(ctx, link, "kim@contoso.example")
	if err != nil {
		return err
	}
	for _, e := range out.Access {
		d.line("kim", fmt.Sprintf("registered: on %s %s → %s, %s effective from %s", e.License, licensing.InvitationSent, e.Status, roleNames(e.Roles), e.DueAt.Format("15:04:05")), "R23")
	}
	_, err = d.accept(ctx, link, "kim@contoso.example")
	if err := d.refused("kim", "clicks the link again", err, "R29"); err != nil {
		return err
	}
	people, err := d.client.Save(ctx, licensing.Save{ID: newRequest(), Org: d.org, Admin: d.me, People: []licensing.PersonChange{
		change("kim@contoso.example", "", "", add("E2001", licensing.BenefitsReader))}})
	if err != nil {
		return err
	}
	locked := people.People[0].Verdicts[0].Error
	if locked == nil {
		return errors.New("an edit of an assignment in progress was not refused")
	}
	if err := d.refused("alex", "edits Kim on E2001", locked, "R52"); err != nil {
		return err
	}
	if _, err := d.caught(ctx, "kim@contoso.example", "registered", 1); err != nil {
		return err
	}
	if err := d.becomes(ctx, "kim@contoso.example", "E2001", licensing.Active, "R60"); err != nil {
		return err
	}
	return d.becomes(ctx, "kim@contoso.example", "E2003", licensing.Active, "R61")
}

func (d *story) command(ctx context.Context, email string) (licensing.Command, error) {
	id, err := d.id(ctx, email)
	return licensing.Command{Request: newRequest(), Org: d.org, User: id, By: d.me}, err
}

func (d *story) resend(ctx context.Context) error {
	c, err := d.command(ctx, "robin@fabrikam.example")
	if err != nil {
		return err
	}
	if _, err := d.client.Resend(ctx, c); err != nil {
		return err
	}
	d.line("alex", "resends Robin's invitation: the same link, the same expiry", "R58")
	old, err := d.caught(ctx, "robin@fabrikam.example", "welcome", 1)
	if err != nil {
		return err
	}
	again, err := d.caught(ctx, "robin@fabrikam.example", "welcome", 2)
	if err != nil {
		return err
	}
	one, err := d.link(old)
	if err != nil {
		return err
	}
	if two, err := d.link(again); err != nil || one != two {
		return fmt.Errorf("the resent mail has another link: %w", err)
	}
	c.Request = newRequest()
	_, err = d.client.Resend(ctx, c)
	return d.refused("alex", "resends once more at once", err, "R58")
}

func (d *story) mend(ctx context.Context) error {
	c, err := d.command(ctx, "mia@fabrikam.example")
	if err != nil {
		return err
	}
	if _, err := d.saved(ctx, []licensing.PersonChange{{User: c.User, Business: "mia.ortiz@fabrikam.example"}}, 0); err != nil {
		return err
	}
	out, err := d.client.Reset(ctx, c)
	if err != nil {
		return err
	}
	d.line("alex", fmt.Sprintf("resets Mia's invitation: a new link, generation %d", out.Generation), "R58")
	if _, err := d.caught(ctx, "mia.ortiz@fabrikam.example", "welcome", 1); err != nil {
		return err
	}
	return d.becomes(ctx, "mia@fabrikam.example", "E2001", licensing.InvitationSent, "R58")
}

func (d *story) failure(ctx context.Context) error {
	id, err := d.id(ctx, "jo@contoso.example")
	if err != nil {
		return err
	}
	d.downstream.RefuseOnce(id, "the user's account is being moved")
	m, err := d.caught(ctx, "jo@contoso.example", "welcome", 1)
	if err != nil {
		return err
	}
	link, err := d.link(m)
	if err != nil {
		return err
	}
	if _, err := d.accept(ctx, link, "jo@contoso.example"); err != nil {
		return err
	}
	d.line("jo", fmt.Sprintf("registered: on E2001 %s → %s", licensing.InvitationSent, licensing.AssignmentInProgress), "R23")
	if err := d.becomes(ctx, "jo@contoso.example", "E2001", licensing.Failed, "R54"); err != nil {
		return err
	}
	v, err := d.views.User(ctx, d.org, d.me, id)
	if err != nil {
		return err
	}
	d.line("", fmt.Sprintf("why: %s (reference %s)", v.Access[0].Reason, v.Access[0].Reference), "R54")
	d.line("alex", "assigns the roles again", "R54")
	if _, err := d.saved(ctx, []licensing.PersonChange{change("jo@contoso.example", "", "", add("E2001", licensing.OnlineServicesManager))}, 0); err != nil {
		return err
	}
	if err := d.becomes(ctx, "jo@contoso.example", "E2001", licensing.Active, "R51"); err != nil {
		return err
	}
	d.line("", fmt.Sprintf("the downstream system knows %d role of Jo", len(d.downstream.Grants(id))), "")
	return nil
}

func (d *story) expiry(ctx context.Context) error {
	if _, err := d.saved(ctx, []licensing.PersonChange{change("tom@contoso.example", "", "", add("E2001", licensing.ProductDownloadManager))}, 4*time.Second); err != nil {
		return err
	}
	for _, kind := range []string{"welcome", "reminder"} {
		if _, err := d.caught(ctx, "tom@contoso.example", kind, 1); err != nil {
			return err
		}
	}
	if err := d.becomes(ctx, "tom@contoso.example", "E2001", licensing.InvitationExpired, "R56"); err != nil {
		return err
	}
	if _, err := d.caught(ctx, "alex@contoso.example", "expired", 1); err != nil {
		return err
	}
	c, err := d.command(ctx, "tom@contoso.example")
	if err != nil {
		return err
	}
	out, err := d.client.Reset(ctx, c)
	if err != nil {
		return err
	}
	d.line("alex", fmt.Sprintf("resets Tom's invitation: a new link, generation %d, full time", out.Generation), "R58")
	old, err := d.caught(ctx, "tom@contoso.example", "welcome", 1)
	if err != nil {
		return err
	}
	if _, err := d.caught(ctx, "tom@contoso.example", "welcome", 2); err != nil {
		return err
	}
	link, err := d.link(old)
	if err != nil {
		return err
	}
	_, err = d.accept(ctx, link, "tom@contoso.example")
	if err := d.refused("tom", "registers by the old link", err, "R58"); err != nil {
		return err
	}
	return d.becomes(ctx, "tom@contoso.example", "E2001", licensing.InvitationSent, "R58")
}

func remove(l licensing.LicenseID, roles ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Remove: roles}
}

func (d *story) refusals(ctx context.Context) error {
	for _, r := range []struct {
		what, rule string
		change     licensing.PersonChange
	}{
		{"removes Dana, the last admin of E2002", "R33", change("dana@contoso.example", "", "", remove("E2002", licensing.Administrator))},
		{"removes his own Administrator role on E2001", "R31", change("alex@contoso.example", "", "", remove("E2001", licensing.Administrator))},
		{"gives Kim, an admin of E2001, Invoice Reader there", "R19", change("kim@contoso.example", "", "", add("E2001", licensing.InvoiceReader))},
	} {
		answer, err := d.client.Save(ctx, licensing.Save{ID: newRequest(), Org: d.org, Admin: d.me, People: []licensing.PersonChange{r.change}})
		if err != nil {
			return err
		}
		refusal := answer.People[0].Verdicts[0].Error
		if refusal == nil {
			return fmt.Errorf("%s: was not refused", r.what)
		}
		if err := d.refused("alex", r.what, refusal, r.rule); err != nil {
			return err
		}
	}
	return nil
}

func (d *story) removal(ctx context.Context) error {
	const p = licensing.ManageBenefits
	if err := d.becomes(ctx, "dana@contoso.example", "E2001", licensing.Active, "R62"); err != nil {
		return err
	}
	before, err := d.may(ctx, "dana@contoso.example", "E2001", p)
	if err != nil {
		return err
	}
	d.line("dana", fmt.Sprintf("may she %s on E2001? %s (%s)", p, yes(before.Allowed), before.Why), before.Rule)
	if _, err := d.saved(ctx, []licensing.PersonChange{change("dana@contoso.example", "", "", remove("E2001", licensing.BenefitsReader))}, 0); err != nil {
		return err
	}
	after, err := d.may(ctx, "dana@contoso.example", "E2001", p)
	if err != nil {
		return err
	}
	d.line("dana", fmt.Sprintf("may she %s on E2001? %s (%s)", p, yes(after.Allowed), after.Why), after.Rule)
	if !before.Allowed || after.Allowed {
		return errors.New("a role that was taken away is not denied at once")
	}
	_, err = d.caught(ctx, "dana@contoso.example", "changes", 2)
	return err
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// end shows the list as Alex sees it, checks that nothing is left undone, and says where everything is.
func (d *story) end(ctx context.Context, dir string) error {
	page, err := d.views.Users(ctx, d.org, d.me, licensing.UserFilter{})
	if err != nil {
		return err
	}
	tell(d.out, "\nManage Assignments, as Alex sees it\n")
	usersTable(d.out, page)
	want := map[licensing.Email]licensing.Status{
		"alex@contoso.example": licensing.Active, "dana@contoso.example": licensing.UserNotFound, "kim@contoso.example": licensing.Active,
		"jo@contoso.example": licensing.Active, "robin@fabrikam.example": licensing.InvitationSent, "mia@fabrikam.example": licensing.InvitationSent,
		"tom@contoso.example": licensing.InvitationExpired, "noor@contoso.example": licensing.Active,
	}
	if len(page.Users) != len(want) {
		return fmt.Errorf("the list has %d users, expected %d", len(page.Users), len(want))
	}
	for _, u := range page.Users {
		if want[u.SignIn] != u.Status {
			return fmt.Errorf("%s ends as %q, expected %q", u.SignIn, u.Status, want[u.SignIn])
		}
	}
	tell(d.out, `
Every step ended as it should, in %.0f s; %d mails were caught.

  rows          %s
  mails         %s
  look around   go run ./starter dev --dir %s      (the Temporal UI with these runs, the inbox)`,
		time.Since(d.begun).Seconds(), len(d.mailbox.Messages()), filepath.Join(dir, "vlroles.db"), filepath.Join(dir, "mails"), dir)
	return nil
}
