package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// lastStatus is how everybody ends.
var lastStatus = map[licensing.Email]licensing.Status{
	"alex@contoso.example":   licensing.StatusActive,
	"dana@contoso.example":   licensing.StatusUserNotFound,
	"kim@contoso.example":    licensing.StatusActive,
	"jo@contoso.example":     licensing.StatusActive,
	"robin@fabrikam.example": licensing.StatusInvitationSent,
	"mia@fabrikam.example":   licensing.StatusInvitationSent,
	"tom@contoso.example":    licensing.StatusInvitationExpired,
	"noor@contoso.example":   licensing.StatusActive,
}

// end shows the list as Alex sees it, checks that nothing is left undone, and says where everything is.
func (d *story) end(ctx context.Context, dir string) error {
	page, err := d.views.Users(ctx, d.org, d.alex, licensing.UserFilter{})
	if err != nil {
		return err
	}
	fmt.Fprint(d.out, "\nManage Assignments, as Alex sees it\n\n")
	command.UsersTable(d.out, page)
	if len(page.Users) != len(lastStatus) {
		return fmt.Errorf("the list has %d users, expected %d", len(page.Users), len(lastStatus))
	}
	for _, u := range page.Users {
		if want := lastStatus[u.SignIn]; want != u.Status {
			return fmt.Errorf("%s ends as %q, expected %q", u.SignIn, u.Status, want)
		}
	}
	fmt.Fprintf(d.out, `
Every step ended as it should, in %.0f s; %d emails were caught.

  database      %s
  emails        %s
  look around   go run ./starter dev --dir %s      (the Temporal UI with these runs, the inbox)
`, time.Since(d.begun).Seconds(), len(d.mailbox.Messages()),
		filepath.Join(dir, "vlroles.db"), filepath.Join(dir, "mails"), dir)
	return nil
}
