package demo

import (
	"context"
	"fmt"
	"time"

	"vlroles/licensing"
)

func (d *story) expiry(ctx context.Context) error {
	if _, err := d.saved(ctx, []licensing.PersonChange{change("tom@contoso.example", "", "", add("E2001", licensing.ProductDownloadManager))}, 4*time.Second); err != nil {
		return err
	}
	for _, kind := range []string{"welcome", "reminder"} {
		if _, err := d.caught(ctx, "tom@contoso.example", kind, 1); err != nil {
			return err
		}
	}
	if err := d.becomes(ctx, "tom@contoso.example", "E2001", licensing.InvitationExpired, "R56"); err != nil {
		return err
	}
	if _, err := d.caught(ctx, "alex@contoso.example", "expired", 1); err != nil {
		return err
	}
	c, err := d.command(ctx, "tom@contoso.example")
	if err != nil {
		return err
	}
	out, err := d.Client.Reset(ctx, c)
	if err != nil {
		return err
	}
	d.line("alex", fmt.Sprintf("resets Tom's invitation: a new link, generation %d, full time", out.Generation), "R58")
	old, err := d.caught(ctx, "tom@contoso.example", "welcome", 1)
	if err != nil {
		return err
	}
	if _, err := d.caught(ctx, "tom@contoso.example", "welcome", 2); err != nil {
		return err
	}
	link, err := d.link(old)
	if err != nil {
		return err
	}
	_, err = d.accept(ctx, link, "tom@contoso.example")
	if err := d.refused("tom", "registers by the old link", err, "R58"); err != nil {
		return err
	}
	return d.becomes(ctx, "tom@contoso.example", "E2001", licensing.InvitationSent, "R58")
}
