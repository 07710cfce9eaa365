package demo

import (
	"context"

	"vlroles/licensing"
)

// firstSave gives five people roles: new ones are invited, known ones get a mail about the change (R62, R70,
// R73, R75).
func (d *story) firstSave(ctx context.Context) error {
	d.mailbox.Refuse("mia.typo@fabrikam.example", 550, "no such mailbox here")
	d.event("", "relay", "the mailbox mia.typo@fabrikam.example does not exist")
	robin := change("robin@fabrikam.example", add("E2001", licensing.ProductDownloadManager))
	robin.Name = "Robin Counts"
	mia := change("mia@fabrikam.example", add("E2001", licensing.BenefitsReader))
	mia.Name, mia.Business = "Mia Ortiz", "mia.typo@fabrikam.example"
	err := d.saveAsAlex(ctx, 0,
		change("kim@contoso.example", add("E2001", licensing.Administrator),
			add("E2003", licensing.ProductKeysReader)),
		robin,
		change("dana@contoso.example",
			add("E2001", licensing.LicensePositionReader, licensing.BenefitsReader)),
		mia,
		change("jo@contoso.example", add("E2001", licensing.OnlineServicesManager)),
	)
	if err != nil {
		return err
	}
	for _, m := range []struct{ to, kind string }{
		{"kim@contoso.example", "welcome"},
		{"robin@fabrikam.example", "welcome"},
		{"jo@contoso.example", "welcome"},
		{"dana@contoso.example", "changes"},
		{"alex@contoso.example", "confirmation"},
	} {
		if _, err := d.awaitMail(ctx, m.to, m.kind, 1); err != nil {
			return err
		}
	}
	return d.awaitStatus(ctx, "mia@fabrikam.example", "E2001", licensing.StatusFailed, "R55")
}
