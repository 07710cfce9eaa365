// Starter is the command line of vlroles: it starts and steers the workflows, shows what they did, and runs everything in
// one process for a demonstration or for development.
//
//	go run ./starter demo      the whole life of invitations and assignments, told step by step
//	go run ./starter dev       the same components, left running
//	go run ./starter --help    everything else
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"vlroles/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], options{
		lookup: config.Environment, out: os.Stdout, err: os.Stderr,
		more: []*cobra.Command{demo(), dev(config.Environment)},
	}))
}
