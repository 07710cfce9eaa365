package demo

import (
	"context"
	"errors"
	"fmt"

	"vlroles/licensing"
	"vlroles/starter/command"
)

func (d *story) removal(ctx context.Context) error {
	const p = licensing.ManageBenefits
	if err := d.becomes(ctx, "dana@contoso.example", "E2001", licensing.Active, "R62"); err != nil {
		return err
	}
	before, err := d.may(ctx, "dana@contoso.example", "E2001", p)
	if err != nil {
		return err
	}
	d.line("dana", fmt.Sprintf("may she %s on E2001? %s (%s)", p, command.Yes(before.Allowed), before.Why), before.Rule)
	if _, err := d.saved(ctx, []licensing.PersonChange{change("dana@contoso.example", "", "", remove("E2001", licensing.BenefitsReader))}, 0); err != nil {
		return err
	}
	after, err := d.may(ctx, "dana@contoso.example", "E2001", p)
	if err != nil {
		return err
	}
	d.line("dana", fmt.Sprintf("may she %s on E2001? %s (%s)", p, command.Yes(after.Allowed), after.Why), after.Rule)
	if !before.Allowed || after.Allowed {
		return errors.New("a role that was taken away is not denied at once")
	}
	_, err = d.caught(ctx, "dana@contoso.example", "changes", 2)
	return err
}
