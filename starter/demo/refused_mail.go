package demo

import (
	"context"

	"vlroles/licensing"
)

// refusedMail corrects Mia's address and resets her invitation (R48, R58).
func (d *story) refusedMail(ctx context.Context) error {
	c, err := d.userCommand(ctx, "mia@fabrikam.example")
	if err != nil {
		return err
	}
	corrected := licensing.PersonChange{User: c.User, Business: "mia.ortiz@fabrikam.example"}
	if err := d.saveAsAlex(ctx, 0, corrected); err != nil {
		return err
	}
	out, err := d.client.Reset(ctx, c)
	if err != nil {
		return err
	}
	d.event("R58", "alex", "resets Mia's invitation: a new link, generation %d", out.Generation)
	if _, err := d.awaitMail(ctx, "mia.ortiz@fabrikam.example", "welcome", 1); err != nil {
		return err
	}
	return d.awaitStatus(ctx, "mia@fabrikam.example", "E2001", licensing.StatusInvitationSent, "R58")
}
