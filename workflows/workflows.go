// Package workflows says what happens, in order: a save, an invitation, an assignment, a hand-over. A
// workflow decides nothing that a rule decides and writes nothing. Activities do both, and their answers move
// the story on. Package commands starts workflows and speaks to them.
//
// A workflow's code must do the same thing again on replay: no clock, no randomness, no map order, no I/O.
// That is why this package imports licensing and the deterministic part of the SDK alone, and names
// activities by constants. Histories of every path are kept in testdata and replayed.
package workflows

// Registry is the part of a worker that workflows are registered with.
type Registry interface {
	RegisterWorkflow(w any)
}

// All returns every workflow.
func All() []any {
	return []any{
		Save, Apply, Agreement, ChangeContact, Directory, Delete, Recheck, Prefer, Seat, Erase, HandOver,
		CompareDirectories, CompareDirectory, Retention, Invitation, Assignment,
	}
}

// Register registers every workflow. They run on Queue.
func Register(r Registry) {
	for _, w := range All() {
		r.RegisterWorkflow(w)
	}
}
