package licensing

import "time"

// HistoryLine is one line of the audit on a License ID that the caller administers.
type HistoryLine struct {
	ID      int64     `json:"id"` // rises with time: the cursor of the next page
	At      time.Time `json:"at"`
	ActorID UserID    `json:"actor_id,omitempty"`
	Actor   string    `json:"actor,omitempty"` // a person's name, or what a partner or support calls itself
	// who acted: a person, a partner, the directory, support or the system (L04)
	Principal PrincipalKind `json:"principal"`
	Action    AuditAction   `json:"action"`
	Outcome   string        `json:"outcome"` // done or refused
	License   LicenseID     `json:"license_id"`
	Rule      string        `json:"rule,omitempty"`
	Before    Status        `json:"before,omitempty"`
	After     Status        `json:"after,omitempty"`
	Detail    string        `json:"detail,omitempty"` // JSON
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
	At      time.Time   `json:"at"`
	Action  AuditAction `json:"action"`
	Rule    string      `json:"rule,omitempty"`
	Request RequestID   `json:"request,omitempty"`
	By      UserID      `json:"by,omitempty"`   // the person, "" for another principal
	Name    string      `json:"name,omitempty"` // the person's, or what a partner or support calls itself

	Principal PrincipalKind `json:"principal"`
}
