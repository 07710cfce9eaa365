package config

import (
	"slices"
	"strings"
	"time"
)

// Variable describes one environment variable.
type Variable struct {
	Name    string
	Default string // "": none, or as What says
	What    string // what it is, with its bounds
	Example string // a valid value other than the default; keys are refused, since everybody knows them
	Secret  bool   // never printed; may come from the file that Name + "_FILE" names
	For     Process
}

// Describe returns every variable there is, in the order in which people should read them.
func Describe() []Variable {
	table := new(Config).table()
	out := make([]Variable, len(table))
	for i, e := range table {
		out[i] = e.Variable
	}
	return out
}

// String names the processes: "worker, portal".
func (p Process) String() string {
	var names []string
	for _, n := range []struct {
		process Process
		name    string
	}{{Worker, "worker"}, {Portal, "portal"}, {Commands, "commands"}} {
		if p&n.process != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ", ")
}

// entry is a variable and what reads it into the configuration. The error of
// read is the rule that the value breaks.
type entry struct {
	Variable
	read func(string) error
}

const (
	day = 24 * time.Hour

	// A mail may take 90 s (licensing.SendMailTimeout): a worker that stops
	// sooner cuts it off and it is sent twice.
	leastStop = 95 * time.Second

	// The activity around the call ends after 30 s.
	mostProvision = 25 * time.Second

	// 32 zero bytes, for examples.
	exampleKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
)

// table binds every variable to its field of c.
func (c *Config) table() []entry {
	return slices.Concat(c.aboutStore(), c.aboutTemporal(), c.aboutRelay(), c.aboutLinks(), c.aboutTimes(),
		c.aboutLimits(), c.aboutProvisioner(), c.aboutDirectory(), c.aboutProcess())
}

// aboutStore has the variables of the database.
func (c *Config) aboutStore() []entry {
	return []entry{
		{Variable{Name: "VL_ALLOW_UNVERIFIED", For: All,
			What: "Connections to other machines that needn't be verified by TLS, of database, " +
				"temporal and smtp, with commas between; none by default. " +
				"Each still has to say how it is secured instead.",
			Example: "database,smtp"},
			some(&c.AllowUnverified, ConnectionDatabase, ConnectionTemporal, ConnectionSMTP)},

		{Variable{Name: "VL_DATABASE_URL", Default: "sqlite:.vlroles/dev/vlroles.db", Secret: true, For: All,
			What: "The database: postgres://… or sqlite:path. PostgreSQL on another machine is verified: " +
				"sslmode=verify-full, the default there; " +
				"sslrootcert=FILE names the PEM file of a private authority.",
			Example: "postgres://vlroles:password@db.contoso.example/vlroles?sslmode=verify-full"},
			database(&c.Database)},
		{Variable{Name: "VL_DATABASE_CONNS", Default: "20", For: All,
			What: "Open connections to the database, 1 to 1000.", Example: "40"},
			number(&c.DatabaseConns, 1, 1000)},
	}
}

// aboutTemporal has the variables of the Temporal server.
func (c *Config) aboutTemporal() []entry {
	return []entry{
		{Variable{Name: "TEMPORAL_ADDRESS", Default: "127.0.0.1:7233", For: All,
			What: "The Temporal frontend, host:port.", Example: "temporal.contoso.example:7233"},
			address(&c.TemporalAddress)},
		{Variable{Name: "TEMPORAL_NAMESPACE", Default: "default", For: All,
			What: "The Temporal namespace.", Example: "vlroles.a1b2c"}, word(&c.TemporalNamespace)},
		{Variable{Name: "TEMPORAL_API_KEY", Secret: true, For: All,
			What: "The API key of Temporal Cloud.", Example: "not-a-real-key"}, secret(&c.TemporalAPIKey)},
		{Variable{Name: "TEMPORAL_TLS", For: All,
			What: "Speak TLS to Temporal, true or false; " +
				"true by default for a frontend on another machine, " +
				"and where an API key or one of the three files is given.",
			Example: "true"}, flag(&c.TemporalTLS)},
		{Variable{Name: "TEMPORAL_TLS_CA", For: All,
			What: "PEM file with the authorities that sign Temporal's certificate; " +
				"the system's by default.",
			Example: "tls/ca.pem"}, path(&c.TemporalCA)},
		{Variable{Name: "TEMPORAL_TLS_CERT", For: All,
			What:    "PEM file with the client certificate; goes with TEMPORAL_TLS_KEY.",
			Example: "tls/client.pem"}, path(&c.TemporalCert)},
		{Variable{Name: "TEMPORAL_TLS_KEY", For: All,
			What: "PEM file with the client certificate's key.", Example: "tls/client.key"},
			path(&c.TemporalKey)},
	}
}

// aboutRelay has the variables of how mails are sent.
func (c *Config) aboutRelay() []entry {
	return []entry{
		{Variable{Name: "VL_SMTP_HOST", Default: "127.0.0.1", For: Worker,
			What: "The mail relay.", Example: "smtp.contoso.example"}, host(&c.SMTPHost)},
		{Variable{Name: "VL_SMTP_PORT", For: Worker,
			What: "The relay's port; 587 by default, 465 with implicit TLS, " +
				"1025 for a relay on this machine.",
			Example: "2525"}, number(&c.SMTPPort, 1, 65535)},
		{Variable{Name: "VL_SMTP_TLS", For: Worker,
			What: "TLS to the relay: mandatory (STARTTLS), implicit (TLS from the first byte on), " +
				"opportunistic or none; the last two for a relay on this machine. mandatory by default, " +
				"implicit on port 465, none for a relay on this machine without VL_SMTP_CA.",
			Example: "mandatory"}, oneOf(&c.SMTPTLS, TLSMandatory, TLSImplicit, TLSOpportunistic, TLSNone)},
		{Variable{Name: "VL_SMTP_CA", For: Worker,
			What: "PEM file with the authorities that sign the relay's certificate; " +
				"the system's by default.",
			Example: "tls/smtp-ca.pem"}, path(&c.SMTPCA)},
		{Variable{Name: "VL_SMTP_USER", For: Worker,
			What: "The login at the relay; none by default.", Example: "vlroles"}, line(&c.SMTPUser)},
		{Variable{Name: "VL_SMTP_PASSWORD", Secret: true, For: Worker,
			What:    "The password of that login, or the access token of XOAUTH2.",
			Example: "not-a-real-password"}, secret(&c.SMTPPassword)},
		{Variable{Name: "VL_SMTP_AUTH", For: Worker,
			What: "How to log in: SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN, CRAM-MD5 or XOAUTH2. " +
				"By default the first of them, but for XOAUTH2, that the relay offers.",
			Example: "SCRAM-SHA-256"},
			oneOf(&c.SMTPAuth, "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")},
		{Variable{Name: "VL_SMTP_CONNECTIONS", Default: "4", For: Worker,
			What: "Open connections of one worker to the relay, 1 to 100.", Example: "8"},
			number(&c.SMTPConnections, 1, 100)},
		{Variable{Name: "VL_MAIL_FROM", Default: "vlroles@" + unnamed, For: Worker,
			What: "The sender's address; needed where the relay is not on this machine. " +
				"Never one of Microsoft (R73).", Example: "no-reply@contoso.example"}, sender(&c.MailFrom)},
		{Variable{Name: "VL_MAIL_FROM_NAME", Default: "Volume licensing roles", For: Worker,
			What: "The sender's name.", Example: "Contoso licensing"}, line(&c.MailFromName)},
		{Variable{Name: "VL_MAIL_REPLY_TO", For: Worker,
			What: "Where answers go; to the sender by default.", Example: "licensing@contoso.example"},
			email(&c.MailReplyTo)},
		{Variable{Name: "VL_MAIL_PER_SECOND", Default: "10", For: Worker,
			What: "Mails a second of all workers together, 0.1 to 1000.", Example: "2.5"},
			rate(&c.MailPerSecond, 0.1, 1000)},
	}
}

// aboutLinks has the variables of what mails and answers point to.
func (c *Config) aboutLinks() []entry {
	return []entry{
		{Variable{Name: "VL_LINK_BASE_URL", Default: "http://127.0.0.1:8080/invitations/",
			For:     Worker | Portal,
			What:    "An invitation's link is this with the token behind it. https, except on this machine.",
			Example: "https://licensing.contoso.example/invitations/"}, webURL(&c.LinkBase, withSlash)},
		{Variable{Name: "VL_LINK_KEYS", Secret: true, For: Worker | Portal,
			What: "Needed. The keys of invitation links, id:base64,id:base64 with at least 32 bytes " +
				"each; the first signs, all verify.", Example: "k1:" + exampleKey}, linkKeys(&c.LinkKeys)},
		{Variable{Name: "VL_PORTAL_URL", Default: "http://127.0.0.1:8080/", For: Worker | Portal,
			What:    "Where mails send people who have a profile. https, except on this machine.",
			Example: "https://licensing.contoso.example/"}, webURL(&c.PortalURL, withSlash)},
		{Variable{Name: "VL_SUPPORT",
			Default: "your organization's volume licensing administrator or the help desk", For: All,
			What: "Whom to ask, as mails and answers say it.", Example: "help@contoso.example"},
			line(&c.Support)},
	}
}

// aboutTimes has the variables of how long roles and invitations take.
func (c *Config) aboutTimes() []entry {
	return []entry{
		{Variable{Name: "VL_PROPAGATION", Default: "2h", For: All,
			What: "From registration or assignment to access, 0s to 168h (R53, R60).", Example: "45m"},
			period(&c.Propagation, 0, 7*day)},
		{Variable{Name: "VL_PROCESSING", Default: "10h", For: All,
			What: "From an agreement's processing to access, 0s to 168h (R61).", Example: "12h"},
			period(&c.Processing, 0, 7*day)},
		{Variable{Name: "VL_INVITE_FOR", Default: "720h", For: All,
			What: "An invitation's time to register, 24h to 2160h (R56).", Example: "336h"},
			period(&c.InviteFor, day, 90*day)},
		{Variable{Name: "VL_REMIND_AHEAD", Default: "168h", For: All,
			What: "The reminder goes out this long before the invitation ends, " +
				"0s to 2160h; 0s sends none.", Example: "72h"}, period(&c.RemindAhead, 0, 90*day)},
		{Variable{Name: "VL_RESEND_EVERY", Default: "5m", For: All,
			What: "Time between two sendings of one invitation, 0s to 24h (R58).", Example: "15m"},
			period(&c.ResendEvery, 0, day)},
		{Variable{Name: "VL_KEEP_MAILS", Default: "4320h", For: Worker,
			What: "What a mail said and to whom is erased this long after it was sent and its invitation has " +
				"ended, 24h to 87600h (L10).", Example: "2160h"}, period(&c.KeepMails, day, 3650*day)},
		{Variable{Name: "VL_KEEP_PEOPLE", Default: "8760h", For: Worker,
			What: "Profiles that nothing needs, and people who left their tenant, are erased this long after " +
				"the last change, 24h to 87600h (L10).", Example: "4320h"},
			period(&c.KeepPeople, day, 3650*day)},
	}
}

// aboutLimits has the variables of how many mails may go out.
func (c *Config) aboutLimits() []entry {
	const most = 10_000_000
	return []entry{
		{Variable{Name: "VL_MAILS_PER_HOUR", Default: "5", For: All,
			What: "Mails to one address within an hour, 0 to 10000000; 0 is no limit (L07). What is " +
				"asked for beyond is refused, what follows from something waits.", Example: "10"},
			number(&c.MailLimits.Hourly, 0, most)},
		{Variable{Name: "VL_MAILS_PER_DAY", Default: "20", For: All,
			What:    "Mails to one address within a day, in the same way (L07).",
			Example: "50"}, number(&c.MailLimits.Daily, 0, most)},
		{Variable{Name: "VL_MAILS_PER_ADMIN", Default: "5000", For: All,
			What:    "Mails that one admin may ask for within a day, 0 to 10000000; 0 is no limit (L07).",
			Example: "20000"}, number(&c.MailLimits.Admin, 0, most)},
		{Variable{Name: "VL_MAILS_PER_ORGANIZATION", Default: "20000", For: All,
			What: "Mails that the admins of one organization may ask for within a day, 0 to 10000000; " +
				"0 is no limit (L07).", Example: "100000"},
			number(&c.MailLimits.Organization, 0, most)},
	}
}

// aboutProvisioner has the variables of the downstream system that is told of roles.
func (c *Config) aboutProvisioner() []entry {
	return []entry{
		{Variable{Name: "VL_PROVISIONER_URL", For: All,
			What: "A downstream system that is told a user's roles before they become effective; " +
				"none by default. https, except on this machine.",
			Example: "https://entitlements.contoso.example/users"}, webURL(&c.ProvisionerURL, withoutSlash)},
		{Variable{Name: "VL_PROVISIONER_KEYS", Secret: true, For: Worker,
			What: "Needed with VL_PROVISIONER_URL. The keys of those calls, " +
				"id:base64,id:base64 with at least 32 bytes each; the first signs.",
			Example: "p1:" + exampleKey}, keys(&c.ProvisionerKeys)},
		{Variable{Name: "VL_PROVISIONER_TIMEOUT", Default: "10s", For: Worker,
			What: "How long one such call may take, 100ms to 25s.", Example: "5s"},
			period(&c.ProvisionerTimeout, 100*time.Millisecond, mostProvision)},
	}
}

// aboutDirectory has the variables of the service that knows the tenants' people.
func (c *Config) aboutDirectory() []entry {
	return []entry{
		{Variable{Name: "VL_DIRECTORY_URL", For: Worker | Commands,
			What: "A SCIM 2.0 service that knows the tenants' people: " +
				"an organization's id and /Users are put behind it; none by default. https, " +
				"except on this machine.",
			Example: "https://identity.contoso.example/scim"}, webURL(&c.DirectoryURL, withoutSlash)},
		{Variable{Name: "VL_DIRECTORY_TOKEN", Secret: true, For: Worker,
			What: "The bearer token of those calls.", Example: "not-a-real-token"},
			secret(&c.DirectoryToken)},
		{Variable{Name: "VL_DIRECTORY_EVERY", Default: "1h", For: Commands,
			What: "Time between two comparisons of the directories with that service, 1m to 168h (R84); " +
				"starter migrate schedules them.", Example: "6h"},
			period(&c.DirectoryEvery, time.Minute, 7*day)},
	}
}

// aboutProcess has the variables of how a process runs.
func (c *Config) aboutProcess() []entry {
	return []entry{
		{Variable{Name: "VL_HTTP_LISTEN", Default: "127.0.0.1:8081", For: Worker,
			What: "Where the worker answers /readyz, host:port.", Example: "0.0.0.0:8081"},
			listen(&c.HTTPListen)},
		{Variable{Name: "VL_LOG_LEVEL", Default: "info", For: All,
			What: "debug, info, warn or error.", Example: "debug"}, level(&c.LogLevel)},
		{Variable{Name: "VL_LOG_FORMAT", Default: "text", For: All,
			What: "text or json.", Example: "json"}, oneOf(&c.LogFormat, "text", "json")},
		{Variable{Name: "VL_ACTIVITY_SLOTS", Default: "20", For: Worker,
			What:    "Activities that one worker runs at a time, 1 to 1000; about VL_DATABASE_CONNS.",
			Example: "40"}, number(&c.ActivitySlots, 1, 1000)},
		{Variable{Name: "VL_WORKFLOW_CACHE", Default: "2000", For: Worker,
			What: "Workflows that one worker keeps in memory (33 KiB each), 0 to 100000; " +
				"0 replays at every step.", Example: "5000"}, number(&c.WorkflowCache, 0, 100_000)},
		{Variable{Name: "VL_STOP_TIMEOUT", Default: "100s", For: Worker,
			What: "How long running activities may go on when the worker is told to stop, 95s to 1h: " +
				"a mail may take 90 s. The grace of the container must be longer.",
			Example: "2m"}, period(&c.StopTimeout, leastStop, time.Hour)},
	}
}
