package demo

import (
	"context"
	"errors"
)

// lostMail sends Robin's invitation again: the same link, and not twice at once (R58).
func (d *story) lostMail(ctx context.Context) error {
	const robin = "robin@fabrikam.example"
	c, err := d.userCommand(ctx, robin)
	if err != nil {
		return err
	}
	if _, err := d.client.Resend(ctx, c); err != nil {
		return err
	}
	d.event("R58", "alex", "resends Robin's invitation: the same link, the same expiry")
	first, err := d.awaitLink(ctx, robin, 1)
	if err != nil {
		return err
	}
	second, err := d.awaitLink(ctx, robin, 2)
	if err != nil {
		return err
	}
	if first != second {
		return errors.New("the second email has another link")
	}
	c.Request = newRequest()
	_, err = d.client.Resend(ctx, c)
	return d.expectRefusal("alex", "resends it again at once", err, "R58")
}
