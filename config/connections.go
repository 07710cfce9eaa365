package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// Connection is a way to another machine, by the name that VL_ALLOW_UNVERIFIED has for it.
type Connection string

// The connections that hold to the rule of VL_ALLOW_UNVERIFIED.
const (
	ConnectionDatabase Connection = "database"
	ConnectionTemporal Connection = "temporal"
	ConnectionSMTP     Connection = "smtp"
)

// connection says how far a connection goes and how it is secured.
type connection struct {
	name     Connection
	about    []string // the variables that say so; the first is the one to correct
	near     bool     // it stays on this machine
	verified bool     // TLS proves who answers, or there is no connection
	write    string   // what makes it so
}

// connections are all that the rule holds for: a connection to another machine is verified by TLS, unless
// VL_ALLOW_UNVERIFIED names it. The name permits a weaker choice and makes none: the defaults stay verified.
func (c *Config) connections() []connection {
	database, onDisk := c.driver()
	return []connection{
		{ConnectionDatabase, []string{"VL_DATABASE_URL"},
			onDisk || staysHere(database), database.SSLMode == pq.SSLModeVerifyFull,
			"write sslmode=verify-full into the address, with sslrootcert=FILE for a private authority"},
		{ConnectionTemporal, []string{"TEMPORAL_TLS", "TEMPORAL_ADDRESS"},
			c.temporalIsNear(), c.TemporalTLS, "write true, with TEMPORAL_TLS_CA for a private authority"},
		{ConnectionSMTP, []string{"VL_SMTP_TLS", "VL_SMTP_HOST"},
			isLoopback(c.SMTPHost), c.SMTPTLS.verified(),
			"write mandatory or implicit, with VL_SMTP_CA for a private authority"},
	}
}

// rule is the connection's.
func (n connection) rule(permitted []Connection) rule {
	says := fmt.Sprintf("a connection to another machine must be verified by TLS: %s; "+
		"only VL_ALLOW_UNVERIFIED=%s lifts this", n.write, n.name)
	broken := !n.near && !n.verified && !slices.Contains(permitted, n.name)
	return rule{append(n.about, "VL_ALLOW_UNVERIFIED"), broken, says}
}

// secure fills in what was left open about TLS.
func (l *loader) secure(c *Config) {
	database, onDisk := c.driver()
	if !onDisk && !staysHere(database) && database.SSLMode == "" {
		c.Database = NewSecret(withParameter(c.Database.Reveal(), "sslmode="+string(pq.SSLModeVerifyFull)))
	}
	if !l.given["TEMPORAL_TLS"] {
		files := c.TemporalCA + c.TemporalCert + c.TemporalKey
		c.TemporalTLS = !c.temporalIsNear() || !c.TemporalAPIKey.Empty() || files != ""
	}
	switch {
	case c.SMTPTLS != "":
	case c.SMTPPort == portImplicit:
		c.SMTPTLS = TLSImplicit
	case isLoopback(c.SMTPHost) && c.SMTPCA == "":
		c.SMTPTLS = TLSNone
	default:
		c.SMTPTLS = TLSMandatory
	}
}

func (c *Config) temporalIsNear() bool {
	host, _, _ := net.SplitHostPort(c.TemporalAddress) // read as host:port already
	return isLoopback(host)
}

// verified says whether the mode holds against somebody who answers in the relay's place.
func (m TLSMode) verified() bool { return m == TLSMandatory || m == TLSImplicit }

// driver is the database's address as the driver understands it, with what PG… variables and a service file
// add: no reading of ours can differ from what is connected to. onDisk says that it is a file.
func (c *Config) driver() (as pq.Config, onDisk bool) {
	address := c.Database.Reveal()
	if strings.HasPrefix(address, "sqlite:") {
		return as, true
	}
	as, err := pq.NewConfig(address)
	if err != nil {
		return pq.Config{}, false // reported already
	}
	return as, false
}

// staysHere says whether every host of the address is this machine, by its name and by its number.
func staysHere(c pq.Config) bool {
	return isHere(c.Host, c.Hostaddr) && !slices.ContainsFunc(c.Multi, func(m pq.ConfigMultihost) bool {
		return !isHere(m.Host, m.Hostaddr)
	})
}

// isHere judges one host, which may be the folder of a Unix socket.
func isHere(host string, number netip.Addr) bool {
	if number.IsValid() && !number.Unmap().IsLoopback() {
		return false
	}
	return isLoopback(host) || filepath.IsAbs(host) || strings.HasPrefix(host, "@")
}

// withParameter puts name=value in front of an address's parameters: of two with the same name the driver
// takes the first.
func withParameter(address, parameter string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	if u.RawQuery != "" {
		parameter += "&" + u.RawQuery
	}
	u.RawQuery = parameter
	return u.String()
}
