//go:build faults

package faults

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"vlroles/licensing"
)

// answers are what the callers were told, by request.
type answers struct {
	mu      sync.Mutex
	done    map[licensing.RequestID]string // what was asked
	kinds   map[string]int                 // how the requests ended
	unnamed map[string]int                 // what came in place of a named refusal, on the way
}

func newAnswers() *answers {
	return &answers{done: map[licensing.RequestID]string{}, kinds: map[string]int{}, unnamed: map[string]int{}}
}

// unanswered says that a request had no answer to the end.
type unanswered struct {
	what string
	id   licensing.RequestID
	last error
}

func (u *unanswered) Error() string {
	return fmt.Sprintf("%s, request %s: never answered, at last: %v", u.what, u.id, u.last)
}

// until repeats a request with its id until it is answered: done, or refused by name.
func (a *answers) until(
	end time.Time, what string, id licensing.RequestID, ask func(context.Context) error,
) error {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
		err := ask(ctx)
		cancel()
		switch kind := licensing.KindOf(err); {
		case err == nil:
			a.note(what, id, "done", true)
			return nil
		case errors.Is(err, errNothing):
			a.note(what, id, "with nothing to do", false)
			return nil
		case kind != licensing.Unavailable && kind != internal:
			a.note(what, id, string(kind), false)
			return err
		case kind == internal:
			a.mu.Lock()
			a.unnamed[what+": "+err.Error()]++
			a.mu.Unlock()
		}
		if time.Now().After(end) {
			return &unanswered{what, id, err}
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// errNothing says that a request was answered and had nothing to change: the audit needn't name it.
var errNothing = errors.New("nothing was to be done")

// internal is the kind of an error that has none.
var internal = licensing.KindOf(fmt.Errorf("a fault"))

func (a *answers) note(what string, id licensing.RequestID, how string, done bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kinds[what+" "+how]++
	if done {
		a.done[id] = what
	}
}

// unaudited returns the requests that were answered as done and have no line in the audit.
func (a *answers) unaudited(audited []string) []string {
	there := map[string]bool{}
	for _, id := range audited {
		there[id] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for id, what := range a.done {
		if !there[string(id)] {
			out = append(out, "was answered and isn't in the audit: "+what+" "+string(id))
		}
	}
	return out
}

func (a *answers) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for kind, n := range a.kinds {
		out = append(out, fmt.Sprintf("%6d %s", n, kind))
	}
	sort.Strings(out)
	for what, n := range a.unnamed {
		out = append(out, fmt.Sprintf("%6d times no name: %.200s", n, what))
	}
	return strings.Join(out, "\n")
}
