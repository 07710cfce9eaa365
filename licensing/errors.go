package licensing

import (
	"errors"
	"fmt"
	"time"
)

// Kind tells programs what sort of refusal an [Error] is.
type Kind string

// The kinds of refusal. Everything that is not an *Error is an internal fault.
const (
	Invalid     Kind = "invalid"     // the input is malformed
	Forbidden   Kind = "forbidden"   // the caller may not do this
	NotFound    Kind = "not_found"   // there is no such thing, or the caller may not know of it
	Conflict    Kind = "conflict"    // the present state rules it out
	Locked      Kind = "locked"      // not now: possible from Error.Until on
	Gone        Kind = "gone"        // no longer possible (a used, expired or replaced link)
	Unavailable Kind = "unavailable" // a part of the system doesn't answer: retry with the same request id
)

// Error is a refusal, the one error type of the product: a kind for programs, the id of the rule that
// decided, and a sentence for people. Message never holds a name, an email address or a secret, so that it
// may be logged.
type Error struct {
	Kind    Kind      `json:"kind"`
	Rule    string    `json:"rule,omitempty"`  // "R52"
	Field   string    `json:"field,omitempty"` // the input at fault, such as "people[3].sign_in_email"
	Message string    `json:"message"`
	Until   time.Time `json:"until,omitzero"` // Locked: when it becomes possible
}

// Error returns the sentence, preceded by the field and followed by the rule.
func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Rule != "" {
		s += " (" + e.Rule + ")"
	}
	return s
}

// In returns a copy of e that names the field at fault, put before a field that e names already.
func (e *Error) In(field string) *Error {
	c := *e
	if c.Field != "" {
		field += "." + c.Field
	}
	c.Field = field
	return &c
}

// in puts the field before the one that a refusal names. Any other error, and none, stays as it is.
func in(field string, err error) error {
	if e := RefusalOf(err); e != nil {
		return e.In(field)
	}
	return err
}

// parse replaces *value by what read makes of it. A refusal names the field.
func parse[T ~string](field string, value *T, read func(string) (T, error)) error {
	v, err := read(string(*value))
	if err != nil {
		return in(field, err)
	}
	*value = v
	return nil
}

// parseGiven is parse where a value is given; "" stays.
func parseGiven[T ~string](field string, value *T, read func(string) (T, error)) error {
	if *value == "" {
		return nil
	}
	return parse(field, value, read)
}

// Refuse makes an *Error.
func Refuse(kind Kind, rule, format string, args ...any) *Error {
	return &Error{Kind: kind, Rule: rule, Message: fmt.Sprintf(format, args...)}
}

// hidden names nothing, so that it is the same for everything that it is said of.
const hidden = "this doesn't exist, or you may not see or change it: " +
	"check what you entered, and which License IDs you administer"

// Hidden returns the one refusal of everything that there is not, that belongs to another organization, or
// that the caller has no say in: the same word for word wherever it is given, so that it tells nobody which
// of the three it is (R05, R43, L03).
func Hidden() *Error { return Refuse(NotFound, "R43", hidden) }

// RefusalOf returns the *Error in err's chain, or nil where there is none.
func RefusalOf(err error) *Error {
	e, _ := errors.AsType[*Error](err)
	return e
}

// KindOf returns the kind of the *Error in err's chain, or "" where there is none.
func KindOf(err error) Kind {
	if e := RefusalOf(err); e != nil {
		return e.Kind
	}
	return ""
}
