package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"vlroles/commands"
	"vlroles/config"
	"vlroles/licensing"
	"vlroles/store"
	"vlroles/store/views"
	"vlroles/worker/engine"
	"vlroles/workflows"
)

// session is a command's connection to the rows and, where it changes something, to Temporal.
type session struct {
	config   config.Config
	rows     *store.Store // for migrate and --verify
	views    *views.Views
	temporal client.Client
	client   *commands.Client
	org      licensing.OrgID
	caller   licensing.UserID // who acts; "" for partners and support
}

// opener opens a session: openReader or openWriter.
type opener func(context.Context) (*session, error)

// databasePatience is how long the database may take to answer the first time.
const databasePatience = 15 * time.Second

// openReader opens what a command needs that only shows something.
func (a *app) openReader(ctx context.Context) (*session, error) {
	c, err := a.load(config.Commands)
	if err != nil {
		return nil, err
	}
	patient, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	rows, err := store.Open(patient, c.Database.Reveal(),
		store.Options{MaxConns: c.DatabaseConns, Policy: c.Policy()})
	if err != nil {
		return nil, a.notOpened(err)
	}
	return &session{config: c, rows: rows, views: views.New(rows.Reader())}, nil
}

// openWriter opens what a command needs that starts or steers workflows under its request ID.
func (a *app) openWriter(ctx context.Context) (*session, error) {
	a.changes = true
	return a.openAll(ctx)
}

// openAll opens the rows and Temporal.
func (a *app) openAll(ctx context.Context) (*session, error) {
	s, err := a.openReader(ctx)
	if err != nil {
		return nil, err
	}
	discard := slog.New(slog.DiscardHandler)
	if s.temporal, err = engine.Dial(ctx, s.config, discard); err != nil {
		s.close()
		return nil, licensing.Refuse(licensing.Unavailable, "", "Temporal doesn't answer at %s "+
			"(TEMPORAL_ADDRESS); is `starter dev` running?", s.config.TemporalAddress)
	}
	s.client = &commands.Client{
		Temporal: s.temporal, Rows: s.views, Log: discard,
		Settings: workflows.Settings{
			Provision: s.config.ProvisionerURL != "", Jitter: engine.Jitter(s.config.Policy()),
		},
	}
	return s, nil
}

// checked is an opener that first checks the request by the deployment's policy, so that wrong input is told
// without a connection.
func (a *app) checked(check func(licensing.Policy) error, open opener) opener {
	return func(ctx context.Context) (*session, error) {
		c, err := a.load(config.Commands)
		if err != nil {
			return nil, err
		}
		if err := check(c.Policy()); err != nil {
			return nil, err
		}
		return open(ctx)
	}
}

func (s *session) close() {
	if s.temporal != nil {
		s.temporal.Close()
	}
	_ = s.rows.Close() // the process ends
}

// asCaller runs f in a session in which the person of --as acts.
func (a *app) asCaller(ctx context.Context, open opener, f func(*session) error) error {
	if a.as == "" {
		return Usage(errors.New("--as is required: the sign-in email of the admin you act as"))
	}
	as, err := licensing.ParseEmail(a.as)
	if err != nil {
		return inFlag("--as", err)
	}
	return a.inOrganization(ctx, open, as.Domain(), func(s *session) error {
		s.caller, err = s.views.UserBySignIn(ctx, s.org, as)
		if err != nil {
			return err
		}
		return f(s)
	})
}

// asPartner runs f in a session in which a partner, the tenant or support acts, who need no VL user.
func (a *app) asPartner(ctx context.Context, open opener, f func(*session) error) error {
	return a.inOrganization(ctx, open, "", f)
}

// inOrganization runs f in a session whose organization is that of --org, else the one with the domain, else
// the only one.
func (a *app) inOrganization(ctx context.Context, open opener, domain string, f func(*session) error) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if s.org, err = a.findOrganization(ctx, s, domain); err == nil {
		err = f(s)
	}
	return a.readFault(err)
}

func (a *app) findOrganization(ctx context.Context, s *session, domain string) (licensing.OrgID, error) {
	if a.org != "" {
		return s.views.OrganizationOf(ctx, a.org)
	}
	if org, err := s.views.OrganizationOf(ctx, domain); err == nil {
		return org, nil
	}
	all, err := s.views.Organizations(ctx)
	if err != nil {
		return "", err
	}
	if len(all) != 1 {
		return "", Usage(fmt.Errorf("there are %d organizations: choose one with --org (an ID or a domain)",
			len(all)))
	}
	return all[0].ID, nil
}

// findUser finds a user by ID or sign-in email. An email tells nothing of a user whom the caller may not see.
func (s *session) findUser(ctx context.Context, user string) (licensing.UserID, error) {
	if err := checkUser("--user", user); err != nil {
		return "", err
	}
	if id, ok := asID(user); ok {
		return licensing.UserID(id), nil
	}
	if s.caller == "" { // support, which sees everybody of the organization
		return s.views.UserBySignIn(ctx, s.org, licensing.Email(user))
	}
	return s.views.FindUser(ctx, s.org, s.caller, licensing.Email(user))
}

// asID reads an ID that somebody typed, in whatever form a UUID has, as the engine writes it.
func asID(typed string) (string, bool) {
	id, err := uuid.Parse(typed)
	return id.String(), err == nil
}

// checkUser says what is wrong with the value of a flag that names a user by ID or sign-in email.
func checkUser(flag, user string) error {
	if _, ok := asID(user); ok {
		return nil
	}
	_, err := licensing.ParseEmail(user)
	return inFlag(flag, err)
}
