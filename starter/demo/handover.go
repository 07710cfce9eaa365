package demo

import (
	"context"
	"strings"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// handOverE2003 starts a hand-over; Kim agrees, and takes over when the role is active (R30–R32).
func (d *story) handOverE2003(ctx context.Context) error {
	d.hand = newRequest()
	out, err := d.Client.HandOver(ctx, licensing.HandOver{ID: d.hand, Org: d.org, Admin: d.me, Licenses: []licensing.LicenseID{"E2003", "E2002"},
		Successor: licensing.PersonChange{SignIn: "kim@contoso.example"}})
	if err != nil {
		return err
	}
	for _, v := range out.People[0].Verdicts {
		rule := "R30"
		if v.Error != nil {
			rule = v.Error.Rule
		}
		d.line("alex", "to Kim, "+strings.TrimSuffix(command.VerdictText(v), " ("+rule+")"), rule)
	}
	if _, err := d.caught(ctx, "kim@contoso.example", "handover", 1); err != nil {
		return err
	}
	_, err = d.Client.AgreeHandOver(ctx, licensing.HandOverCommand{Request: newRequest(), Org: d.org, HandOver: d.hand, By: d.me})
	if err := d.refused("alex", "agrees in Kim's place", err, "R43"); err != nil {
		return err
	}
	v, err := d.Client.AgreeHandOver(ctx, licensing.HandOverCommand{Request: newRequest(), Org: d.org, HandOver: d.hand, By: out.People[0].User})
	if err != nil {
		return err
	}
	d.line("kim", "agrees: "+v.String(), "R31")
	return nil
}
