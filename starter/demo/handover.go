package demo

import (
	"context"

	"vlroles/licensing"
)

// startHandOver starts a hand-over; Kim agrees, and takes over when the role is active (R30–R32).
func (d *story) startHandOver(ctx context.Context) error {
	d.handOver = newRequest()
	out, err := d.client.HandOver(ctx, licensing.HandOver{
		ID: d.handOver, Org: d.org, Admin: d.alex, Licenses: []licensing.LicenseID{"E2003", "E2002"},
		Successor: licensing.PersonChange{SignIn: "kim@contoso.example"},
	})
	if err != nil {
		return err
	}
	for _, v := range out.People[0].Verdicts {
		d.verdict("alex", "to Kim,", v, "R30")
	}
	if _, err := d.awaitMail(ctx, "kim@contoso.example", "handover", 1); err != nil {
		return err
	}
	_, err = d.agree(ctx, d.alex)
	if err := d.expectRefusal("alex", "agrees in Kim's place", err, "R43"); err != nil {
		return err
	}
	v, err := d.agree(ctx, out.People[0].User)
	if err != nil {
		return err
	}
	d.event("R31", "kim", "%s", "agrees: "+v.String())
	return nil
}

func (d *story) agree(ctx context.Context, by licensing.UserID) (licensing.HandOverView, error) {
	return d.client.AgreeHandOver(ctx, licensing.HandOverCommand{
		Request: newRequest(), Org: d.org, HandOver: d.handOver, By: by,
	})
}
