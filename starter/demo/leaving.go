package demo

import (
	"context"
	"fmt"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// tenant says that somebody left the tenant or is in it.
func (d *story) tenant(ctx context.Context, object licensing.ObjectID, email licensing.Email, name string, left bool) (licensing.DirectoryAnswer, error) {
	what := "is in the tenant again"
	if left {
		what = "has left the tenant"
	}
	d.line("tenant", name+" "+what, "R84")
	return d.Client.Directory(ctx, licensing.DirectoryChange{ID: newRequest(), Org: d.org,
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
	if _, err := d.Client.Recheck(ctx, c); err != nil {
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
	answer, err := d.Client.Seat(ctx, licensing.Seat{ID: newRequest(), Org: d.org, License: "E2002", Person: licensing.PersonChange{SignIn: "kim@contoso.example"}, Reason: "case 4711"})
	if err != nil {
		return err
	}
	d.line("support", "seats Kim: "+command.VerdictText(answer.People[0].Verdicts[0]), "R33")
	return nil
}
