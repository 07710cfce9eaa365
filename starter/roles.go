package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) delete() *cobra.Command {
	return a.steer("delete", "take all roles from a user, on the License IDs that you administer (R80–R83)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Delete(ctx, c)
		text := ""
		for _, v := range out.Verdicts {
			text += verdictText(v) + "\n"
		}
		for _, l := range out.Inherits {
			text += fmt.Sprintf("%s: still Administrator by inheritance from an agreement that you don't administer (R87)\n", l)
		}
		return out, text + fmt.Sprintf("%d License IDs that you don't administer remain; the organization's account is not touched", out.Remaining), err
	})
}

func (a *app) recheck() *cobra.Command {
	return a.steer("recheck", "look for a user in the directory who shows as User not found, and give the access back (R57, R86)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Recheck(ctx, c)
		return out, fmt.Sprintf("found in the directory; has again what was given before, on %d of your License IDs", len(out.Licenses)), err
	})
}

func (a *app) agreements() *cobra.Command {
	var inherited bool
	c := &cobra.Command{
		Use:     "agreements",
		Short:   "the License IDs that you administer, and those below them (R68)",
		Example: "  starter agreements --as alex@contoso.example --inherited",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), a.reading, func(s *session) error {
				all, err := s.views.Agreements(cmd.Context(), s.org, s.me, inherited)
				if err != nil {
					return err
				}
				return a.answer(all, func(w io.Writer) {
					var rows [][]string
					for _, g := range all {
						how := "administrator"
						if g.Inherited {
							how = "by an agreement above"
						}
						rows = append(rows, []string{string(g.License), g.Program, dash(string(g.Parent)), clock(g.ProcessedAt), how, strconv.Itoa(g.Admins)})
					}
					table(w, []string{"LICENSE ID", "PROGRAM", "PARENT", "PROCESSED", "YOU", "ACTIVE ADMINS"}, rows)
				})
			})
		},
	}
	c.Flags().BoolVar(&inherited, "inherited", false, "show inherited contracts too")
	return c
}

func (a *app) preferences() *cobra.Command {
	return &cobra.Command{
		Use:     "preferences",
		Short:   "the agreements that name you as a contact, and whether you inherit Administrator below them (R88, R89)",
		Example: "  starter preferences --as pat@contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), a.reading, func(s *session) error {
				all, err := s.views.Preferences(cmd.Context(), s.org, s.me)
				if err != nil {
					return err
				}
				return a.answer(all, func(w io.Writer) {
					var rows [][]string
					for _, p := range all {
						rows = append(rows, []string{string(p.License), p.Program, yes(p.Inherit), strconv.Itoa(p.Below), strconv.Itoa(len(p.Without))})
					}
					table(w, []string{"LICENSE ID", "PROGRAM", "INHERIT", "LICENSE IDS BELOW", "EXCLUDED BY INVOICE READER"}, rows)
				})
			})
		},
	}
}

func (a *app) prefer() *cobra.Command {
	var license, inherit string
	c := &cobra.Command{
		Use:     "prefer",
		Short:   "opt in to inherit Administrator on everything below an agreement that names you, or out (R88–R90)",
		Example: "  starter prefer --as pat@contoso.example --license M100 --inherit yes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if inherit != "yes" && inherit != "no" {
				return usageError{errors.New("--inherit: yes or no")}
			}
			return a.with(ctx, a.changing, func(s *session) error {
				id, err := a.request()
				if err != nil {
					return err
				}
				out, err := s.client.Prefer(ctx, licensing.PreferenceChange{Request: id, Org: s.org, User: s.me, License: licensing.LicenseID(license), Inherit: inherit == "yes"})
				if err != nil {
					return err
				}
				return a.answer(out, func(w io.Writer) {
					fmt.Fprintf(w, "inherit below %s: %s; %d License IDs, from now on\n", out.License, yes(out.Inherit), out.Below)
					for _, l := range out.Without {
						fmt.Fprintf(w, "not on %s: Invoice Reader excludes it (R92)\n", l)
					}
				})
			})
		},
	}
	c.Flags().StringVar(&license, "license", "", "License ID of the agreement above")
	c.Flags().StringVar(&inherit, "inherit", "", "yes or no")
	return c
}

func (a *app) copy() *cobra.Command {
	var from, fromUser string
	var to, users []string
	c := &cobra.Command{
		Use:   "copy",
		Short: "paste a user's roles on one License ID onto others, in place of what is there (R72)",
		Example: `  starter copy --as alex@contoso.example --from E1001 --user kim@contoso.example --to E1002,E1003
  starter copy --as alex@contoso.example --from E1001 --from-user kim@contoso.example --user lee@fabrikam.example --to E1001`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.paste(cmd.Context(), from, fromUser, to, users, true)
		},
	}
	copyFlags(c, &from, &to, &users)
	c.Flags().StringVar(&fromUser, "from-user", "", "whose roles; default: those of each --user")
	return c
}

func (a *app) importRoles() *cobra.Command {
	var from string
	var to, users []string
	c := &cobra.Command{
		Use:     "import",
		Short:   "add chosen users' roles on one License ID to another one; not onto a parent agreement (R77)",
		Example: "  starter import --as alex@contoso.example --from E1001 --to E1002 --user kim@contoso.example,lee@fabrikam.example",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.paste(cmd.Context(), from, "", to, users, false) },
	}
	copyFlags(c, &from, &to, &users)
	return c
}

func copyFlags(c *cobra.Command, from *string, to, users *[]string) {
	c.Flags().StringVar(from, "from", "", "License ID that has the roles")
	c.Flags().StringSliceVar(to, "to", nil, "License IDs that get them")
	c.Flags().StringSliceVar(users, "user", nil, "who gets them: sign-in e-mails or user ids")
	verifyFlag(c)
}

func (a *app) paste(ctx context.Context, from, fromUser string, to, users []string, replace bool) error {
	return a.with(ctx, a.changing, func(s *session) error {
		source := licensing.RoleSource{License: licensing.LicenseID(from), Replace: replace}
		var err error
		if fromUser != "" {
			if source.User, err = s.user(ctx, fromUser); err != nil {
				return err
			}
		}
		var people []licensing.PersonChange
		for _, who := range users {
			id, err := s.user(ctx, who)
			if err != nil {
				return err
			}
			p := licensing.PersonChange{User: id}
			for _, l := range to {
				p.Access = append(p.Access, licensing.AccessChange{License: licensing.LicenseID(l), From: &source})
			}
			people = append(people, p)
		}
		id, err := a.request()
		if err != nil {
			return err
		}
		return a.saveOrVerify(ctx, s, licensing.Save{ID: id, Org: s.org, Admin: s.me, People: people})
	})
}

// verifyFlag asks for the verdicts of a save without the save (R67).
func verifyFlag(c *cobra.Command) {
	c.Flags().Bool("verify", false, "say what would happen, and change nothing (R67)")
}

func (a *app) saveOrVerify(ctx context.Context, s *session, sv licensing.Save) error {
	act := s.client.Save
	if a.verify {
		act = s.rows.Verify
	}
	answer, err := act(ctx, sv)
	if err != nil {
		return err
	}
	return a.saved(answer.People, answer, sv.People)
}

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
				all, err := s.views.HandOvers(cmd.Context(), s.org, s.me)
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

func (a *app) history() *cobra.Command {
	var license, on string
	c := &cobra.Command{
		Use:   "history",
		Short: "who had which role on a License ID on a day, and how it came to be",
		Example: `  starter history --as alex@contoso.example --license E1001 --on 2026-03-31
  starter history --as alex@contoso.example --license E1001 --on 2026-03-31T15:00:00Z -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, err := readDay(on, time.Now())
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), a.reading, func(s *session) error {
				all, err := s.views.RolesOn(cmd.Context(), s.org, s.me, licensing.LicenseID(license), at)
				if err != nil {
					return err
				}
				return a.answer(all, func(w io.Writer) { historyText(w, all) })
			})
		},
	}
	c.Flags().StringVar(&license, "license", "", "License ID")
	c.Flags().StringVar(&on, "on", "", "a day (its end, in UTC) or a time; default: now")
	return c
}

// readDay reads a day or a time; the empty text is now.
func readDay(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return now, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.Add(24*time.Hour - time.Microsecond), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, usageError{errors.New("--on: a day like 2026-03-31, or a time like 2026-03-31T15:00:00Z")}
	}
	return at, nil
}

func historyText(w io.Writer, all []licensing.RoleOn) {
	var rows [][]string
	for _, r := range all {
		state := "effective since " + clock(r.Activated)
		switch {
		case !r.InTenant:
			state = "no access: not in the directory (R84)"
		case !r.Effective:
			state = "waited"
		}
		role := r.Role.Info().Name
		if r.Above != "" {
			role += ", inherited from " + string(r.Above)
		}
		by := r.Given.Name
		if by == "" {
			by = "nobody (" + r.Given.Action + ")"
		}
		rows = append(rows, []string{r.Name, role, state, clock(r.Given.At), r.Given.Action, r.Given.Rule, by})
	}
	table(w, []string{"WHO", "ROLE", "STATE", "GIVEN", "BY WHAT", "RULE", "BY WHOM"}, rows)
}
