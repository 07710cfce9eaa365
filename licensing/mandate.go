package licensing

// Mandate says in whose name roles are given and taken, and what that name may do. Every way in which a role
// comes or goes has one; the rules read it in [Facts], so that no way gets past them.
type Mandate struct {
	Action AuditAction // what the audit calls an accepted or refused change
	Rule   string      // under which an accepted change is made; "": what follows from its outcome

	// the roles belong to the contract: origin contract, Bill To's Invoice Reader included (R03, R18)
	Contract    bool
	WhileLocked bool // holds while an assignment is in progress (R52)
	Unknown     bool // reaches people whom the directory doesn't know (R27, R57)
	BillTo      bool // may take Bill To's Invoice Reader away (R18)
	Registered  bool // the person has registered elsewhere: a first Administrator is effective at once (R25)
	OnSight     bool // reaches by id only whom the caller may see (R43)
	HandsOver   bool // gives a License ID away that the caller administers himself (R30, R32)
	GivesBack   bool // giving roles also gives back those that were suspended when the person left (R86)
	Confirms    bool // mails the verdicts to whoever asked (R75)
}

// The mandates: one for each way in which roles are given or taken.
var (
	// SaveMandate is an admin's, for the License IDs that he administers (R05).
	SaveMandate = Mandate{Action: AuditSave, OnSight: true, GivesBack: true, Confirms: true}
	// ContractMandate is the partner's, for whom a contract names (R03, R25, R28).
	ContractMandate = Mandate{Action: AuditContract, Contract: true, WhileLocked: true,
		Unknown: true, BillTo: true}
	// ImportMandate is the partner's, for administrators who have registered elsewhere before (R25).
	ImportMandate = Mandate{Action: AuditContract, Contract: true, WhileLocked: true,
		Unknown: true, BillTo: true, Registered: true}
	// ForwardMandate moves what the contract gave from the addressee of an invitation to who accepts it (R28).
	ForwardMandate = Mandate{Action: AuditForward, Rule: "R28", Contract: true, WhileLocked: true, BillTo: true}
	// RegisterMandate puts in progress what a person was given before he registered (R23). It gives nothing.
	RegisterMandate = Mandate{Action: AuditRegister, Rule: "R23"}
	// DeleteMandate takes everything away that the caller administers (R80).
	DeleteMandate = Mandate{Action: AuditDelete, Rule: "R80", WhileLocked: true, BillTo: true}
	// CancelMandate takes back what a person who has not registered was
	// given on the caller's License IDs (R82).
	CancelMandate = Mandate{Action: AuditCancel, Rule: "R82", WhileLocked: true, BillTo: true}
	// EraseMandate takes what is left from somebody who left the tenant long ago (L10).
	EraseMandate = Mandate{Action: AuditErase, Rule: "L10", WhileLocked: true, BillTo: true}
	// AppointmentMandate is support's, for a License ID that has no active admin (R33).
	AppointmentMandate = Mandate{Action: AuditAppoint, Rule: "R33", GivesBack: true}
	// HandOverMandate makes the successor Administrator (R30).
	HandOverMandate = Mandate{Action: AuditHandOver, Rule: "R30", OnSight: true, HandsOver: true,
		GivesBack: true, Confirms: true}
	// TakeOverMandate removes who handed over, in the successor's name (R31).
	TakeOverMandate = Mandate{Action: AuditHandOver, Rule: "R31"}
)

// Origin returns what a role that is given under the mandate comes from (R03, R18).
func (m Mandate) Origin(r Role) Origin {
	switch {
	case !m.Contract:
		return ByAdmin
	case r == InvoiceReader:
		return ByBillTo
	}
	return ByContract
}

// Explains returns the rule under which a change with this outcome is made.
func (m Mandate) Explains(o Outcome) string {
	switch {
	case m.Rule != "":
		return m.Rule
	case o == Invited:
		return "R73"
	case o == Joined, o == Assigned:
		return "R62"
	}
	return "R71"
}
