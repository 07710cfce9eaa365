package demo

import (
	"context"
	"time"

	"vlroles/licensing"
)

// expiry lets Tom's invitation expire; after a reset the old link has stopped working (R56, R58).
func (d *story) expiry(ctx context.Context) error {
	const tom = "tom@contoso.example"
	err := d.saveAsAlex(ctx, 4*time.Second, change(tom, add("E2001", licensing.ProductDownloadManager)))
	if err != nil {
		return err
	}
	oldLink, err := d.awaitLink(ctx, tom, 1)
	if err != nil {
		return err
	}
	if _, err := d.awaitMail(ctx, tom, "reminder", 1); err != nil {
		return err
	}
	if err := d.awaitStatus(ctx, tom, "E2001", licensing.StatusInvitationExpired, "R56"); err != nil {
		return err
	}
	if _, err := d.awaitMail(ctx, "alex@contoso.example", "expired", 1); err != nil {
		return err
	}
	c, err := d.userCommand(ctx, tom)
	if err != nil {
		return err
	}
	out, err := d.client.Reset(ctx, c)
	if err != nil {
		return err
	}
	d.event("R58", "alex", "resets Tom's invitation: a new link, generation %d, valid for the full period",
		out.Generation)
	if _, err := d.awaitMail(ctx, tom, "welcome", 2); err != nil {
		return err
	}
	_, err = d.register(ctx, oldLink, tom)
	if err := d.expectRefusal("tom", "registers by the old link", err, "R58"); err != nil {
		return err
	}
	return d.awaitStatus(ctx, tom, "E2001", licensing.StatusInvitationSent, "R58")
}
