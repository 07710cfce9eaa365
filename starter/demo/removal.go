package demo

import (
	"context"

	"vlroles/licensing"
)

// removal takes a role from Dana, which ends it at once (R71).
func (d *story) removal(ctx context.Context) error {
	const dana = "dana@contoso.example"
	if err := d.awaitStatus(ctx, dana, "E2001", licensing.StatusActive, "R62"); err != nil {
		return err
	}
	if err := d.expectAccess(ctx, dana, "E2001", licensing.ManageBenefits, true); err != nil {
		return err
	}
	if err := d.saveAsAlex(ctx, 0, change(dana, remove("E2001", licensing.BenefitsReader))); err != nil {
		return err
	}
	if err := d.expectAccess(ctx, dana, "E2001", licensing.ManageBenefits, false); err != nil {
		return err
	}
	_, err := d.awaitMail(ctx, dana, "changes", 2)
	return err
}
