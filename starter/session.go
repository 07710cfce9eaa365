package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"vlroles/commands"
	"vlroles/config"
	"vlroles/licensing"
	"vlroles/store"
	"vlroles/worker/engine"
	"vlroles/workflows"
)

// session is a command's connection to the database and, where it changes something, to Temporal.
type session struct {
	config   config.Config
	rows     *store.Store
	temporal client.Client
	client   *commands.Client
	org      licensing.OrgID
	me       licensing.UserID
}

// reading opens what a command needs that only shows something.
func (a *app) reading(ctx context.Context) (*session, error) {
	c, err := config.Load(a.lookup, config.Commands)
	if err != nil {
		return nil, err
	}
	rows, err := store.Open(ctx, c.Database.Reveal(), store.Options{MaxConns: c.DatabaseConns})
	if err != nil {
		return nil, fmt.Errorf("%w (VL_DATABASE_URL; is `starter dev` running, or has `starter migrate` run?)", err)
	}
	return &session{config: c, rows: rows}, nil
}

// changing opens what a command needs that starts or steers workflows.
func (a *app) changing(ctx context.Context) (*session, error) {
	s, err := a.reading(ctx)
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	if s.temporal, err = engine.Dial(ctx, s.config, quiet); err != nil {
		s.close()
		return nil, licensing.Refuse(licensing.Unavailable, "", "%v; is `starter dev` running?", err)
	}
	s.client = &commands.Client{
		Temporal: s.temporal, Rows: s.rows, Log: quiet,
		Settings: workflows.Settings{Provision: s.config.ProvisionerURL != "", Jitter: engine.Jitter(s.config.Policy())},
	}
	return s, nil
}

func (s *session) close() {
	if s.temporal != nil {
		s.temporal.Close()
	}
	_ = s.rows.Close() // the process ends
}

// enter finds the organization and the acting person.
func (a *app) enter(ctx context.Context, s *session) error {
	if a.as == "" {
		return usageError{errors.New("say who is acting: --as ADMIN (a sign-in e-mail)")}
	}
	as, err := licensing.ParseEmail(a.as)
	if err != nil {
		return usageError{fmt.Errorf("--as: %w", err)}
	}
	if err := a.findOrganization(ctx, s, as.Domain()); err != nil {
		return err
	}
	s.me, err = s.rows.UserBySignIn(ctx, s.org, as)
	if licensing.KindOf(err) == licensing.NotFound {
		return licensing.Refuse(licensing.Forbidden, "R05", "--as: the organization has no such VL user")
	}
	return err
}

// findOrganization takes --org, else the organization of the domain, else the only one.
func (a *app) findOrganization(ctx context.Context, s *session, domain string) error {
	if a.org != "" {
		o, err := s.rows.OrganizationOf(ctx, a.org)
		s.org = o
		return err
	}
	o, err := s.rows.OrganizationOf(ctx, domain)
	if err == nil {
		s.org = o
		return nil
	}
	all, err := s.rows.Organizations(ctx)
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return usageError{fmt.Errorf("there are %d organizations: say which with --org (an id or a domain)", len(all))}
	}
	s.org = all[0].ID
	return nil
}

// user finds a user by id or sign-in e-mail.
func (s *session) user(ctx context.Context, who string) (licensing.UserID, error) {
	if uuid.Validate(who) == nil {
		return licensing.UserID(who), nil
	}
	e, err := licensing.ParseEmail(who)
	if err != nil {
		return "", usageError{fmt.Errorf("--user: %w", err)}
	}
	return s.rows.UserBySignIn(ctx, s.org, e)
}

// request returns the id of this command's request.
func (a *app) request() (licensing.RequestID, error) {
	if a.requestID == "" {
		return licensing.RequestID(uuid.NewString()), nil
	}
	if uuid.Validate(a.requestID) != nil {
		return "", usageError{errors.New("--request-id is a UUID")}
	}
	return licensing.RequestID(a.requestID), nil
}

// with runs f on an open session in which the acting person is known.
func (a *app) with(ctx context.Context, open func(context.Context) (*session, error), f func(*session) error) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := a.enter(ctx, s); err != nil {
		return err
	}
	return f(s)
}
