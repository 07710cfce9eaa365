package workflows

import (
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
)

// AssignmentInput starts an Assignment.
type AssignmentInput struct {
	User        licensing.UserID      `json:"user"`
	Propagation licensing.Propagation `json:"propagation"`
	Settings    Settings              `json:"settings"`
}

// Assignment carries what one save changed for one registered person: the permission-change mail, and propagation of what
// was added. What was taken away holds already (R62, R70, R71).
func Assignment(ctx workflow.Context, in AssignmentInput) error {
	p := propagation{user: in.User, what: in.Propagation, settings: in.Settings}
	return p.run(ctx, "permission-change mail")
}
