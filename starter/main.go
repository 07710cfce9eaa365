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
	"vlroles/starter/command"
	"vlroles/starter/demo"
	"vlroles/starter/local"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command.Run(ctx, os.Args[1:], command.Options{
		Lookup: config.Environment, Out: os.Stdout, Err: os.Stderr,
		More: []*cobra.Command{demo.Demo(), local.Dev(config.Environment)},
	}))
}
