package demo

import (
	"context"
	"fmt"

	"vlroles/licensing"
)

func (d *story) failure(ctx context.Context) error {
	id, err := d.id(ctx, "jo@contoso.example")
	if err != nil {
		return err
	}
	d.Downstream.RefuseOnce(id, "the user's account is being moved")
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
	v, err := d.Rows.User(ctx, d.org, d.me, id)
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
	d.line("", fmt.Sprintf("the downstream system knows %d role of Jo", len(d.Downstream.Grants(id))), "")
	return nil
}
