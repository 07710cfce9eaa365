package command

import (
	"errors"

	"vlroles/config"
	"vlroles/licensing"
)

// The exit codes, as --help says them.
const (
	ExitFault       = 1 // something is broken
	ExitUsage       = 2 // the input is wrong: the message names the field and the rule
	ExitRefused     = 3 // a rule refuses it: the message names the rule
	ExitUnavailable = 4 // a part doesn't answer: the same command with the same --request-id is safe
)

// errPrinted ends a command whose output has already said that something was refused.
var errPrinted = errors.New("refused")

// usageError is a mistake in the command line.
type usageError struct{ error }

// Usage marks an error as a mistake in the command line, for [ExitUsage].
func Usage(err error) error { return usageError{err} }

func exitCode(err error) int {
	var usage usageError
	var faults config.Faults
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errPrinted):
		return ExitRefused
	case errors.As(err, &usage), errors.As(err, &faults):
		return ExitUsage
	}
	switch licensing.KindOf(err) {
	case licensing.Invalid:
		return ExitUsage
	case licensing.Unavailable:
		return ExitUnavailable
	case "":
		return ExitFault
	}
	return ExitRefused
}
