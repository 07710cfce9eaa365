package demo

import (
	"context"
	"fmt"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// inheritance names Noor as a contact of the MBSA, who opts in and out (R88, R89).
func (d *story) inheritance(ctx context.Context) error {
	const noor = "noor@contoso.example"
	if _, err := d.Client.ChangeContact(ctx, licensing.ContactChange{ID: newRequest(), Org: d.org, Licenses: []licensing.LicenseID{"M2000"},
		Contact: licensing.Contact{Kind: licensing.OnlineAdministratorContact, Business: noor, Name: "Noor Haddad"}}); err != nil {
		return err
	}
	d.line("partner", "Noor is the online administrator contact of M2000", "R34")
	if _, err := d.saved(ctx, []licensing.PersonChange{change(noor, "", "", add("M2000", licensing.BenefitsReader))}, 0); err != nil {
		return err
	}
	m, err := d.caught(ctx, noor, "welcome", 1)
	if err != nil {
		return err
	}
	link, err := d.link(m)
	if err != nil {
		return err
	}
	if _, err := d.accept(ctx, link, noor); err != nil {
		return err
	}
	id, err := d.id(ctx, noor)
	if err != nil {
		return err
	}
	if err := d.asks(ctx, noor, "E2004", licensing.ViewOrders, false); err != nil {
		return err
	}
	for _, inherit := range []bool{true, false, true} {
		out, err := d.Client.Prefer(ctx, licensing.PreferenceChange{Request: newRequest(), Org: d.org, User: id, License: "M2000", Inherit: inherit})
		if err != nil {
			return err
		}
		d.line("noor", fmt.Sprintf("inherit Administrator on the %d License IDs below M2000: %s", out.Below, command.Yes(inherit)), "R89")
		if err := d.asks(ctx, noor, "E2004", licensing.ViewOrders, inherit); err != nil {
			return err
		}
	}
	return nil
}
