package demo

import (
	"context"
	"errors"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// registration has Kim register. The link is hers alone, works once, and her access waits for propagation
// (R23, R28, R29, R60).
func (d *story) registration(ctx context.Context) error {
	const kim = "kim@contoso.example"
	link, err := d.awaitLink(ctx, kim, 1)
	if err != nil {
		return err
	}
	_, err = d.register(ctx, link, "robin@fabrikam.example")
	if err := d.expectRefusal("robin", "opens Kim's link and tries to register", err, "R47"); err != nil {
		return err
	}
	out, err := d.register(ctx, link, kim)
	if err != nil {
		return err
	}
	for _, e := range out.Access {
		d.event("R23", "kim", "registered: on %s %s → %s, %s effective from %s",
			e.License, licensing.StatusInvitationSent, e.Status,
			command.RoleNames(e.Roles), e.DueAt.Format("15:04:05"))
	}
	_, err = d.register(ctx, link, kim)
	if err := d.expectRefusal("kim", "selects the link again", err, "R29"); err != nil {
		return err
	}
	if err := d.editInProgress(ctx, kim); err != nil {
		return err
	}
	if _, err := d.awaitMail(ctx, kim, "registered", 1); err != nil {
		return err
	}
	if err := d.awaitStatus(ctx, kim, "E2001", licensing.StatusActive, "R60"); err != nil {
		return err
	}
	return d.awaitStatus(ctx, kim, "E2003", licensing.StatusActive, "R61")
}

// editInProgress tries to edit what is in progress (R52).
func (d *story) editInProgress(ctx context.Context, email string) error {
	refusal, err := d.refusedSave(ctx, change(email, add("E2001", licensing.BenefitsReader)))
	if err != nil {
		return err
	}
	if refusal == nil {
		return errors.New("an edit of an assignment in progress was not refused")
	}
	return d.expectRefusal("alex", "edits Kim on E2001", refusal, "R52")
}

// refusedSave saves in Alex's name and returns the refusal of the only verdict, nil where it was not refused.
func (d *story) refusedSave(ctx context.Context, person licensing.PersonChange) (*licensing.Error, error) {
	answer, err := d.client.Save(ctx, licensing.Save{
		ID: newRequest(), Org: d.org, Admin: d.alex, People: []licensing.PersonChange{person},
	})
	if err != nil {
		return nil, err
	}
	return answer.People[0].Verdicts[0].Error, nil
}
