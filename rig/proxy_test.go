package rig

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// echo is a server that says each line again.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	return l.Addr().String()
}

func TestAProxyHandsOnDelaysSwallowsAndCuts(t *testing.T) {
	p, err := StartProxy(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lines := bufio.NewReader(c)
	says := func(within time.Duration) error {
		_, _ = fmt.Fprintln(c, "hello")
		_ = c.SetReadDeadline(time.Now().Add(within))
		_, err := lines.ReadString('\n')
		return err
	}
	if err := says(5 * time.Second); err != nil {
		t.Fatal("it hands nothing on: ", err)
	}
	p.Delay(200 * time.Millisecond)
	begun := time.Now()
	if err := says(5 * time.Second); err != nil || time.Since(begun) < 400*time.Millisecond {
		t.Fatalf("delayed both ways by 200 ms it took %s, %v", time.Since(begun), err)
	}
	p.Delay(0)
	end := p.Blackhole()
	if says(300*time.Millisecond) == nil {
		t.Fatal("the black hole answers")
	}
	end()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal("what the black hole took was lost: ", err)
	}
	p.Cut()
	if err := says(5 * time.Second); err == nil {
		t.Fatal("it was not cut")
	}
}
