package rig

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Proxy stands between a client and a server, both on this machine, and can be as bad as a network: it cuts
// connections, delays what goes through, or takes everything and hands on nothing.
type Proxy struct {
	target string
	listen net.Listener
	mu     sync.Mutex
	open   map[net.Conn]bool
	delay  time.Duration
	hole   chan struct{} // closed when the black hole ends; nil: there is none
}

// StartProxy listens on a free port and hands everything on to the target, a host:port.
func StartProxy(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the proxy: %w", err)
	}
	p := &Proxy{target: target, listen: l, open: map[net.Conn]bool{}}
	go p.serve()
	return p, nil
}

// Addr is where clients connect, as host:port.
func (p *Proxy) Addr() string { return p.listen.Addr().String() }

// Port is where clients connect on 127.0.0.1.
func (p *Proxy) Port() int { return p.listen.Addr().(*net.TCPAddr).Port }

// Cut closes every connection that is open now, on both sides.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close() // whoever reads it hears of it
	}
}

// Delay has each piece of data wait for so long from now on.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Blackhole hands nothing on, in new connections and in old ones, until the returned function is called.
func (p *Proxy) Blackhole() (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hole == nil {
		p.hole = make(chan struct{})
	}
	hole := p.hole
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.hole == hole {
			close(hole)
			p.hole = nil
		}
	})
}

// Close stops listening and cuts what is open.
func (p *Proxy) Close() error {
	err := p.listen.Close()
	p.Cut()
	return err
}

func (p *Proxy) serve() {
	for {
		c, err := p.listen.Accept()
		if err != nil {
			return // closed
		}
		go p.carry(c)
	}
}

// carry connects a client to the target until one of them ends.
func (p *Proxy) carry(client net.Conn) {
	defer client.Close() //nolint:errcheck // its end is all there is to tell
	p.bad()
	server, err := net.DialTimeout("tcp", p.target, 5*time.Second)
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // its end is all there is to tell
	p.note(true, client, server)
	defer p.note(false, client, server)
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client) })
	both.Go(func() { p.copy(client, server) })
	both.Wait()
}

func (p *Proxy) note(open bool, both ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range both {
		if open {
			p.open[c] = true
		} else {
			delete(p.open, c)
		}
	}
}

// copy hands on what one side says until it ends, and then ends the other side, too.
func (p *Proxy) copy(to, from net.Conn) {
	defer to.Close() //nolint:errcheck // its end is all there is to tell
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			p.bad()
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				_ = from.Close() // it is broken
			}
			return
		}
	}
}

// bad waits as the network makes everybody wait now.
func (p *Proxy) bad() {
	p.mu.Lock()
	delay, hole := p.delay, p.hole
	p.mu.Unlock()
	time.Sleep(delay)
	if hole != nil {
		<-hole
	}
}
