package licensing

import (
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
	Query   string    // the beginning of a name, sign-in or business e-mail, without case
	Status  Status    // the status that needs attention first
	License LicenseID // with roles on this License ID
	Role    Role      // with this role, on License where that is given
	Limit   int       // 0: UsersOnPage
	Cursor  string    // UserPage.Next of the page before
}

// Check returns the filter in canonical form, or an Invalid *Error that names the field at fault.
func (f UserFilter) Check() (UserFilter, error) {
	valid := utf8.ValidString(f.Query) // before ToLower, which mends it
	f.Query = strings.ToLower(strings.TrimSpace(f.Query))
	if !valid || utf8.RuneCountInString(f.Query) > MaxName || strings.ContainsRune(f.Query, 0) {
		return f, Refuse(Invalid, "R40", "a search has at most %d characters of valid UTF-8", MaxName).In("q")
	}
	if f.Status != "" {
		if _, err := ParseStatus(string(f.Status)); err != nil {
			return f, err.(*Error).In("status")
		}
	}
	if f.License != "" {
		id, err := ParseLicenseID(string(f.License))
		if err != nil {
			return f, err.(*Error).In("license_id")
		}
		f.License = id
	}
	if f.Role != "" {
		r, err := ParseRole(string(f.Role))
		if err != nil {
			return f, err.(*Error).In("role")
		}
		f.Role = r
	}
	if f.Limit == 0 {
		f.Limit = UsersOnPage
	}
	if f.Limit < 0 || f.Limit > MaxUsers {
		return f, Refuse(Invalid, "R40", "a page has 1 to %d users", MaxUsers).In("limit")
	}
	return f, nil
}

// UserPage is one page of the Manage Assignments list (R40).
type UserPage struct {
	Users []UserRow `json:"users"`
	Next  string    `json:"next,omitempty"` // the cursor of the next page; "" on the last one. A page before it may be short
}

// UserRow is one line of the list. Status, roles and dates are of the License IDs that the caller administers (R40, R50).
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
	for _, a := range []Action{ViewAccess, EditAccess, ResendMail, ResetInvite, AssignAgain, Recheck, DeleteUser} {
		if why := WhyNot(a, r.Status, registered); why != "" {
			r.WhyNot[a] = why
		}
	}
}

// UserView is what View access shows (R43).
type UserView struct {
	UserRow
	RegisteredAt time.Time       `json:"registered_at,omitzero"`
	Access       []AccessEntry   `json:"access"`               // on the License IDs that the caller administers
	Hidden       int             `json:"hidden"`               // how many others the user has permissions on
	Invitation   *InvitationLine `json:"invitation,omitempty"` // the newest
	Mails        []MailLine      `json:"mails"`                // the newest ones, oldest first
}

// InvitationLine is where a user's invitation stands.
type InvitationLine struct {
	ID         InvitationID    `json:"id"`
	State      InvitationState `json:"state"`
	Generation int             `json:"generation"`
	ExpiresAt  time.Time       `json:"expires_at"`
	Delivery   Delivery        `json:"delivery,omitempty"`
	Reason     string          `json:"reason,omitempty"` // failed: why
}

// MailLine is one mail to a user as the ledger has it.
type MailLine struct {
	ID        MailID    `json:"id"`
	Kind      MailKind  `json:"kind"`
	State     MailState `json:"state"`
	QueuedAt  time.Time `json:"queued_at"`
	SettledAt time.Time `json:"settled_at,omitzero"`
	Attempts  int       `json:"attempts"`
	Unknown   int       `json:"unknown,omitempty"` // attempts whose outcome was never learnt
	Code      int       `json:"code,omitempty"`    // the server's last reply
	Answer    string    `json:"answer,omitempty"`
}

// Delivery returns how far a mail is, as the list says it (R55); "" for one that nobody wants any more.
func (s MailState) Delivery() Delivery {
	switch s {
	case MailQueued, MailSending:
		return DeliveryQueued
	case MailSent:
		return DeliverySent
	case MailDeferred:
		return DeliveryDeferred
	case MailRefused, MailGivenUp:
		return DeliveryBounced
	case MailUnknown:
		return DeliveryUnknown
	}
	return ""
}

// HistoryLine is one line of the audit on a License ID that the caller administers.
type HistoryLine struct {
	ID      int64     `json:"id"` // rises with time: what a page ends before
	At      time.Time `json:"at"`
	ActorID UserID    `json:"actor_id,omitempty"`
	Actor   string    `json:"actor,omitempty"` // a name; "": the system, or a partner by contract
	Action  string    `json:"action"`
	Outcome string    `json:"outcome"` // done or refused
	License LicenseID `json:"license_id"`
	Rule    string    `json:"rule,omitempty"`
	Before  Status    `json:"before,omitempty"`
	After   Status    `json:"after,omitempty"`
	Detail  string    `json:"detail,omitempty"` // JSON
}

// Organization is a customer with its tenant.
type Organization struct {
	ID   OrgID  `json:"id"`
	Name string `json:"name"`
}

// AgreementLine is a License ID whose assignments the caller may change (R68).
type AgreementLine struct {
	License     LicenseID `json:"license_id"`
	Program     string    `json:"program"`
	Parent      LicenseID `json:"parent,omitempty"`
	ProcessedAt time.Time `json:"processed_at"`
	Inactive    bool      `json:"inactive,omitempty"`
	Inherited   bool      `json:"inherited,omitempty"` // by way of an agreement above it; its users aren't listed (R41)
	Admins      int       `json:"admins"`              // active admins (R33)
}

// InvitationView is what the page behind an invitation's link shows. It names nobody (R35).
type InvitationView struct {
	Organization string          `json:"organization"`
	State        InvitationState `json:"state"`
	Generation   int             `json:"generation"`
	ExpiresAt    time.Time       `json:"expires_at"`
	Access       []AccessEntry   `json:"access,omitempty"` // what waits for the registration; none where it has ended
}

// RoleOn is one role that somebody had on a License ID at a time, and how it came to be.
type RoleOn struct {
	User      UserID    `json:"user"`
	Name      string    `json:"name"` // as it is now
	Role      Role      `json:"role"`
	Effective bool      `json:"effective"`       // else it waited for the registration or its due time
	InTenant  bool      `json:"in_tenant"`       // else it gave no access (R84)
	Above     LicenseID `json:"above,omitempty"` // inherited from there (R88)
	Given     Step      `json:"given"`
	Activated time.Time `json:"activated,omitzero"`
}

// Step is what an audit line says of how something came to be.
type Step struct {
	At      time.Time `json:"at"`
	Action  string    `json:"action"`
	Rule    string    `json:"rule,omitempty"`
	Request RequestID `json:"request,omitempty"`
	By      UserID    `json:"by,omitempty"` // "": the system, a partner by contract, or support
	Name    string    `json:"name,omitempty"`
}
