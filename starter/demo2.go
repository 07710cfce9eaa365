package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vlroles/licensing"
)

// contract takes in a new agreement whose primary contact forwards the mail (R18, R25, R28).
func (d *story) contract(ctx context.Context) error {
	out, err := d.client.PutAgreement(ctx, licensing.AgreementPut{ID: newRequest(), Org: d.org, Agreement: licensing.ContractAgreement{
		License: "E2004", Program: "Select Plus", Parent: "M2000", ProcessedAt: time.Now().Add(-300 * 24 * time.Hour),
		Contacts: []licensing.Contact{
			{Kind: licensing.PrimaryContact, Business: "pat@fabrikam.example", Name: "Pat Lee"},
			{Kind: licensing.BillToContact, Business: "ivy@fabrikam.example", Name: "Ivy Counts"},
		}}})
	if err != nil {
		return err
	}
	d.line("partner", "E2004 below M2000: Pat is its primary contact, Ivy its Bill To contact", "R03")
	for _, p := range out.People {
		for _, v := range p.Verdicts {
			d.line("", verdictText(v), map[licensing.Role]string{licensing.Administrator: "R25", licensing.InvoiceReader: "R18"}[v.Added[0]])
		}
	}
	m, err := d.caught(ctx, "pat@fabrikam.example", "welcome", 1)
	if err != nil {
		return err
	}
	if _, err := d.caught(ctx, "ivy@fabrikam.example", "welcome", 1); err != nil {
		return err
	}
	link, err := d.link(m)
	if err != nil {
		return err
	}
	d.line("pat", "forwards the mail to Lena", "R28")
	who, err := d.accept(ctx, link, "lena@fabrikam.example")
	if err != nil {
		return err
	}
	d.lena = who.User
	d.line("lena", "registered by Pat's link: becomes the administrator of E2004 instead", "R28")
	if _, err := d.caught(ctx, "pat@fabrikam.example", "forwarded", 1); err != nil {
		return err
	}
	_, err = d.accept(ctx, link, "pat@fabrikam.example")
	return d.refused("pat", "clicks the link too late", err, "R29")
}

// asks tells whether somebody may do something on a License ID, and fails where the answer is another one.
func (d *story) asks(ctx context.Context, email string, l licensing.LicenseID, p licensing.Permission, want bool) error {
	a, err := d.may(ctx, email, l, p)
	if err != nil {
		return err
	}
	d.line(first(email), fmt.Sprintf("may %s on %s? %s (%s)", p, l, yes(a.Allowed), a.Why), a.Rule)
	if a.Allowed != want {
		return fmt.Errorf("%s may %s on %s: %v, expected %v", email, p, l, a.Allowed, want)
	}
	return nil
}

// inheritance names Noor as a contact of the MBSA, who opts in and out (R88, R89).
func (d *story) inheritance(ctx context.Context) error {
	const noor = "noor@contoso.example"
	if _, err := d.client.ChangeContact(ctx, licensing.ContactChange{ID: newRequest(), Org: d.org, Licenses: []licensing.LicenseID{"M2000"},
		Contact: licensing.Contact{Kind: licensing.OnlineAdministratorContact, Business: noor, Name: "Noor Haddad"}}); err != nil {
		return err
	}
	d.line("partner", "Noor is the online administrator contact of M2000", "R34")
	if _, err := d.saved(ctx, []licensing.PersonChange{change(noor, "", "", add("M2000", licensing.BenefitsReader))}, 0); err != nil {
		return err
	}
	m, err := d.caught(ctx, noor, "welcome", 1)
	if err != nil {
		return err
	}
	link, err := d.link(m)
	if err != nil {
		return err
	}
	if _, err := d.accept(ctx, link, noor); err != nil {
		return err
	}
	id, err := d.id(ctx, noor)
	if err != nil {
		return err
	}
	if err := d.asks(ctx, noor, "E2004", licensing.ViewOrders, false); err != nil {
		return err
	}
	for _, inherit := range []bool{true, false, true} {
		out, err := d.client.Prefer(ctx, licensing.PreferenceChange{Request: newRequest(), Org: d.org, User: id, License: "M2000", Inherit: inherit})
		if err != nil {
			return err
		}
		d.line("noor", fmt.Sprintf("inherit Administrator on the %d License IDs below M2000: %s", out.Below, yes(inherit)), "R89")
		if err := d.asks(ctx, noor, "E2004", licensing.ViewOrders, inherit); err != nil {
			return err
		}
	}
	return nil
}

// handOverE2003 starts a hand-over; Kim agrees, and takes over when the role is active (R30–R32).
func (d *story) handOverE2003(ctx context.Context) error {
	d.hand = newRequest()
	out, err := d.client.HandOver(ctx, licensing.HandOver{ID: d.hand, Org: d.org, Admin: d.me, Licenses: []licensing.LicenseID{"E2003", "E2002"},
		Successor: licensing.PersonChange{SignIn: "kim@contoso.example"}})
	if err != nil {
		return err
	}
	for _, v := range out.People[0].Verdicts {
		rule := "R30"
		if v.Error != nil {
			rule = v.Error.Rule
		}
		d.line("alex", "to Kim, "+strings.TrimSuffix(verdictText(v), " ("+rule+")"), rule)
	}
	if _, err := d.caught(ctx, "kim@contoso.example", "handover", 1); err != nil {
		return err
	}
	_, err = d.client.AgreeHandOver(ctx, licensing.HandOverCommand{Request: newRequest(), Org: d.org, HandOver: d.hand, By: d.me})
	if err := d.refused("alex", "agrees in Kim's place", err, "R43"); err != nil {
		return err
	}
	v, err := d.client.AgreeHandOver(ctx, licensing.HandOverCommand{Request: newRequest(), Org: d.org, HandOver: d.hand, By: out.People[0].User})
	if err != nil {
		return err
	}
	d.line("kim", "agrees: "+v.String(), "R31")
	return nil
}

// tenant says that somebody left the tenant or is in it.
func (d *story) tenant(ctx context.Context, object licensing.ObjectID, email licensing.Email, name string, left bool) (licensing.DirectoryAnswer, error) {
	what := "is in the tenant again"
	if left {
		what = "has left the tenant"
	}
	d.line("tenant", name+" "+what, "R84")
	return d.client.Directory(ctx, licensing.DirectoryChange{ID: newRequest(), Org: d.org,
		People: []licensing.DirectoryPerson{{ObjectID: object, Email: email, Name: name, Left: left}}})
}

// leaving has Jo leave and return, and Dana leave an agreement without an admin (R33, R84–R86).
func (d *story) leaving(ctx context.Context) error {
	const jo, dana = "jo@contoso.example", "dana@contoso.example"
	for _, left := range []bool{true, false} {
		if _, err := d.tenant(ctx, "o-jo", jo, "Jo Brown", left); err != nil {
			return err
		}
		if err := d.asks(ctx, jo, "E2001", licensing.ManageSubscriptions, false); err != nil {
			return err
		}
	}
	if err := d.becomes(ctx, jo, "E2001", licensing.UserNotFound, "R85"); err != nil {
		return err
	}
	c, err := d.command(ctx, jo)
	if err != nil {
		return err
	}
	if _, err := d.client.Recheck(ctx, c); err != nil {
		return err
	}
	d.line("alex", "re-checks Jo", "R86")
	if err := d.asks(ctx, jo, "E2001", licensing.ManageSubscriptions, true); err != nil {
		return err
	}
	out, err := d.tenant(ctx, "o-dana", dana, "Dana Swope", true)
	if err != nil {
		return err
	}
	if len(out.Orphaned) != 1 || out.Orphaned[0] != "E2002" {
		return fmt.Errorf("orphaned are %v, expected E2002", out.Orphaned)
	}
	d.line("", "E2002 has no active admin any more: operators find the run by VlStatus = Orphaned", "R33")
	answer, err := d.client.Seat(ctx, licensing.Seat{ID: newRequest(), Org: d.org, License: "E2002", Person: licensing.PersonChange{SignIn: "kim@contoso.example"}, Reason: "case 4711"})
	if err != nil {
		return err
	}
	d.line("support", "seats Kim: "+verdictText(answer.People[0].Verdicts[0]), "R33")
	return nil
}

// arrivals waits for what chapter two has started.
func (d *story) arrivals(ctx context.Context) error {
	until := func(what string, done func() (bool, error)) error {
		for end := time.Now().Add(stepWithin); ; {
			ok, err := done()
			if err != nil || ok {
				return err
			}
			if time.Now().After(end) {
				return errors.New(what + ": it did not happen")
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	err := until("Lena becomes active", func() (bool, error) {
		a, err := d.views.Access(ctx, d.org, d.lena, "E2004", licensing.ManageAssignments)
		return a.Allowed, err
	})
	if err != nil {
		return err
	}
	if err := d.asks(ctx, "lena@fabrikam.example", "E2004", licensing.ManageAssignments, true); err != nil {
		return err
	}
	err = until("the hand-over ends", func() (bool, error) {
		all, err := d.views.HandOvers(ctx, d.org, d.me)
		return err == nil && len(all) == 1 && all[0].State == licensing.HandOverDone, err
	})
	if err != nil {
		return err
	}
	d.line("kim", "is active on E2003, and Alex's role there was removed in Kim's name", "R31")
	if _, err := d.caught(ctx, "alex@contoso.example", "changes", 1); err != nil {
		return err
	}
	if err := d.asks(ctx, "alex@contoso.example", "E2003", licensing.ViewOrders, false); err != nil {
		return err
	}
	err = until("Kim becomes active on E2002", func() (bool, error) {
		all, err := d.views.Orphans(ctx, d.org)
		return len(all) == 0, err
	})
	if err != nil {
		return err
	}
	d.line("", "no agreement is orphaned any more", "R33")
	if err := d.becomes(ctx, "noor@contoso.example", "M2000", licensing.Active, "R60"); err != nil {
		return err
	}
	kim, err := d.id(ctx, "kim@contoso.example")
	if err != nil {
		return err
	}
	past, err := d.views.RolesOn(ctx, d.org, kim, "E2003", time.Now())
	if err != nil {
		return err
	}
	tell(d.out, "\nWho has which role on E2003, and how it came to be (starter history)\n")
	historyText(d.out, past)
	return nil
}
