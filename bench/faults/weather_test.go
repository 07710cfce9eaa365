//go:build faults

package faults

import (
	"context"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/rig"
)

// weather is what happens to a house. A worker is killed every two seconds; everything else now and then.
type weather struct {
	*house
	at   *rand.Rand
	told map[string]int
}

const between = 2 * time.Second

// last lets things happen until the context ends, and leaves everything running.
func (w *weather) last(ctx context.Context, t *testing.T) {
	tick := time.NewTicker(between)
	defer tick.Stop()
	if *long {
		go w.freeze(ctx, 0, licensing.SendMailTimeout+20*time.Second)
	}
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.worker(t)
		if n%2 == 0 {
			w.network(ctx)
		}
		if n%6 == 3 {
			w.server(ctx, t)
		}
	}
}

// worker kills one, but for the first in the long form: that one is frozen for longer than a mail is held.
func (w *weather) worker(t *testing.T) {
	n := w.at.IntN(len(w.workers))
	if *long && n == 0 {
		n = 1
	}
	w.told["workers killed"]++
	w.kill(n)
	w.start(t, n)
}

// freeze stops a worker for so long, again and again.
func (w *weather) freeze(ctx context.Context, n int, d time.Duration) {
	for ctx.Err() == nil {
		w.signal(n, syscall.SIGSTOP)
		wait(ctx, d)
		w.signal(n, syscall.SIGCONT)
		wait(ctx, 20*time.Second)
	}
}

func (w *weather) signal(n int, s syscall.Signal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cmd := w.workers[n]; cmd != nil {
		_ = cmd.Process.Signal(s) // it may have ended by itself
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// network makes one of the three ways bad for a while.
func (w *weather) network(ctx context.Context) {
	ways := []struct {
		name string
		p    *rig.Proxy
	}{{"database", w.database}, {"Temporal", w.runs}, {"relay", w.mail}}
	way := ways[w.at.IntN(len(ways))]
	switch w.at.IntN(3) {
	case 0:
		w.told["cut: "+way.name]++
		way.p.Cut()
	case 1:
		w.told["delayed: "+way.name]++
		way.p.Delay(time.Duration(w.at.IntN(100)) * time.Millisecond)
		time.AfterFunc(between, func() { way.p.Delay(0) })
	default:
		w.told["swallowed: "+way.name]++
		end := way.p.Blackhole()
		wait(ctx, between)
		end()
		way.p.Cut()
	}
}

// server restarts the database, or kills Temporal and starts it again.
func (w *weather) server(ctx context.Context, t *testing.T) {
	ctx = context.WithoutCancel(ctx)
	if w.at.IntN(2) == 0 {
		w.told["PostgreSQL restarted"]++
		w.postgres.Stop()
		if err := w.postgres.Start(ctx); err != nil {
			t.Error(err)
		}
		return
	}
	w.told["Temporal killed"]++
	w.Temporal.Kill()
	if err := w.Temporal.Start(ctx); err != nil {
		t.Error(err)
	}
}
