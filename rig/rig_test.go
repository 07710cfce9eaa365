package rig

import (
	"context"
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// soon is a context for what a healthy component does at once.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestAServerThatLosesItsFreePortTriesAnother(t *testing.T) {
	cases := map[string]struct {
		wanted, lost int
		tries        int
		err          error
	}{
		"the first free port is still free":        {tries: 1},
		"two free ports are taken in between":      {lost: 2, tries: 3},
		"every free port is taken":                 {lost: 9, tries: startTries, err: errEndedAtOnce},
		"a port that was asked for is tried once":  {wanted: 1234, lost: 9, tries: 1, err: errEndedAtOnce},
		"a port that was asked for is what it has": {wanted: 1234, tries: 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tries := 0
			err := onFreePort(c.wanted, func(port int) error {
				if tries++; port == 0 || c.wanted != 0 && port != c.wanted {
					t.Errorf("port %d", port)
				}
				if tries <= c.lost {
					return errEndedAtOnce
				}
				return nil
			})
			if err != c.err || tries != c.tries {
				t.Fatalf("%d tries, %v", tries, err)
			}
		})
	}
}
