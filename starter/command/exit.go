package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"vlroles/config"
	"vlroles/licensing"
)

// The exit codes, as --help says them.
const (
	ExitFault       = 1   // something is broken
	ExitUsage       = 2   // the input is wrong: the message names the field and the rule
	ExitRefused     = 3   // a rule refuses it: the message names the rule
	ExitUnavailable = 4   // a part doesn't answer: the same command with the same --request-id is safe
	ExitInterrupted = 130 // the user stopped it, or the system: as safe to repeat
)

// errPrinted ends a command whose output has already said that something was refused.
var errPrinted = errors.New("refused")

// usageError is a mistake in the command line.
type usageError struct{ error }

// Unwrap returns the mistake itself.
func (u usageError) Unwrap() error { return u.error }

// Usage marks an error as a mistake in the command line, for [ExitUsage].
func Usage(err error) error { return usageError{err} }

// inFlag says that a refusal is about the value of a flag, and leaves other errors as they are.
func inFlag(flag string, err error) error {
	if e := licensing.RefusalOf(err); e != nil {
		named := *e
		named.Field = flag
		return &named
	}
	return err
}

// failure is why a command ended, as -o json writes it. Kind is one of the kinds of a refusal, or "fault" or
// "interrupted".
type failure struct {
	Kind      string              `json:"kind"`
	Rule      string              `json:"rule,omitempty"`
	Field     string              `json:"field,omitempty"`
	Message   string              `json:"message"`
	Until     time.Time           `json:"until,omitzero"`
	RequestID licensing.RequestID `json:"request_id,omitempty"` // to repeat the command with

	code int
	text string // what people read
}

const (
	interruptedText = "interrupted"
	repeatText      = "It may have been carried out. The same command with --request-id %s is safe, " +
		"and gives its answer."
)

// end says why a command ended, and returns the exit code.
func (a *app) end(ctx context.Context, c *cobra.Command, args []string, err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, errPrinted) {
		return ExitRefused
	}
	f := failureOf(inFlags(c, err))
	if errors.Is(ctx.Err(), context.Canceled) && (f.code == ExitFault || f.code == ExitUnavailable) {
		f = failure{Kind: "interrupted", Message: interruptedText, text: interruptedText, code: ExitInterrupted}
	}
	if a.changes && (f.code == ExitUnavailable || f.code == ExitInterrupted) {
		f.RequestID = a.request()
	}
	a.printFailure(f, wantsJSON(args))
	return f.code
}

func (a *app) printFailure(f failure, asJSON bool) {
	if asJSON {
		e := json.NewEncoder(a.err)
		e.SetEscapeHTML(false)
		_ = e.Encode(map[string]failure{"error": f}) // a terminal that is gone needs no message
		return
	}
	fmt.Fprintf(a.err, "%s: %s\n", a.name, f.text)
	if f.RequestID != "" {
		fmt.Fprintf(a.err, repeatText+"\n", f.RequestID)
	}
}

// failureOf sorts an error.
func failureOf(err error) failure {
	f := failure{Kind: "fault", Message: err.Error(), text: err.Error(), code: ExitFault}
	var usage usageError
	var faults config.Faults
	if e := licensing.RefusalOf(err); e != nil {
		f.Kind, f.Rule, f.Field, f.Message, f.Until = string(e.Kind), e.Rule, e.Field, e.Message, e.Until
		f.code = codeOf(e.Kind)
	}
	if errors.As(err, &usage) || errors.As(err, &faults) {
		f.Kind, f.code = string(licensing.Invalid), ExitUsage
	}
	return f
}

func codeOf(kind licensing.Kind) int {
	switch kind {
	case licensing.Invalid:
		return ExitUsage
	case licensing.Unavailable:
		return ExitUnavailable
	}
	return ExitRefused
}

// wantsJSON says whether -o json was asked for, also on a command line that can't be read to its end.
func wantsJSON(args []string) bool {
	for n, arg := range args {
		switch arg {
		case "-ojson", "-o=json", "--output=json":
			return true
		case "-o", "--output":
			if n+1 < len(args) && args[n+1] == "json" {
				return true
			}
		}
	}
	return false
}
