// Package rig starts the real components that demo, development, tests and benchmarks stand on: a Temporal
// server, a PostgreSQL server, a mail catcher. Everything listens on 127.0.0.1 and ends with the process that
// started it; only on Linux this holds for a process that is killed, too.
//
// Tests share a PostgreSQL server through [PostgresURL] and end it in [Main]. Two variables of the
// environment steer them: VL_TEST_POSTGRES names a server to use in place of one that is started,
// by a URL whose user may create databases; VL_TEST_FORCE=1 makes a missing PostgreSQL a failure
// where it is a skipped test otherwise.
package rig

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"

	tlog "go.temporal.io/sdk/log"
)

// Quiet is a logger for the SDK that says nothing.
func Quiet() tlog.Logger { return tlog.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// FreePort returns a port of 127.0.0.1 on which nothing listens now.
// Somebody else may take it before it is used.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return l.Addr().(*net.TCPAddr).Port, nil
}

// startTries is how often a server is started whose free port somebody else took in between.
const startTries = 3

// onFreePort calls begin with the wanted port, or with free ones until one
// was still free when the server took it.
func onFreePort(wanted int, begin func(port int) error) error {
	if wanted != 0 {
		return begin(wanted)
	}
	var err error
	for range startTries {
		var port int
		if port, err = FreePort(); err != nil {
			return err
		}
		if err = begin(port); !isEndedAtOnce(err) {
			return err
		}
	}
	return err
}

// forced tells whether a test may not be skipped.
func forced() bool { return os.Getenv("VL_TEST_FORCE") == "1" }

var exits struct {
	sync.Mutex
	list []func()
}

func atExit(f func()) {
	exits.Lock()
	defer exits.Unlock()
	exits.list = append(exits.list, f)
}

// Main runs a package's tests and ends what they shared:
//
//	func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
func Main(m *testing.M) int {
	defer func() {
		exits.Lock()
		defer exits.Unlock()
		for _, f := range exits.list {
			f()
		}
	}()
	return m.Run()
}
