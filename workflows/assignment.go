package workflows

import "go.temporal.io/sdk/workflow"

// Assignment carries out what one request changed for one registered person: it sends the permission-change
// mail and makes added roles effective when they are due. Removed roles have ended already (R62, R70, R71).
func Assignment(ctx workflow.Context, in AssignmentInput) error {
	p := propagation{user: in.User, what: in.Propagation, settings: in.Settings}
	return p.run(ctx, "permission-change mail")
}
