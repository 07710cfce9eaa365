package demo

import (
	"context"
	"errors"
	"time"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// arrivals waits for what chapter two has started.
func (d *story) arrivals(ctx context.Context) error {
	until := func(what string, done func() (bool, error)) error {
		for end := time.Now().Add(stepWithin); ; {
			ok, err := done()
			if err != nil || ok {
				return err
			}
			if time.Now().After(end) {
				return errors.New(what + ": it did not happen")
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	err := until("Lena becomes active", func() (bool, error) {
		a, err := d.Rows.Access(ctx, d.org, d.lena, "E2004", licensing.ManageAssignments)
		return a.Allowed, err
	})
	if err != nil {
		return err
	}
	if err := d.asks(ctx, "lena@fabrikam.example", "E2004", licensing.ManageAssignments, true); err != nil {
		return err
	}
	err = until("the hand-over ends", func() (bool, error) {
		all, err := d.Rows.HandOvers(ctx, d.org, d.me)
		return err == nil && len(all) == 1 && all[0].State == licensing.HandOverDone, err
	})
	if err != nil {
		return err
	}
	d.line("kim", "is active on E2003, and Alex's role there was removed in Kim's name", "R31")
	if _, err := d.caught(ctx, "alex@contoso.example", "changes", 1); err != nil {
		return err
	}
	if err := d.asks(ctx, "alex@contoso.example", "E2003", licensing.ViewOrders, false); err != nil {
		return err
	}
	err = until("Kim becomes active on E2002", func() (bool, error) {
		all, err := d.Rows.Orphans(ctx, d.org)
		return len(all) == 0, err
	})
	if err != nil {
		return err
	}
	d.line("", "no agreement is orphaned any more", "R33")
	if err := d.becomes(ctx, "noor@contoso.example", "M2000", licensing.Active, "R60"); err != nil {
		return err
	}
	kim, err := d.id(ctx, "kim@contoso.example")
	if err != nil {
		return err
	}
	past, err := d.Rows.RolesOn(ctx, d.org, kim, "E2003", time.Now())
	if err != nil {
		return err
	}
	tell(d.out, "\nWho has which role on E2003, and how it came to be (starter history)\n")
	command.HistoryText(d.out, past)
	return nil
}
