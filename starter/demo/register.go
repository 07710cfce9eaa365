package demo

import (
	"context"
	"errors"
	"fmt"

	"vlroles/licensing"
	"vlroles/starter/command"
)

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
		d.line("kim", fmt.Sprintf("registered: on %s %s → %s, %s effective from %s", e.License, licensing.InvitationSent, e.Status, command.RoleNames(e.Roles), e.DueAt.Format("15:04:05")), "R23")
	}
	_, err = d.accept(ctx, link, "kim@contoso.example")
	if err := d.refused("kim", "clicks the link again", err, "R29"); err != nil {
		return err
	}
	people, err := d.Client.Save(ctx, licensing.Save{ID: newRequest(), Org: d.org, Admin: d.me, People: []licensing.PersonChange{
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
