package demo

import (
	"context"
	"time"

	"vlroles/starter/local"
)

// organization adds Contoso with its agreements and first administrators (R03, R25).
func (d *story) organization(ctx context.Context) error {
	in := local.Contoso(time.Now().UTC())
	answer, err := d.client.Apply(ctx, in)
	if err != nil {
		return err
	}
	d.org, d.alex = in.Org, answer.People[0].User
	d.event("R03", "partner", "%s: %d people in the directory, %d agreements",
		in.Name, answer.Directory, answer.Agreements)
	d.event("R61", "", "M2000 (MBSA) above E2001, E2002 and E2003; E2003 was processed just now")
	d.event("R25", "", "Alex administers M2000, E2001, E2003; Dana is the only admin of E2002")
	return nil
}
