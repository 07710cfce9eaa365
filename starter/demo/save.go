package demo

import (
	"context"

	"vlroles/licensing"
)

func (d *story) save(ctx context.Context) error {
	d.Mailbox.Refuse("mia.typo@fabrikam.example", 550, "no such mailbox here")
	d.line("relay", "the mailbox mia.typo@fabrikam.example does not exist", "")
	_, err := d.saved(ctx, []licensing.PersonChange{
		change("kim@contoso.example", "", "", add("E2001", licensing.Administrator), add("E2003", licensing.ProductKeysReader)),
		change("robin@fabrikam.example", "Robin Counts", "", add("E2001", licensing.ProductDownloadManager)),
		change("dana@contoso.example", "", "", add("E2001", licensing.LicensePositionReader, licensing.BenefitsReader)),
		change("mia@fabrikam.example", "Mia Ortiz", "mia.typo@fabrikam.example", add("E2001", licensing.BenefitsReader)),
		change("jo@contoso.example", "", "", add("E2001", licensing.OnlineServicesManager)),
	}, 0)
	if err != nil {
		return err
	}
	for _, to := range []string{"kim@contoso.example", "robin@fabrikam.example", "jo@contoso.example"} {
		if _, err := d.caught(ctx, to, "welcome", 1); err != nil {
			return err
		}
	}
	if _, err := d.caught(ctx, "dana@contoso.example", "changes", 1); err != nil {
		return err
	}
	if _, err := d.caught(ctx, "alex@contoso.example", "confirmation", 1); err != nil {
		return err
	}
	return d.becomes(ctx, "mia@fabrikam.example", "E2001", licensing.Failed, "R55")
}
