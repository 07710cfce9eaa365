package demo

import (
	"context"

	"vlroles/licensing"
)

// provisioningFailure has the downstream system refuse Jo; Alex assigns the roles again (R54).
func (d *story) provisioningFailure(ctx context.Context) error {
	const jo = "jo@contoso.example"
	id, err := d.userID(ctx, jo)
	if err != nil {
		return err
	}
	d.downstream.RefuseOnce(id, "the user's account is being moved")
	link, err := d.awaitLink(ctx, jo, 1)
	if err != nil {
		return err
	}
	if _, err := d.register(ctx, link, jo); err != nil {
		return err
	}
	d.event("R23", "jo", "registered: on E2001 %s → %s",
		licensing.StatusInvitationSent, licensing.StatusAssignmentInProgress)
	if err := d.awaitStatus(ctx, jo, "E2001", licensing.StatusFailed, "R54"); err != nil {
		return err
	}
	e, err := d.entry(ctx, jo, "E2001")
	if err != nil {
		return err
	}
	d.event("R54", "", "reason: %s (reference %s)", e.Reason, e.Reference)
	d.event("R54", "alex", "assigns the roles again")
	if err := d.saveAsAlex(ctx, 0, change(jo, add("E2001", licensing.OnlineServicesManager))); err != nil {
		return err
	}
	if err := d.awaitStatus(ctx, jo, "E2001", licensing.StatusActive, "R51"); err != nil {
		return err
	}
	d.event("", "", "roles of Jo that the downstream system knows: %d", len(d.downstream.Grants(id)))
	return nil
}
