package command

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) handOver() *cobra.Command {
	c := &cobra.Command{Use: "handover", Short: "hand Administrator of many License IDs over to a successor (R30–R32)"}
	c.AddCommand(a.handOverStart(), a.handOverList(),
		a.handOverSteer("agree", "agree to take over, as the successor", func(ctx context.Context, s *session, c licensing.HandOverCommand) (licensing.HandOverView, error) {
			return s.client.AgreeHandOver(ctx, c)
		}),
		a.handOverSteer("cancel", "end a hand-over; what was handed over stays so", func(ctx context.Context, s *session, c licensing.HandOverCommand) (licensing.HandOverView, error) {
			return s.client.CancelHandOver(ctx, c)
		}))
	return c
}

func (a *app) handOverStart() *cobra.Command {
	var p personFlags
	c := &cobra.Command{
		Use:     "start",
		Short:   "make the successor Administrator; your role goes, License ID by License ID, when the successor has agreed and is active",
		Example: `  starter handover start --as alex@contoso.example --to kim@contoso.example --license E1001,E1002`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.with(ctx, a.changing, func(s *session) error {
				id, err := a.request()
				if err != nil {
					return err
				}
				h := licensing.HandOver{ID: id, Org: s.org, Admin: s.me, InviteFor: time.Duration(p.days) * 24 * time.Hour,
					Successor: licensing.PersonChange{SignIn: licensing.Email(p.user), Name: p.name, Business: licensing.Email(p.business)}}
				for _, l := range p.licenses {
					h.Licenses = append(h.Licenses, licensing.LicenseID(l))
				}
				out, err := s.client.HandOver(ctx, h)
				if err != nil {
					return err
				}
				err = a.answer(out, func(w io.Writer) {
					verdicts(w, []licensing.PersonChange{h.Successor}, out.People)
					handOverText(w, out.View)
				})
				if err == nil && out.View.State.Ended() {
					return errSaid
				}
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&p.user, "to", "", "the successor's sign-in e-mail")
	f.StringVar(&p.name, "name", "", "full name; needed for external people (R44)")
	f.StringVar(&p.business, "business", "", "business e-mail; default: the sign-in e-mail (R48)")
	f.StringSliceVar(&p.licenses, "license", nil, "License ID; repeat or separate by commas")
	f.IntVar(&p.days, "invite-days", 0, "days to register, 1 to 90; default: the deployment's (R56)")
	return c
}

func handOverText(w io.Writer, v licensing.HandOverView) {
	fmt.Fprintf(w, "hand-over %s: %s\n", v.ID, v)
	var rows [][]string
	for _, l := range v.Lines {
		rows = append(rows, []string{"  " + string(l.License), string(l.State), l.Status.String(), clock(l.DueAt), l.Message})
	}
	table(w, []string{"  LICENSE ID", "STATE", "SUCCESSOR", "DUE", "WHY"}, rows)
}

func (a *app) handOverList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "the hand-overs that you have to do with", Args: noArguments,
		Example: "  starter handover list --as kim@contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), a.reading, func(s *session) error {
				all, err := s.rows.HandOvers(cmd.Context(), s.org, s.me)
				if err != nil {
					return err
				}
				return a.answer(all, func(w io.Writer) {
					for _, v := range all {
						handOverText(w, v)
					}
				})
			})
		},
	}
}

func (a *app) handOverSteer(use, short string, do func(context.Context, *session, licensing.HandOverCommand) (licensing.HandOverView, error)) *cobra.Command {
	var handOver string
	c := &cobra.Command{
		Use: use, Short: short, Args: noArguments,
		Example: "  starter handover " + use + " --as kim@contoso.example --id 5b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d0001",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.with(ctx, a.changing, func(s *session) error {
				id, err := a.request()
				if err != nil {
					return err
				}
				v, err := do(ctx, s, licensing.HandOverCommand{Request: id, Org: s.org, HandOver: licensing.RequestID(handOver), By: s.me})
				if err != nil {
					return err
				}
				return a.answer(v, func(w io.Writer) { handOverText(w, v) })
			})
		},
	}
	c.Flags().StringVar(&handOver, "id", "", "the hand-over, as its start and `list` name it")
	return c
}
