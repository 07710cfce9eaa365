package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"vlroles/commands"
	"vlroles/config"
	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/starter/command"
	"vlroles/starter/local"
	"vlroles/store/views"
	"vlroles/templates"
)

// story plays the chapters, prints what happens, and stops at the first thing that isn't as it should be.
type story struct {
	views      *views.Views
	client     *commands.Client
	config     config.Config
	mailbox    *rig.Mailbox
	downstream *local.Downstream
	out        io.Writer
	begun      time.Time
	printed    map[int]bool // mails that stand in the timeline, by number

	org      licensing.OrgID
	alex     licensing.UserID
	lena     licensing.UserID
	handOver licensing.RequestID
}

func newStory(s *local.Stack, out io.Writer) *story {
	return &story{
		views: s.Views, client: s.Client, config: s.Config, mailbox: s.Mailbox, downstream: s.Downstream,
		out: out, begun: time.Now(), printed: map[int]bool{},
	}
}

// stepWithin is how long a step of the story may take.
const stepWithin = 30 * time.Second

// event prints one line of the timeline: who did what, by which rule.
func (d *story) event(rule, who, format string, args ...any) {
	if rule != "" {
		rule = "[" + rule + "]"
	}
	what := fmt.Sprintf(format, args...)
	fmt.Fprintf(d.out, "  %5.1fs  %-8s %-96s %s\n", time.Since(d.begun).Seconds(), who, what, rule)
}

// await asks until done says so, or for too long.
func await(ctx context.Context, what string, done func() (bool, error)) error {
	for end := time.Now().Add(stepWithin); ; {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: it did not happen within %s", what, stepWithin)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ruleOfMail returns the rule by which a kind of mail is sent.
func ruleOfMail(kind string) string {
	for _, k := range templates.Kinds() {
		if string(k.Kind) == kind {
			return k.Rule
		}
	}
	return ""
}

// awaitMail waits for the number-th mail of a kind to an address, and prints it the first time.
func (d *story) awaitMail(ctx context.Context, to, kind string, number int) (rig.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	seen := map[int]bool{}
	m, err := d.mailbox.Wait(ctx, func(m rig.Message) bool {
		if m.To == to && local.MailKind(m) == kind {
			seen[m.Number] = true
		}
		return len(seen) >= number && seen[m.Number]
	})
	if err != nil {
		return m, fmt.Errorf("%s email to %s: %w", kind, to, err)
	}
	if !d.printed[m.Number] {
		d.printed[m.Number] = true
		d.event(ruleOfMail(kind), "email", "to %s: %q", to, m.Subject)
	}
	return m, nil
}

// awaitLink waits for an invitation and returns its link.
func (d *story) awaitLink(ctx context.Context, to string, number int) (string, error) {
	m, err := d.awaitMail(ctx, to, "welcome", number)
	if err != nil {
		return "", err
	}
	for _, word := range strings.Fields(m.Text) {
		if strings.HasPrefix(word, d.config.LinkBase) {
			return word, nil
		}
	}
	return "", fmt.Errorf("the email to %s has no link", m.To)
}

// register registers the person with the address by a link.
func (d *story) register(ctx context.Context, link, email string) (licensing.Registered, error) {
	token := strings.TrimPrefix(link, d.config.LinkBase)
	t, err := d.config.LinkKeys.Verify(token)
	if err != nil {
		return licensing.Registered{}, err
	}
	who, err := d.views.SignsIn(ctx, t.Invitation, licensing.Email(email))
	if err != nil {
		return licensing.Registered{}, err
	}
	r, err := d.config.LinkKeys.Accept(token, who, newRequest())
	if err != nil {
		return licensing.Registered{}, err
	}
	return d.client.Register(ctx, r)
}

func newRequest() licensing.RequestID { return licensing.RequestID(uuid.NewString()) }

func (d *story) userID(ctx context.Context, email string) (licensing.UserID, error) {
	return d.views.UserBySignIn(ctx, d.org, licensing.Email(email))
}

// entry returns what a person has on a License ID as Alex sees it; the zero entry where there is nothing.
func (d *story) entry(
	ctx context.Context, email string, l licensing.LicenseID,
) (licensing.AccessEntry, error) {
	var e licensing.AccessEntry
	id, err := d.userID(ctx, email)
	if err != nil {
		return e, err
	}
	v, err := d.views.User(ctx, d.org, d.alex, id)
	if err != nil {
		return e, err
	}
	if n := slices.IndexFunc(v.Access, func(e licensing.AccessEntry) bool { return e.License == l }); n >= 0 {
		e = v.Access[n]
	}
	return e, nil
}

// awaitStatus waits until a person has the status on a License ID, and prints the change.
func (d *story) awaitStatus(ctx context.Context, email string, l licensing.LicenseID, want licensing.Status,
	rule string) error {
	before, err := d.entry(ctx, email, l)
	if err != nil {
		return err
	}
	err = await(ctx, fmt.Sprintf("%s becomes %s on %s", email, want, l), func() (bool, error) {
		now, err := d.entry(ctx, email, l)
		return now.Status == want, err
	})
	if err != nil {
		return err
	}
	change := want.String()
	if before.Status != want {
		change = fmt.Sprintf("%s → %s", before.Status, want)
	}
	d.event(rule, firstName(email), "on %s: %s", l, change)
	return nil
}

func firstName(email string) string { name, _, _ := strings.Cut(email, "@"); return name }

// ruleOfOutcome is the rule that a verdict follows from.
var ruleOfOutcome = map[licensing.Outcome]string{
	licensing.Invited: "R73", licensing.Joined: "R62", licensing.Assigned: "R52", licensing.Changed: "R71",
}

// saveAsAlex sends a save in Alex's name and prints its verdicts.
func (d *story) saveAsAlex(ctx context.Context, inviteFor time.Duration,
	people ...licensing.PersonChange) error {
	begun := time.Now()
	answer, err := d.client.Save(ctx, licensing.Save{
		ID: newRequest(), Org: d.org, Admin: d.alex, People: people, InviteFor: inviteFor,
	})
	if err != nil {
		return err
	}
	d.event("R67", "alex", "verify and save, answered in %d ms", time.Since(begun).Milliseconds())
	for n, p := range answer.People {
		if p.Error != nil {
			d.event(p.Error.Rule, "", "%s refused: %s", people[n].SignIn, p.Error.Message)
		}
		if p.Updated {
			d.event("R48", "", "name or business email updated")
		}
		for _, v := range p.Verdicts {
			d.verdict("", firstName(string(people[n].SignIn))+" on", v, ruleOfOutcome[v.Outcome])
		}
	}
	return nil
}

// verdict prints a verdict, by the rule that refused it or else by the one given.
func (d *story) verdict(who, whom string, v licensing.Verdict, rule string) {
	if v.Error != nil {
		rule = v.Error.Rule
	}
	line := strings.TrimSuffix(command.VerdictLine(v), " ("+rule+")")
	d.event(rule, who, "%s", strings.TrimSpace(whom+" "+line))
}

// expectRefusal prints a refusal, and is an error where there was none or another one.
func (d *story) expectRefusal(who, what string, err error, rule string) error {
	var e *licensing.Error
	if !errors.As(err, &e) || e.Rule != rule {
		return fmt.Errorf("%s: expected a refusal by %s, got %v", what, rule, err)
	}
	d.event(rule, who, "%s", what+" — refused: "+e.Message)
	return nil
}

// expectAccess prints whether someone may do something on a License ID, and is an error where the answer is
// another one.
func (d *story) expectAccess(ctx context.Context, email string, l licensing.LicenseID, p licensing.Permission,
	want bool) error {
	id, err := d.userID(ctx, email)
	if err != nil {
		return err
	}
	a, err := d.views.Access(ctx, d.org, id, l, p)
	if err != nil {
		return err
	}
	d.event(a.Rule, firstName(email), "may %s on %s? %s (%s)", p, l, command.YesNo(a.Allowed), a.Why)
	if a.Allowed != want {
		return fmt.Errorf("%s may %s on %s: %v, expected %v", email, p, l, a.Allowed, want)
	}
	return nil
}

// userCommand is a command in Alex's name about a person.
func (d *story) userCommand(ctx context.Context, email string) (licensing.Command, error) {
	id, err := d.userID(ctx, email)
	return licensing.Command{Request: newRequest(), Org: d.org, User: id, By: d.alex}, err
}

func change(email string, access ...licensing.AccessChange) licensing.PersonChange {
	return licensing.PersonChange{SignIn: licensing.Email(email), Access: access}
}

func add(l licensing.LicenseID, roles ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Add: roles}
}

func remove(l licensing.LicenseID, roles ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Remove: roles}
}
