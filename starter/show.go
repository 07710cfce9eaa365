package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vlroles/licensing"
	"vlroles/store/views"
)

func (a *app) users() *cobra.Command {
	var f licensing.UserFilter
	var status, license, role string
	c := &cobra.Command{
		Use:   "users",
		Short: "the Manage Assignments list: the VL users of the License IDs that you administer (R40–R50)",
		Example: `  starter users --as alex@contoso.example
  starter users --as alex@contoso.example --status failed -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.Status, f.License, f.Role = licensing.Status(status), licensing.LicenseID(license), licensing.Role(role)
			return a.with(cmd.Context(), a.reading, func(s *session) error {
				page, err := s.views.Users(cmd.Context(), s.org, s.me, f)
				if err != nil {
					return err
				}
				return a.answer(page, func(w io.Writer) { usersTable(w, page) })
			})
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.Query, "query", "", "beginning of a name or e-mail")
	fl.StringVar(&status, "status", "", "user_not_found, failed, invitation_expired, assignment_in_progress, invitation_sent or active")
	fl.StringVar(&license, "license", "", "with roles on this License ID")
	fl.StringVar(&role, "role", "", "with this role")
	fl.IntVar(&f.Limit, "limit", 0, "users on a page, at most 200 (default 50)")
	fl.StringVar(&f.Cursor, "cursor", "", "the next page, as the last one named it")
	return c
}

func usersTable(w io.Writer, page licensing.UserPage) {
	var rows [][]string
	for _, u := range page.Users {
		status := u.Status.String()
		if u.Status == licensing.InvitationSent && u.Delivery != "" {
			status += " (" + string(u.Delivery) + ")"
		}
		rows = append(rows, []string{u.Name, status, actionNames(u.Actions), string(u.SignIn), string(u.Business), roleNames(u.Roles), strconv.Itoa(u.Licenses)})
	}
	table(w, []string{"DISPLAY NAME", "STATUS", "ACTIONS", "SIGN-IN E-MAIL", "BUSINESS E-MAIL", "VL ROLES", "LICENSE IDS"}, rows)
	if page.Next != "" {
		fmt.Fprintf(w, "more: --cursor %s\n", page.Next)
	}
}

func actionNames(in []licensing.Action) string {
	names := make([]string, len(in))
	for n, s := range in {
		names[n] = strings.ReplaceAll(string(s), "_", " ")
	}
	return strings.Join(names, ", ")
}

// userStory is what `show` prints of one user.
type userStory struct {
	licensing.UserView
	History []licensing.HistoryLine `json:"history"`
}

func (a *app) show() *cobra.Command {
	var user string
	c := &cobra.Command{
		Use:     "show",
		Short:   "one user: access per License ID, due times, mails, history (R43)",
		Example: `  starter show --as alex@contoso.example --user kim@contoso.example`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.with(ctx, a.reading, func(s *session) error {
				id, err := s.user(ctx, user)
				if err != nil {
					return err
				}
				story, err := s.story(ctx, id)
				if err != nil {
					return err
				}
				return a.answer(story, func(w io.Writer) { storyText(w, story) })
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", "sign-in e-mail or user id")
	return c
}

// historyLines is how much of a user's history `show` prints.
const historyLines = 200

func (s *session) story(ctx context.Context, id licensing.UserID) (userStory, error) {
	v, err := s.views.User(ctx, s.org, s.me, id)
	if err != nil {
		return userStory{}, err
	}
	h, err := s.views.History(ctx, s.org, s.me, id, views.Page{Limit: historyLines})
	return userStory{v, h}, err
}

func storyText(w io.Writer, u userStory) {
	fmt.Fprintf(w, "%s <%s>, %s, %s\n", u.Name, u.SignIn, u.Kind, u.Status)
	fmt.Fprintf(w, "id %s · mails go to %s · registered %s\n", u.ID, u.Business, clock(u.RegisteredAt))
	fmt.Fprintf(w, "possible now: %s\n", actionNames(u.Actions))
	if i := u.Invitation; i != nil {
		fmt.Fprintf(w, "invitation: %s, generation %d, works until %s %s\n", i.State, i.Generation, clock(i.ExpiresAt), i.Reason)
	}
	fmt.Fprintln(w, "\nAccess")
	var rows [][]string
	for _, e := range u.Access {
		rows = append(rows, []string{"  " + string(e.License), e.Status.String(), roleNames(e.Roles), contactNames(e), clock(e.DueAt), strings.TrimSpace(e.Reason + " " + e.Reference + " " + e.Advice)})
	}
	table(w, []string{"  LICENSE ID", "STATUS", "ROLES", "CONTACT", "DUE", "WHY"}, rows)
	if u.Hidden > 0 {
		fmt.Fprintf(w, "  and %d License IDs that you don't administer\n", u.Hidden)
	}
	fmt.Fprintln(w, "\nMails")
	rows = nil
	for _, m := range u.Mails {
		answer := m.Answer
		if m.Code > 0 {
			answer = fmt.Sprintf("%d %s", m.Code, m.Answer)
		}
		rows = append(rows, []string{"  " + clock(m.QueuedAt), string(m.Kind), string(m.State), strconv.Itoa(m.Attempts), answer})
	}
	table(w, []string{"  QUEUED", "KIND", "STATE", "ATTEMPTS", "SERVER'S ANSWER"}, rows)
	fmt.Fprintln(w, "\nHistory")
	rows = nil
	for _, h := range u.History {
		actor := h.Actor
		if actor == "" {
			actor = "the system"
		}
		rows = append(rows, []string{"  " + clock(h.At), actor, h.Action, string(h.License), h.Outcome, h.Rule, dash(h.Before.String()) + " → " + dash(h.After.String()), h.Detail})
	}
	table(w, []string{"  AT", "WHO", "WHAT", "LICENSE ID", "OUTCOME", "RULE", "STATUS", "DETAIL"}, rows)
}

// contactNames says as what the contract names the user.
func contactNames(e licensing.AccessEntry) string {
	if e.FormerContact {
		return "no longer a contact"
	}
	names := make([]string, len(e.Contact))
	for n, k := range e.Contact {
		names[n] = strings.ReplaceAll(string(k), "_", " ")
	}
	return dash(strings.Join(names, ", "))
}

func (a *app) access() *cobra.Command {
	var user, license, may string
	c := &cobra.Command{
		Use:   "access",
		Short: "may this person do that on this License ID, and why (R01, R02); exit code 3 for no",
		Example: `  starter access --user kim@contoso.example --license E1001 --may download_software
  starter access --org contoso.example --user lee@fabrikam.example --license E1001 --may view_orders`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			s, err := a.reading(ctx)
			if err != nil {
				return err
			}
			defer s.close()
			p, err := licensing.ParsePermission(may)
			if err != nil {
				return usageError{fmt.Errorf("--may: %w", err)}
			}
			l, err := licensing.ParseLicenseID(license)
			if err != nil {
				return usageError{fmt.Errorf("--license: %w", err)}
			}
			domain := ""
			if e, err := licensing.ParseEmail(user); err == nil {
				domain = e.Domain()
			}
			if err := a.findOrganization(ctx, s, domain); err != nil {
				return err
			}
			answer, err := s.may(ctx, user, l, p)
			if err != nil {
				return err
			}
			err = a.answer(answer, func(w io.Writer) {
				word := "no"
				if answer.Allowed {
					word = "yes"
				}
				fmt.Fprintf(w, "%s: %s (%s)\n", word, answer.Why, answer.Rule)
			})
			if err == nil && !answer.Allowed {
				return errSaid
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&user, "user", "", "sign-in e-mail or user id")
	f.StringVar(&license, "license", "", "License ID")
	f.StringVar(&may, "may", "", "the permission, such as view_orders; an unknown one lists them all")
	return c
}

// may asks the access check; a person who isn't known simply may not.
func (s *session) may(ctx context.Context, user string, l licensing.LicenseID, p licensing.Permission) (licensing.Answer, error) {
	id, err := s.user(ctx, user)
	if licensing.KindOf(err) == licensing.NotFound {
		return licensing.MayDo(false, licensing.AccessFacts{}, p, l), nil
	}
	if err != nil {
		return licensing.Answer{}, err
	}
	return s.views.Access(ctx, s.org, id, l, p)
}
