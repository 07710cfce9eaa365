package demo

import (
	"context"
	"fmt"

	"vlroles/licensing"
)

func (d *story) refusals(ctx context.Context) error {
	for _, r := range []struct {
		what, rule string
		change     licensing.PersonChange
	}{
		{"removes Dana, the last admin of E2002", "R33", change("dana@contoso.example", "", "", remove("E2002", licensing.Administrator))},
		{"removes his own Administrator role on E2001", "R31", change("alex@contoso.example", "", "", remove("E2001", licensing.Administrator))},
		{"gives Kim, an admin of E2001, Invoice Reader there", "R19", change("kim@contoso.example", "", "", add("E2001", licensing.InvoiceReader))},
	} {
		answer, err := d.Client.Save(ctx, licensing.Save{ID: newRequest(), Org: d.org, Admin: d.me, People: []licensing.PersonChange{r.change}})
		if err != nil {
			return err
		}
		refusal := answer.People[0].Verdicts[0].Error
		if refusal == nil {
			return fmt.Errorf("%s: was not refused", r.what)
		}
		if err := d.refused("alex", r.what, refusal, r.rule); err != nil {
			return err
		}
	}
	return nil
}
