// Starter is the command line of vlroles for development: the commands of starter/command, and two that run
// everything on this machine. The program without those two is starter/vlroles.
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
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(command.Run(ctx, os.Args[1:], command.Options{
		Name: "starter", Lookup: config.Environment, In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Local: []*cobra.Command{demo.Command(), local.Dev(config.Environment)},
	}))
}
