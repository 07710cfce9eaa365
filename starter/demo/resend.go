package demo

import (
	"context"
	"fmt"
)

func (d *story) resend(ctx context.Context) error {
	c, err := d.command(ctx, "robin@fabrikam.example")
	if err != nil {
		return err
	}
	if _, err := d.Client.Resend(ctx, c); err != nil {
		return err
	}
	d.line("alex", "resends Robin's invitation: the same link, the same expiry", "R58")
	old, err := d.caught(ctx, "robin@fabrikam.example", "welcome", 1)
	if err != nil {
		return err
	}
	again, err := d.caught(ctx, "robin@fabrikam.example", "welcome", 2)
	if err != nil {
		return err
	}
	one, err := d.link(old)
	if err != nil {
		return err
	}
	if two, err := d.link(again); err != nil || one != two {
		return fmt.Errorf("the resent mail has another link: %w", err)
	}
	c.Request = newRequest()
	_, err = d.Client.Resend(ctx, c)
	return d.refused("alex", "resends once more at once", err, "R58")
}
