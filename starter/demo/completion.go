package demo

import (
	"context"
	"fmt"
	"time"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// completion waits for what chapter two has started.
func (d *story) completion(ctx context.Context) error {
	steps := []func(context.Context) error{d.lenaIsActive, d.handOverIsDone, d.nothingIsOrphaned}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := d.awaitStatus(ctx, noor, "M2000", licensing.StatusActive, "R60"); err != nil {
		return err
	}
	kim, err := d.userID(ctx, "kim@contoso.example")
	if err != nil {
		return err
	}
	roles, err := d.views.RolesOn(ctx, d.org, kim, "E2003", time.Now())
	if err != nil {
		return err
	}
	fmt.Fprint(d.out, "\nWho has which role on E2003, and who gave it (starter history)\n\n")
	command.HistoryTable(d.out, roles)
	return nil
}

func (d *story) lenaIsActive(ctx context.Context) error {
	err := await(ctx, "Lena becomes active", func() (bool, error) {
		a, err := d.views.Access(ctx, d.org, d.lena, "E2004", licensing.ManageAssignments)
		return a.Allowed, err
	})
	if err != nil {
		return err
	}
	return d.expectAccess(ctx, "lena@fabrikam.example", "E2004", licensing.ManageAssignments, true)
}

// handOverIsDone waits until Alex has lost the role that he handed over (R31).
func (d *story) handOverIsDone(ctx context.Context) error {
	err := await(ctx, "the hand-over ends", func() (bool, error) {
		all, err := d.views.HandOvers(ctx, d.org, d.alex)
		return err == nil && len(all) == 1 && all[0].State == licensing.HandOverDone, err
	})
	if err != nil {
		return err
	}
	d.event("R31", "kim", "is active on E2003, and Alex's role there was removed in Kim's name")
	if _, err := d.awaitMail(ctx, "alex@contoso.example", "changes", 1); err != nil {
		return err
	}
	return d.expectAccess(ctx, "alex@contoso.example", "E2003", licensing.ViewOrders, false)
}

// nothingIsOrphaned waits until Kim is active on E2002, where support appointed her (R33).
func (d *story) nothingIsOrphaned(ctx context.Context) error {
	err := await(ctx, "Kim becomes active on E2002", func() (bool, error) {
		all, err := d.views.Orphans(ctx, d.org)
		return len(all) == 0, err
	})
	if err == nil {
		d.event("R33", "", "no agreement is orphaned any more")
	}
	return err
}
