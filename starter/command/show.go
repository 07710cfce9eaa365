package command

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

// userReport is what `show` prints about one user.
type userReport struct {
	licensing.UserView
	History []licensing.HistoryLine `json:"history"`
}

// show prints one user as View access does, with emails and history (R43).
func (a *app) show() *cobra.Command {
	var user string
	c := &cobra.Command{
		Use:     "show",
		Short:   "View access: one user's roles on each License ID, due times, emails and history",
		Example: `  starter show --as alex@contoso.example --user kim@contoso.example`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			check := func(licensing.Policy) error { return checkUser("--user", user) }
			return a.asCaller(ctx, a.checked(check, a.openReader), func(s *session) error {
				id, err := s.findUser(ctx, user)
				if err != nil {
					return err
				}
				report, err := s.report(ctx, id)
				if err != nil {
					return err
				}
				return a.print(report, func(w io.Writer) { writeReport(w, report) })
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", userHelp)
	return c
}

// historyLines is how much of a user's history `show` prints.
const historyLines = 200

func (s *session) report(ctx context.Context, id licensing.UserID) (userReport, error) {
	v, err := s.views.User(ctx, s.org, s.caller, id)
	if err != nil {
		return userReport{}, err
	}
	h, err := s.views.History(ctx, s.org, s.caller, id, views.Page{Limit: historyLines})
	return userReport{v, h}, err
}

func writeReport(w io.Writer, u userReport) {
	fmt.Fprintf(w, "%s <%s>, %s, %s\n", u.Name, u.SignIn, u.Kind, u.Status)
	fmt.Fprintf(w, "ID %s · business email %s · registered %s\n", u.ID, u.Business,
		timeOrDash(u.RegisteredAt))
	fmt.Fprintf(w, "Actions: %s\n", actionNames(u.Actions))
	if i := u.Invitation; i != nil {
		fmt.Fprintf(w, "Invitation: %s, generation %d, expires on %s %s\n", i.State, i.Generation,
			timeOrDash(i.ExpiresAt), i.Reason)
	}
	fmt.Fprintln(w, "\nAccess")
	accessTable(w, u.Access)
	if u.Hidden > 0 {
		fmt.Fprintf(w, "  and %s that you don't administer\n", licenses(u.Hidden))
	}
	fmt.Fprintln(w, "\nEmails")
	mailsTable(w, u.Mails)
	fmt.Fprintln(w, "\nHistory")
	changesTable(w, u.History)
}

func accessTable(w io.Writer, access []licensing.AccessEntry) {
	var rows [][]string
	for _, e := range access {
		reason := strings.TrimSpace(e.Reason + " " + e.Reference + " " + e.Advice)
		rows = append(rows, []string{
			string(e.License), e.Status.String(), roleNames(e),
			contactNames(e), timeOrDash(e.DueAt), reason,
		})
	}
	table(w, list{head: []string{"LICENSE ID", "STATUS", "ROLES", "CONTACT", "DUE", "REASON"}, rows: rows,
		none: "No roles on License IDs that you administer.", indent: "  "})
}

func mailsTable(w io.Writer, mails []licensing.MailLine) {
	var rows [][]string
	for _, m := range mails {
		reply := m.Answer
		if m.Code > 0 {
			reply = fmt.Sprintf("%d %s", m.Code, m.Answer)
		}
		rows = append(rows, []string{
			timeOrDash(m.QueuedAt), string(m.Kind), string(m.State), strconv.Itoa(m.Attempts), reply,
		})
	}
	table(w, list{head: []string{"QUEUED", "KIND", "STATE", "ATTEMPTS", "SERVER'S REPLY"}, rows: rows,
		none: "No emails.", indent: "  "})
}

func changesTable(w io.Writer, history []licensing.HistoryLine) {
	var rows [][]string
	for _, h := range history {
		actor := h.Actor
		if actor == "" {
			actor = "the " + string(h.Principal)
		}
		status := textOrDash(h.Before.String()) + " → " + textOrDash(h.After.String())
		rows = append(rows, []string{
			timeOrDash(h.At), actor, string(h.Action), string(h.License), h.Outcome, h.Rule, status, h.Detail,
		})
	}
	table(w, list{
		head: []string{"TIME", "WHO", "ACTION", "LICENSE ID", "OUTCOME", "RULE", "STATUS", "DETAIL"},
		rows: rows, none: "No changes.", indent: "  ",
	})
}

// roleNames names the roles on a License ID, and where an inherited one comes from (R87).
func roleNames(e licensing.AccessEntry) string {
	if e.Above == "" {
		return RoleNames(e.Roles)
	}
	return RoleNames(e.Roles) + " (Administrator is inherited from " + string(e.Above) + ")"
}

// contactNames lists the capacities in which the contract names the user.
func contactNames(e licensing.AccessEntry) string {
	if e.FormerContact {
		return "no longer a contact"
	}
	names := make([]string, len(e.Contact))
	for n, k := range e.Contact {
		names[n] = contactKind(k)
	}
	return textOrDash(strings.Join(names, ", "))
}
