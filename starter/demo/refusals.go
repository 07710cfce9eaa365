package demo

import (
	"context"
	"fmt"

	"vlroles/licensing"
)

// refusals tries what the rules refuse (R19, R31, R33).
func (d *story) refusals(ctx context.Context) error {
	for _, r := range []struct {
		what, rule string
		change     licensing.PersonChange
	}{
		{"removes Dana, the last admin of E2002", "R33",
			change("dana@contoso.example", remove("E2002", licensing.Administrator))},
		{"removes his own Administrator role on E2001", "R31",
			change("alex@contoso.example", remove("E2001", licensing.Administrator))},
		{"gives Kim, an admin of E2001, Invoice Reader there", "R19",
			change("kim@contoso.example", add("E2001", licensing.InvoiceReader))},
	} {
		refusal, err := d.refusedSave(ctx, r.change)
		if err != nil {
			return err
		}
		if refusal == nil {
			return fmt.Errorf("%s: was not refused", r.what)
		}
		if err := d.expectRefusal("alex", r.what, refusal, r.rule); err != nil {
			return err
		}
	}
	return nil
}
