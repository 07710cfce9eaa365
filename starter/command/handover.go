package command

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// handOver holds the commands of hand-overs (R30–R32).
func (a *app) handOver() *cobra.Command {
	c := &cobra.Command{
		Use: "handover", Short: "Hand Administrator over to a successor, on several License IDs",
	}
	c.AddCommand(a.handOverStart(), a.handOverList(), a.handOverAgree(), a.handOverCancel())
	return c
}

func (a *app) handOverStart() *cobra.Command {
	var p personFlags
	c := &cobra.Command{
		Use:   "start",
		Short: "Make the successor Administrator; you lose the role when he or she has agreed and is active",
		Example: `  starter handover start --as alex@contoso.example --to kim@contoso.example \
    --license E2001,E2003
  starter handover start --as alex@contoso.example --to lee@fabrikam.example \
    --name "Lee Gu" --license E2003`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			in := licensing.HandOver{
				Licenses: licenseIDs(p.licenses), Successor: p.bySignIn(), InviteFor: days(p.days),
			}
			check := func(policy licensing.Policy) error { _, err := in.Check(policy); return err }
			return a.asCaller(ctx, a.checked(check, a.openWriter), func(s *session) error {
				in.ID, in.Org, in.Admin = a.request(), s.org, s.caller
				out, err := s.client.HandOver(ctx, in)
				if err != nil {
					return err
				}
				return a.printHandOver(out, p.user)
			})
		},
	}
	p.identity(c, "to", "the successor's sign-in email")
	c.Flags().StringSliceVar(&p.licenses, "license", nil, licenseHelp)
	c.Flags().IntVar(&p.days, "invite-days", 0, daysHelp)
	return c
}

// printHandOver prints what a hand-over began with, and ends with the code of a refusal where something was
// refused.
func (a *app) printHandOver(out licensing.HandOverAnswer, successor string) error {
	err := a.print(out, func(w io.Writer) {
		done.write(w, []string{successor}, a.inFlags(out.People))
		writeHandOver(w, out.View)
	})
	if err == nil && (anyRefused(out.People) || out.View.State.Ended()) {
		return errPrinted
	}
	return err
}

func writeHandOver(w io.Writer, v licensing.HandOverView) {
	fmt.Fprintf(w, "Hand-over %s: %s\n", v.ID, v)
	if v.FromUser != nil || v.ToUser != nil {
		fmt.Fprintf(w, "  from %s to %s\n", v.FromUser, v.ToUser)
	}
	var rows [][]string
	for _, l := range v.Lines {
		rows = append(rows, []string{string(l.License), string(l.State), l.Status.String(),
			timeOrDash(l.DueAt), l.Message})
	}
	table(w, list{head: []string{"LICENSE ID", "STATE", "SUCCESSOR", "DUE", "REASON"}, rows: rows,
		none: "No License IDs.", indent: "  "})
}

func (a *app) handOverList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the hand-overs that you started or are to take over",
		Example: "  starter handover list --as alex@contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.asCaller(ctx, a.openReader, func(s *session) error {
				all, err := s.views.HandOvers(ctx, s.org, s.caller)
				if err != nil {
					return err
				}
				return a.print(all, func(w io.Writer) {
					if len(all) == 0 {
						fmt.Fprintln(w, "No hand-overs that you started or are to take over.")
					}
					for _, v := range all {
						writeHandOver(w, v)
					}
				})
			})
		},
	}
}

// handOverStep is a command that one of the two gives about a hand-over.
type handOverStep struct {
	use, short, example string
	run                 func(context.Context, *session, licensing.HandOverCommand) (
		licensing.HandOverView, error)
}

func (a *app) handOverAgree() *cobra.Command {
	step := handOverStep{
		use: "agree", short: "Agree to take over, as the successor", example: "kim@contoso.example",
	}
	step.run = func(ctx context.Context, s *session, c licensing.HandOverCommand) (
		licensing.HandOverView, error) {
		return s.client.AgreeHandOver(ctx, c)
	}
	return a.handOverStep(step)
}

func (a *app) handOverCancel() *cobra.Command {
	step := handOverStep{
		use: "cancel", short: "End a hand-over; what was handed over stays", example: "alex@contoso.example",
	}
	step.run = func(ctx context.Context, s *session, c licensing.HandOverCommand) (
		licensing.HandOverView, error) {
		return s.client.CancelHandOver(ctx, c)
	}
	return a.handOverStep(step)
}

func (a *app) handOverStep(step handOverStep) *cobra.Command {
	var id string
	c := &cobra.Command{
		Use: step.use, Short: step.short,
		Example: fmt.Sprintf("  starter handover %s --as %s --id 5b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d0001",
			step.use, step.example),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.asCaller(ctx, a.openWriter, func(s *session) error {
				v, err := step.run(ctx, s, licensing.HandOverCommand{
					Request: a.request(), Org: s.org, HandOver: licensing.RequestID(id), By: s.caller,
				})
				if err != nil {
					return err
				}
				return a.print(v, func(w io.Writer) { writeHandOver(w, v) })
			})
		},
	}
	c.Flags().StringVar(&id, "id", "", "the hand-over's ID, as `start` and `list` show it")
	return c
}
