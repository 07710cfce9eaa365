package command

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

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
	v, err := s.rows.User(ctx, s.org, s.me, id)
	if err != nil {
		return userStory{}, err
	}
	h, err := s.rows.History(ctx, s.org, s.me, id, historyLines)
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
		rows = append(rows, []string{"  " + string(e.License), e.Status.String(), RoleNames(e.Roles), contactNames(e), clock(e.DueAt), strings.TrimSpace(e.Reason + " " + e.Reference + " " + e.Advice)})
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
