package refusal

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
)

// refused is a refusal with everything that one can hold.
func refused() *licensing.Error {
	e := licensing.Refuse(licensing.Locked, "R52", "you can edit it after noon").In("people[3]")
	e.Until = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return e
}

// travel returns an error as it comes out on the other side of Temporal.
func travel(err error) error {
	c := temporal.GetDefaultFailureConverter()
	return c.FailureToError(c.ErrorToFailure(err))
}

func TestARefusalArrivesAsItWas(t *testing.T) {
	want := refused()
	for name, err := range map[string]error{
		"of our own":           want,
		"not sent yet":         Encode(want),
		"over Temporal":        travel(Encode(want)),
		"from an activity":     travel(FromActivity(fmt.Errorf("save: %w", want))),
		"for the caller":       travel(ForCaller(fmt.Errorf("activity error: %w", travel(Encode(want))))),
		"with words around it": fmt.Errorf("activity error: %w", travel(Encode(want))),
	} {
		t.Run(name, func(t *testing.T) {
			if got := Decode(err); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestARefusalIsNeverTriedAgainAndNoAlarm(t *testing.T) {
	var app *temporal.ApplicationError
	if err := FromActivity(refused()); !errors.As(err, &app) || !app.NonRetryable() ||
		app.Category() != temporal.ApplicationErrorCategoryBenign || app.Type() != string(licensing.Locked) {
		t.Errorf("%v", err)
	}
}

func TestTheCallerReadsTheSentenceAlone(t *testing.T) {
	err := ForCaller(fmt.Errorf("activity error (type: Register): %w", Encode(refused())))
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || errors.Unwrap(err) != nil || app.Message() != "you can edit it after noon" {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoRefusalStaysAsItIs(t *testing.T) {
	for name, err := range map[string]error{
		"a fault":                    errors.New("database is away"),
		"nothing":                    nil,
		"a part that is unavailable": licensing.Refuse(licensing.Unavailable, "", "come later"),
		"an error of another type":   temporal.NewApplicationError("quota", licensing.RefusedDownstream),
		"one with details of its own": travel(temporal.NewApplicationError("odd", "Odd",
			map[string]string{"kind": "gone"})),
		"one whose details are a sum": travel(temporal.NewApplicationError("odd", "Odd", 7)),
	} {
		t.Run(name, func(t *testing.T) {
			if got := FromActivity(err); !errors.Is(got, err) {
				t.Errorf("the activity ends with %v", got)
			}
			if licensing.KindOf(err) == "" && Decode(err) != nil {
				t.Errorf("taken for the refusal %v", Decode(err))
			}
			if licensing.KindOf(err) == "" && !errors.Is(ForCaller(err), err) {
				t.Errorf("the caller gets %v", ForCaller(err))
			}
		})
	}
}
