// Package refusal carries a refusal (*licensing.Error) through Temporal and back: activities encode it,
// workflows pass it on, and the client decodes it. Kind, rule, field and sentence arrive as they were.
package refusal

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
)

// FromActivity returns the error with which an activity ends. A refusal ends it for good. Every other error,
// and a refusal of kind Unavailable, is returned as it is and is tried again.
func FromActivity(err error) error {
	var e *licensing.Error
	if !errors.As(err, &e) || e.Kind == licensing.Unavailable {
		return err
	}
	return Encode(e)
}

// Encode returns a refusal as it travels through Temporal: the kind is the error's type, the whole is in its
// details.
func Encode(e *licensing.Error) error {
	return temporal.NewApplicationErrorWithOptions(e.Message, string(e.Kind),
		temporal.ApplicationErrorOptions{
			NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign, Details: []any{*e},
		})
}

// Decode finds the refusal in an error that came through Temporal. It returns nil where there is none.
func Decode(err error) *licensing.Error {
	var own *licensing.Error
	if errors.As(err, &own) {
		return own
	}
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || !app.HasDetails() {
		return nil
	}
	e := &licensing.Error{}
	if app.Details(e) != nil || string(e.Kind) != app.Type() {
		return nil
	}
	return e
}

// ForCaller returns a refusal without the layers that activities have put around it, so that the caller of an
// update reads the sentence alone. Every other error is returned as it is.
func ForCaller(err error) error {
	if e := Decode(err); e != nil {
		return Encode(e)
	}
	return err
}
