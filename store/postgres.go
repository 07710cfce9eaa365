package store

import (
	"context"
	"database/sql/driver"
	"net"
	"sync"
	"time"

	"github.com/lib/pq"
)

// loginPatience is how long PostgreSQL may take to let us in, unless the address says so (connect_timeout).
const loginPatience = 10 * time.Second

// connector opens connections to PostgreSQL. The driver looks at the context while it dials and not while it
// logs in: a server that accepts and says nothing would hold the caller for ever.
type connector struct{ *pq.Connector }

// loginConfig reads an address.
func loginConfig(address string) (pq.Config, error) {
	c, err := pq.NewConfig(address)
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = loginPatience
	}
	return c, err
}

func newConnector(address string) (driver.Connector, error) {
	c, err := loginConfig(address)
	if err != nil {
		return nil, err
	}
	made, err := pq.NewConnectorConfig(c)
	if err != nil {
		return nil, err
	}
	made.Dialer(dialer{&net.Dialer{}})
	return connector{made}, nil
}

// Connect opens one connection. It returns when ctx ends, at the latest.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	l := &login{ctx: ctx}
	defer l.over()
	conn, err := c.Connector.Connect(context.WithValue(ctx, loginKey{}, l))
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return conn, err
}

type loginKey struct{}

// login is one attempt to log in, perhaps at several hosts. Its connections end with its context.
type login struct {
	ctx  context.Context
	mu   sync.Mutex
	stop []func() bool
}

func (l *login) watch(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop = append(l.stop, context.AfterFunc(l.ctx, func() { _ = conn.Close() })) // the login fails by it
}

func (l *login) over() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, stop := range l.stop {
		stop()
	}
}

// dialer dials for the driver, and hands the connection of a login to it.
type dialer struct{ *net.Dialer }

// DialTimeout is for a driver that has no context.
func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return net.DialTimeout(network, address, timeout)
}

// DialContext dials. The driver's ctx ends with the dialling, the login's with the login.
func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if l, ok := ctx.Value(loginKey{}).(*login); ok {
		l.watch(conn)
	}
	return conn, nil
}
