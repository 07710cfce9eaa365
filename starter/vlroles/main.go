// Vlroles is the command line of vlroles for production: it links no test servers. `vlroles --help` lists the
// commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"vlroles/config"
	"vlroles/starter/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(command.Run(ctx, os.Args[1:], command.Options{
		Name: "vlroles", Lookup: config.Environment, In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
	}))
}
