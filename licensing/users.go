package licensing

import (
	"cmp"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of one page of the Manage Assignments list.
const (
	UsersOnPage = 50
	MaxUsers    = 200
)

// UserFilter narrows and pages the Manage Assignments list. The zero value is the first page of everybody.
type UserFilter struct {
	Query   string    // the beginning of a name, sign-in email or business email, in any case
	Status  Status    // the most urgent status of the user
	License LicenseID // with roles on this License ID
	Role    Role      // with this role, on License where that is given
	Limit   int       // 0: UsersOnPage
	Cursor  string    // UserPage.Next of the page before
}

// Check returns the filter in canonical form, or an Invalid *Error that names the field at fault (R40).
func (f UserFilter) Check() (UserFilter, error) {
	valid := utf8.ValidString(f.Query) // before ToLower, which replaces invalid bytes
	f.Query = strings.ToLower(strings.TrimSpace(f.Query))
	if !valid || utf8.RuneCountInString(f.Query) > MaxName || strings.ContainsRune(f.Query, 0) {
		return f, Refuse(Invalid, "R40", "a search can have up to %d characters of valid UTF-8",
			MaxName).In("q")
	}
	err := cmp.Or(
		parseGiven("status", &f.Status, ParseStatus),
		parseGiven("license_id", &f.License, ParseLicenseID),
		parseGiven("role", &f.Role, ParseRole),
	)
	if err != nil {
		return f, err
	}
	if f.Limit == 0 {
		f.Limit = UsersOnPage
	}
	if f.Limit < 0 || f.Limit > MaxUsers {
		return f, Refuse(Invalid, "R40", "a page can have 1 to %d users", MaxUsers).In("limit")
	}
	return f, nil
}

// UserPage is one page of the Manage Assignments list (R40). A page may be short although another one
// follows.
type UserPage struct {
	Users []UserRow `json:"users"`
	Next  string    `json:"next,omitempty"` // the cursor of the next page, "" on the last page
}

// UserRow is one line of the list. Its status, roles and dates cover the License IDs that the caller
// administers (R40, R50).
type UserRow struct {
	ID        UserID            `json:"id"`
	Name      string            `json:"name"`
	SignIn    Email             `json:"sign_in_email"`
	Business  Email             `json:"business_email"`
	Kind      PersonKind        `json:"kind"`
	Status    Status            `json:"status"`
	Delivery  Delivery          `json:"delivery,omitempty"` // while not registered (R55)
	Actions   []Action          `json:"actions"`
	WhyNot    map[Action]string `json:"why_not"` // of the actions that are missing (R46)
	Roles     []Role            `json:"roles"`
	Licenses  int               `json:"licenses"` // how many License IDs
	ExpiresAt time.Time         `json:"expires_at,omitzero"`
	DueAt     time.Time         `json:"due_at,omitzero"` // the latest
	Advice    string            `json:"advice,omitempty"`
}

// Decide sets the actions that are possible now, and why the others are not (R46, R59).
func (r *UserRow) Decide(registered bool) {
	r.Actions, r.WhyNot = Actions(r.Status, registered), map[Action]string{}
	for _, a := range []Action{
		ViewAccess, EditAccess, ResendMail, ResetInvite, AssignAgain, Recheck, DeleteUser,
	} {
		if why := WhyNot(a, r.Status, registered); why != "" {
			r.WhyNot[a] = why
		}
	}
}

// UserView is what View access shows (R43).
type UserView struct {
	UserRow
	RegisteredAt time.Time `json:"registered_at,omitzero"`
	// on the License IDs that the caller administers
	Access     []AccessEntry   `json:"access"`
	Hidden     int             `json:"hidden"`               // how many others the user has permissions on
	Invitation *InvitationLine `json:"invitation,omitempty"` // the newest
	Mails      []MailLine      `json:"mails"`                // the newest ones, oldest first
}
