package demo

import (
	"context"
	"fmt"

	"vlroles/licensing"
)

// The people who leave.
var (
	jo   = licensing.DirectoryPerson{ObjectID: "o-jo", Email: "jo@contoso.example", Name: "Jo Brown"}
	dana = licensing.DirectoryPerson{ObjectID: "o-dana", Email: "dana@contoso.example", Name: "Dana Swope"}
)

// leaving has Jo leave and return, and Dana leave an agreement without an admin (R33, R84–R86).
func (d *story) leaving(ctx context.Context) error {
	if err := d.leaveAndReturn(ctx); err != nil {
		return err
	}
	out, err := d.changeDirectory(ctx, dana, true)
	if err != nil {
		return err
	}
	if len(out.Orphaned) != 1 || out.Orphaned[0] != "E2002" {
		return fmt.Errorf("orphaned are %v, expected E2002", out.Orphaned)
	}
	d.event("R33", "", "E2002 has no active admin any more: operators find the run by VlStatus = Orphaned")
	answer, err := d.client.Appoint(ctx, licensing.Appointment{
		ID: newRequest(), Org: d.org, License: "E2002",
		Person: licensing.PersonChange{SignIn: "kim@contoso.example"}, Reason: "case 4711", Support: "service desk",
	})
	if err != nil {
		return err
	}
	d.verdict("support", "appoints Kim:", answer.People[0].Verdicts[0], "R33")
	return nil
}

// leaveAndReturn shows that access ends with the directory, and comes back by an admin's re-check alone.
func (d *story) leaveAndReturn(ctx context.Context) error {
	email := string(jo.Email)
	for _, left := range []bool{true, false} {
		if _, err := d.changeDirectory(ctx, jo, left); err != nil {
			return err
		}
		if err := d.expectAccess(ctx, email, "E2001", licensing.ManageSubscriptions, false); err != nil {
			return err
		}
	}
	if err := d.awaitStatus(ctx, email, "E2001", licensing.StatusUserNotFound, "R85"); err != nil {
		return err
	}
	c, err := d.userCommand(ctx, email)
	if err != nil {
		return err
	}
	if _, err := d.client.Recheck(ctx, c); err != nil {
		return err
	}
	d.event("R86", "alex", "re-checks Jo")
	return d.expectAccess(ctx, email, "E2001", licensing.ManageSubscriptions, true)
}

// changeDirectory reports that someone left the tenant or is in it.
func (d *story) changeDirectory(ctx context.Context, p licensing.DirectoryPerson,
	left bool) (licensing.DirectoryAnswer, error) {
	what := "is in the tenant again"
	if left {
		what = "has left the tenant"
	}
	d.event("R84", "tenant", "%s", p.Name+" "+what)
	p.Left = left
	return d.client.Directory(ctx, licensing.DirectoryChange{
		ID: newRequest(), Org: d.org, People: []licensing.DirectoryPerson{p},
	})
}
