package demo

import (
	"context"
	"fmt"

	"vlroles/licensing"
)

func (d *story) mend(ctx context.Context) error {
	c, err := d.command(ctx, "mia@fabrikam.example")
	if err != nil {
		return err
	}
	if _, err := d.saved(ctx, []licensing.PersonChange{{User: c.User, Business: "mia.ortiz@fabrikam.example"}}, 0); err != nil {
		return err
	}
	out, err := d.Client.Reset(ctx, c)
	if err != nil {
		return err
	}
	d.line("alex", fmt.Sprintf("resets Mia's invitation: a new link, generation %d", out.Generation), "R58")
	if _, err := d.caught(ctx, "mia.ortiz@fabrikam.example", "welcome", 1); err != nil {
		return err
	}
	return d.becomes(ctx, "mia@fabrikam.example", "E2001", licensing.InvitationSent, "R58")
}
