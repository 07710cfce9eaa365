//go:build faults

package faults

import (
	"flag"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"vlroles/rig"
)

var (
	long      = flag.Bool("faults.long", false, "minutes of load in place of seconds")
	givenSeed = flag.Uint64("faults.seed", 0, "what is picked at random; 0: another one each time")
	told      = flag.Bool("faults.told", false, "the workers say what goes wrong")
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

var oneSeed = sync.OnceValue(func() uint64 {
	if *givenSeed != 0 {
		return *givenSeed
	}
	return rand.Uint64()
})

// seed is what everything is picked by; it is told, so that a failure can be repeated.
func seed(t *testing.T) uint64 {
	t.Helper()
	t.Logf("repeat with -faults.seed=%d", oneSeed())
	return oneSeed()
}

// load is how long the callers act.
func load() time.Duration {
	if *long {
		return 2 * time.Minute
	}
	return 10 * time.Second
}

// settle is how long the engine may take to mend what the load has left.
func settle() time.Duration {
	if *long {
		return 6 * time.Minute
	}
	return 3 * time.Minute
}
