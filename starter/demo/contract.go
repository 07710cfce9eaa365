package demo

import (
	"context"
	"time"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// contract takes in a new agreement whose primary contact forwards the mail (R18, R25, R28).
func (d *story) contract(ctx context.Context) error {
	out, err := d.Client.PutAgreement(ctx, licensing.AgreementPut{ID: newRequest(), Org: d.org, Agreement: licensing.ContractAgreement{
		License: "E2004", Program: "Select Plus", Parent: "M2000", ProcessedAt: time.Now().Add(-300 * 24 * time.Hour),
		Contacts: []licensing.Contact{
			{Kind: licensing.PrimaryContact, Business: "pat@fabrikam.example", Name: "Pat Lee"},
			{Kind: licensing.BillToContact, Business: "ivy@fabrikam.example", Name: "Ivy Counts"},
		}}})
	if err != nil {
		return err
	}
	d.line("partner", "E2004 below M2000: Pat is its primary contact, Ivy its Bill To contact", "R03")
	for _, p := range out.People {
		for _, v := range p.Verdicts {
			d.line("", command.VerdictText(v), map[licensing.Role]string{licensing.Administrator: "R25", licensing.InvoiceReader: "R18"}[v.Added[0]])
		}
	}
	m, err := d.caught(ctx, "pat@fabrikam.example", "welcome", 1)
	if err != nil {
		return err
	}
	if _, err := d.caught(ctx, "ivy@fabrikam.example", "welcome", 1); err != nil {
		return err
	}
	link, err := d.link(m)
	if err != nil {
		return err
	}
	d.line("pat", "forwards the mail to Lena", "R28")
	who, err := d.accept(ctx, link, "lena@fabrikam.example")
	if err != nil {
		return err
	}
	d.lena = who.User
	d.line("lena", "registered by Pat's link: becomes the administrator of E2004 instead", "R28")
	if _, err := d.caught(ctx, "pat@fabrikam.example", "forwarded", 1); err != nil {
		return err
	}
	_, err = d.accept(ctx, link, "pat@fabrikam.example")
	return d.refused("pat", "clicks the link too late", err, "R29")
}
