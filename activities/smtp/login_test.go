package smtp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net"
	"slices"
	"strings"
	"testing"

	"vlroles/activities"
)

// secret is the password, and the token, that the scripted server admits.
const secret = "secret"

// login is one conversation of AUTH.
type login struct {
	server *server
	conn   net.Conn
	lines  *bufio.Reader
	gone   bool
}

// ask sends a challenge and returns the client's answer.
func (l *login) ask(challenge string) string {
	if l.gone = l.gone || !l.server.reply(l.conn, "334 "+base64Of(challenge)); l.gone {
		return ""
	}
	line, err := l.lines.ReadString('\n')
	answer, wrong := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
	l.gone = err != nil || wrong != nil
	return string(answer)
}

// admit talks with a client that logs in, as AUTH and its words ask, and returns the answer that it has
// earned.
func (v *server) admit(c net.Conn, lines *bufio.Reader, words []string) (answer string, goesOn bool) {
	l := &login{server: v, conn: c, lines: lines}
	initial := ""
	if len(words) > 2 {
		raw, err := base64.StdEncoding.DecodeString(words[2])
		if err != nil {
			return "501 5.5.2 what?", true
		}
		initial = string(raw)
	}
	v.mu.Lock()
	v.begun = append(v.begun, words[1])
	v.mu.Unlock()
	if l.knows(words[1], initial) {
		return "235 2.7.0 welcome", !l.gone
	}
	return "535 5.7.8 wrong", !l.gone
}

func (l *login) knows(mechanism, initial string) bool {
	switch mechanism {
	case "PLAIN":
		return initial[strings.LastIndex(initial, "\x00")+1:] == secret
	case "LOGIN":
		return l.ask("Username:") != "" && l.ask("Password:") == secret
	case "CRAM-MD5":
		h := hmac.New(md5.New, []byte(secret))
		h.Write([]byte("<1@relay.example>"))
		return strings.HasSuffix(l.ask("<1@relay.example>"), " "+hex.EncodeToString(h.Sum(nil)))
	case "XOAUTH2":
		return strings.HasSuffix(initial, "\x01auth=Bearer "+secret+"\x01\x01")
	case "SCRAM-SHA-1":
		return l.scram(sha1.New)
	case "SCRAM-SHA-256":
		return l.scram(sha256.New)
	}
	return false
}

// scram is the server's part of RFC 5802.
func (l *login) scram(h func() hash.Hash) bool {
	first := strings.TrimPrefix(l.ask(""), "n,,")
	_, nonce, _ := strings.Cut(first, ",r=")
	challenge := "r=" + nonce + "server,s=" + base64Of("salt") + ",i=4096"
	final, proof, _ := strings.Cut(l.ask(challenge), ",p=")
	salted, err := pbkdf2.Key(h, secret, []byte("salt"), 4096, h().Size())
	if err != nil || l.gone {
		return false
	}
	keyed := func(key []byte, text string) []byte {
		m := hmac.New(h, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	clientKey := keyed(salted, "Client Key")
	stored := h()
	stored.Write(clientKey)
	talk := first + "," + challenge + "," + final
	want := keyed(stored.Sum(nil), talk)
	for n := range want {
		want[n] ^= clientKey[n]
	}
	got, err := base64.StdEncoding.DecodeString(proof)
	if err != nil || !bytes.Equal(got, want) {
		return false
	}
	l.ask("v=" + base64.StdEncoding.EncodeToString(keyed(keyed(salted, "Server Key"), talk)))
	return true
}

func TestSMTPARelayThatOffersOneMechanismAloneIsLoggedInTo(t *testing.T) {
	for _, name := range []string{"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"} {
		for _, password := range []string{secret, "wrong"} {
			t.Run(fmt.Sprintf("%s with the password %s", name, password), func(t *testing.T) {
				v := newServer(t, script{}, func(v *server) { v.login = name })
				s := relay(t, v, func(c *Config) {
					c.User, c.Password, c.Auth = "vl", Password(password), name
				})
				a, err := s.Send(context.Background(), letter("m1"))
				want := activities.Delivered
				if password != secret {
					want = activities.Misconfigured
				}
				if a.Verdict != want {
					t.Errorf("got %+v, %v", a, err)
				}
			})
		}
	}
}

func TestSMTPTheLoginIsTheOneThatIsNamedOrElseTheBest(t *testing.T) {
	for _, row := range []struct {
		name, offered, named string
		begun                []string
		verdict              activities.Verdict
	}{
		{"the best of all", "CRAM-MD5 LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256", "", []string{"SCRAM-SHA-256"},
			activities.Delivered},
		{"the best of two", "LOGIN PLAIN", "", []string{"PLAIN"}, activities.Delivered},
		{"the one that is named, though better is offered", "SCRAM-SHA-256 PLAIN LOGIN", "LOGIN",
			[]string{"LOGIN"}, activities.Delivered},
		{"one that isn't offered, and no other instead", "PLAIN LOGIN", "SCRAM-SHA-256", nil,
			activities.Misconfigured},
		{"a token is never taken for a password", "XOAUTH2", "", nil, activities.Misconfigured},
		{"no token where a password is named", "PLAIN", "XOAUTH2", nil, activities.Misconfigured},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := newServer(t, script{}, func(v *server) { v.login = row.offered })
			s := relay(t, v, func(c *Config) { c.User, c.Password, c.Auth = "vl", secret, row.named })
			a, err := s.Send(context.Background(), letter("m1"))
			if a.Verdict != row.verdict {
				t.Errorf("got %+v, %v", a, err)
			}
			v.mu.Lock()
			defer v.mu.Unlock()
			if !slices.Equal(v.begun, row.begun) {
				t.Errorf("begun were %q, want %q", v.begun, row.begun)
			}
		})
	}
}

func TestSMTPAMechanismThatNobodyKnowsIsAFaultOfTheConfiguration(t *testing.T) {
	c := Config{
		Host: "127.0.0.1", Port: 25, TLS: "none", From: "vl@contoso.example",
		User: "vl", Password: secret, Auth: "NTLM",
	}
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "mechanism") {
		t.Errorf("got %v", err)
	}
}
