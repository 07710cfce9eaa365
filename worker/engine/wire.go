package engine

import (
	"fmt"
	"time"

	"vlroles/activities"
	"vlroles/activities/scim"
	"vlroles/activities/smtp"
	"vlroles/activities/webhook"
	"vlroles/commands"
	"vlroles/config"
	"vlroles/store/views"
	"vlroles/templates"
	"vlroles/workflows"
)

// steps are the activities with everything that they need.
type steps struct {
	requests    *activities.Requests
	downstream  *activities.Downstream
	directories *activities.Directories
	retention   *activities.Retention
	mails       *activities.Mails
}

// onQueue is what workflows.Queue runs: everything but SendMail, which has a queue of its own.
func (a steps) onQueue() []any {
	return []any{a.requests, a.downstream, a.directories, a.retention, a.mails.GiveUpMail}
}

// wire makes the activities, the client that they start workflows with, and the adapters that the
// configuration asks for.
func (e *Engine) wire() (a steps, err error) {
	provisioner, err := newProvisioner(e.o.Config)
	if err != nil {
		return a, err
	}
	tenant, err := newTenant(e.o.Config)
	if err != nil {
		return a, err
	}
	if e.relay, err = newRelay(e.o.Config); err != nil {
		return a, err
	}
	e.client = &commands.Client{
		Temporal: e.o.Temporal, Rows: views.New(e.o.Store.Reader()), Patience: e.o.Patience, Log: e.o.Log,
		Settings: workflows.Settings{Provision: provisioner != nil, Jitter: e.o.Jitter},
	}
	now := func() time.Time { return time.Now().UTC() }
	rows := e.o.Store
	return steps{
		requests: &activities.Requests{
			Saves: rows, Contracts: rows, Users: rows, HandOvers: rows, Invitations: rows, Deadlines: rows,
			Outbox: rows, Starter: e.client, Links: e.o.Config.LinkKeys, Log: e.o.Log,
		},
		downstream:  &activities.Downstream{Assignments: rows, Tellings: rows, Provisioner: provisioner, Log: e.o.Log},
		directories: &activities.Directories{Known: rows, Tenant: tenant, Log: e.o.Log},
		retention:   &activities.Retention{Data: rows, Log: e.o.Log},
		mails: &activities.Mails{
			Ledger: rows, Sender: e.relay, Letterhead: letterhead(e.o),
			MailDomain: e.o.Config.MailFrom.Domain(), Now: now, Log: e.o.Log,
		},
	}, nil
}

// letterhead is what all mails of the deployment share.
func letterhead(o Options) templates.Letterhead {
	return templates.Letterhead{
		Support: o.Policy.Support, Portal: o.Config.PortalURL, LinkBase: o.Config.LinkBase,
		Propagation: o.Policy.Propagation, Token: o.Config.LinkKeys.Token,
	}
}

func newRelay(c config.Config) (*smtp.Relay, error) {
	authorities, err := trusting("VL_SMTP_CA", c.SMTPCA)
	if err != nil {
		return nil, fmt.Errorf("configure the relay: %w", err)
	}
	return smtp.New(smtp.Config{
		Host: c.SMTPHost, Port: c.SMTPPort, TLS: string(c.SMTPTLS), TLSConfig: authorities,
		User: c.SMTPUser, Password: smtp.Password(c.SMTPPassword.Reveal()), Auth: c.SMTPAuth,
		From: string(c.MailFrom), FromName: c.MailFromName, ReplyTo: string(c.MailReplyTo),
		Connections: c.SMTPConnections,
	})
}

func newTenant(c config.Config) (activities.Tenant, error) {
	if c.DirectoryURL == "" {
		return nil, nil
	}
	return scim.New(c.DirectoryURL, c.DirectoryToken.Reveal())
}

func newProvisioner(c config.Config) (activities.Provisioner, error) {
	if c.ProvisionerURL == "" {
		return nil, nil
	}
	var keys []webhook.Key
	for _, k := range c.ProvisionerKeys {
		key, err := webhook.NewKey(k.ID, []byte(k.Secret.Reveal()))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return webhook.New(webhook.Config{URL: c.ProvisionerURL, Keys: keys, Timeout: c.ProvisionerTimeout})
}
