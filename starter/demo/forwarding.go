package demo

import (
	"context"
	"time"

	"vlroles/licensing"
)

// forwarding adds an agreement whose primary contact forwards the mail (R18, R25, R28).
func (d *story) forwarding(ctx context.Context) error {
	const pat, ivy, lena = "pat@fabrikam.example", "ivy@fabrikam.example", "lena@fabrikam.example"
	if err := d.addAgreement(ctx, pat, ivy); err != nil {
		return err
	}
	link, err := d.awaitLink(ctx, pat, 1)
	if err != nil {
		return err
	}
	if _, err := d.awaitMail(ctx, ivy, "welcome", 1); err != nil {
		return err
	}
	d.event("R28", "pat", "forwards the email to Lena")
	registered, err := d.register(ctx, link, lena)
	if err != nil {
		return err
	}
	d.lena = registered.User
	d.event("R28", "lena", "registered by Pat's link: becomes the administrator of E2004 instead")
	if _, err := d.awaitMail(ctx, pat, "forwarded", 1); err != nil {
		return err
	}
	_, err = d.register(ctx, link, pat)
	return d.expectRefusal("pat", "selects the link too late", err, "R29")
}

func (d *story) addAgreement(ctx context.Context, primary, billTo licensing.Email) error {
	out, err := d.client.PutAgreement(ctx, licensing.AgreementPut{
		ID: newRequest(), Org: d.org,
		Agreement: licensing.ContractAgreement{
			License: "E2004", Program: "Select Plus", Parent: "M2000",
			ProcessedAt: time.Now().AddDate(0, 0, -300),
			Contacts: []licensing.Contact{
				{Kind: licensing.PrimaryContact, Business: primary, Name: "Pat Lee"},
				{Kind: licensing.BillToContact, Business: billTo, Name: "Ivy Counts"},
			},
		},
	})
	if err != nil {
		return err
	}
	d.event("R03", "partner", "E2004 below M2000: Pat is its primary contact, Ivy its Bill To contact")
	rules := map[licensing.Role]string{licensing.Administrator: "R25", licensing.InvoiceReader: "R18"}
	for _, p := range out.People {
		for _, v := range p.Verdicts {
			d.verdict("", "", v, rules[v.Added[0]])
		}
	}
	return nil
}
