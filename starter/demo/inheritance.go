package demo

import (
	"context"

	"vlroles/licensing"
	"vlroles/starter/command"
)

const noor = "noor@contoso.example"

// inheritance names Noor as a contact of the MBSA, who opts in and out (R88, R89).
func (d *story) inheritance(ctx context.Context) error {
	_, err := d.client.ChangeContact(ctx, licensing.ContactChange{
		ID: newRequest(), Org: d.org, Licenses: []licensing.LicenseID{"M2000"},
		Contact: licensing.Contact{
			Kind: licensing.OnlineAdministratorContact, Business: noor, Name: "Noor Haddad",
		},
	})
	if err != nil {
		return err
	}
	d.event("R34", "partner", "Noor is the online administrator contact of M2000")
	if err := d.saveAsAlex(ctx, 0, change(noor, add("M2000", licensing.BenefitsReader))); err != nil {
		return err
	}
	link, err := d.awaitLink(ctx, noor, 1)
	if err != nil {
		return err
	}
	if _, err := d.register(ctx, link, noor); err != nil {
		return err
	}
	if err := d.expectAccess(ctx, noor, "E2004", licensing.ViewOrders, false); err != nil {
		return err
	}
	for _, inherit := range []bool{true, false, true} {
		if err := d.setPreference(ctx, inherit); err != nil {
			return err
		}
		if err := d.expectAccess(ctx, noor, "E2004", licensing.ViewOrders, inherit); err != nil {
			return err
		}
	}
	return nil
}

func (d *story) setPreference(ctx context.Context, inherit bool) error {
	id, err := d.userID(ctx, noor)
	if err != nil {
		return err
	}
	out, err := d.client.SetPreference(ctx, licensing.PreferenceChange{
		Request: newRequest(), Org: d.org, User: id, License: "M2000", Inherit: inherit,
	})
	if err != nil {
		return err
	}
	d.event("R89", "noor", "inherit Administrator on the %d License IDs below M2000: %s",
		out.Below, command.YesNo(inherit))
	return nil
}
