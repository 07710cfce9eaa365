package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/lib/pq"

	"vlroles/licensing"
)

// Each reader sets its field or returns the rule that the value breaks. None repeats the value.

func secret(to *Secret) func(string) error {
	return func(s string) error {
		if strings.ContainsFunc(s, unicode.IsControl) {
			return errors.New("has a line break or another control character")
		}
		*to = NewSecret(s)
		return nil
	}
}

func database(to *Secret) func(string) error {
	return func(s string) error {
		if path, ok := strings.CutPrefix(s, "sqlite:"); ok {
			if path == "" || strings.ContainsRune(path, 0) {
				return errors.New("want sqlite: and the path of a file")
			}
			*to = NewSecret(s)
			return nil
		}
		if !strings.HasPrefix(s, "postgres://") && !strings.HasPrefix(s, "postgresql://") {
			return errors.New("want postgres://… or sqlite:path")
		}
		if _, err := url.Parse(s); err != nil {
			return errors.New("is no postgres:// address that can be read; " +
				"escape special characters of the password, such as %40 for @")
		}
		if _, err := pq.NewConfig(s); err != nil { // which may repeat the password
			return errors.New("has a parameter that the driver doesn't take, " +
				"or a PG… variable has such a value; " +
				"sslmode is verify-full, verify-ca, require, prefer, allow or disable")
		}
		*to = NewSecret(s)
		return nil
	}
}

func number(to *int, least, most int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return fmt.Errorf("want a whole number from %d to %d", least, most)
		}
		*to = n
		return nil
	}
}

func rate(to *float64, least, most float64) func(string) error {
	return func(s string) error {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= least && f <= most) { // NaN is in no range
			return fmt.Errorf("want a number from %g to %g", least, most)
		}
		*to = f
		return nil
	}
}

func flag(to *bool) func(string) error {
	return func(s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("want true or false")
		}
		*to = b
		return nil
	}
}

func period(to *time.Duration, least, most time.Duration) func(string) error {
	return func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			return fmt.Errorf("want a duration from %s to %s, such as 90s, 45m or 720h", short(least),
				short(most))
		}
		*to = d
		return nil
	}
}

// short writes a duration as people configure it: "24h" where Go says "24h0m0s".
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func oneOf[T ~string](to *T, valid ...T) func(string) error {
	return func(s string) error {
		names := make([]string, len(valid))
		for i, v := range valid {
			if s == string(v) {
				*to = v
				return nil
			}
			names[i] = string(v)
		}
		return errors.New("want one of " + strings.Join(names, ", "))
	}
}

// some reads a list of names, separated by commas.
func some[T ~string](to *[]T, valid ...T) func(string) error {
	return func(s string) error {
		var all []T
		for part := range strings.SplitSeq(s, ",") {
			var one T
			if err := oneOf(&one, valid...)(strings.TrimSpace(part)); err != nil {
				return fmt.Errorf("%w, or several of them with commas between", err)
			}
			all = append(all, one)
		}
		*to = all
		return nil
	}
}

func level(to *slog.Level) func(string) error {
	return func(s string) error {
		var name string
		if err := oneOf(&name, "debug", "info", "warn", "error")(strings.ToLower(s)); err != nil {
			return err
		}
		return to.UnmarshalText([]byte(name))
	}
}

// line reads text for people: one line, nothing that reorders text.
func line(to *string) func(string) error {
	return func(s string) error {
		if licensing.CleanName(s) != s {
			return fmt.Errorf("want one line of at most %d characters, without blanks at its ends",
				licensing.MaxName)
		}
		*to = s
		return nil
	}
}

// path reads the name of a file; whether it is there is for its reader to say.
func path(to *string) func(string) error {
	return func(s string) error {
		if strings.ContainsFunc(s, unicode.IsControl) {
			return errors.New("want the path of a file, without control characters")
		}
		*to = s
		return nil
	}
}

// word reads a name without blanks.
func word(to *string) func(string) error {
	return func(s string) error {
		if len(s) > 255 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return errors.New("want a name of at most 255 ASCII characters without blanks")
		}
		*to = s
		return nil
	}
}

func email(to *licensing.Email) func(string) error {
	return func(s string) error {
		e, err := licensing.ParseEmail(s)
		if err != nil {
			return err
		}
		*to = e
		return nil
	}
}

func sender(to *licensing.Email) func(string) error {
	return func(s string) error {
		var e licensing.Email
		if err := email(&e)(s); err != nil {
			return err
		}
		if d := e.Domain(); d == "microsoft.com" || strings.HasSuffix(d, ".microsoft.com") {
			return errors.New(
				"must not be an address of microsoft.com: this product never sends as Microsoft (R73)")
		}
		*to = e
		return nil
	}
}

var errExample = errors.New("is the key of the documentation: make your own, `openssl rand -base64 32`")

func linkKeys(to *licensing.LinkKeys) func(string) error {
	return func(s string) error {
		k, err := licensing.ParseLinkKeys(s)
		if err != nil {
			return err
		}
		if strings.Contains(s, exampleKey) {
			return errExample
		}
		*to = k
		return nil
	}
}

// keys reads the format of link keys for another purpose.
func keys(to *[]Key) func(string) error {
	return func(s string) error {
		if _, err := licensing.ParseLinkKeys(s); err != nil {
			return errors.New(strings.TrimPrefix(err.Error(), "link "))
		}
		if strings.Contains(s, exampleKey) {
			return errExample
		}
		var all []Key
		for part := range strings.SplitSeq(s, ",") {
			id, enc, _ := strings.Cut(strings.TrimSpace(part), ":")
			raw, err := base64.StdEncoding.DecodeString(enc)
			if err != nil {
				return fmt.Errorf("key %q: the secret is not base64", id)
			}
			all = append(all, Key{ID: id, Secret: NewSecret(string(raw))})
		}
		*to = all
		return nil
	}
}

func host(to *string) func(string) error {
	return func(s string) error {
		if !isHost(s) {
			return errors.New("want a host name or an IP address, without a port")
		}
		*to = s
		return nil
	}
}

func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return s != "" && len(s) <= 253 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' &&
			r != '.' && r != '_'
	})
}

func address(to *string) func(string) error {
	return func(s string) error {
		h, p, err := net.SplitHostPort(s)
		if err != nil || !isHost(h) || !isPort(p, 1) {
			return errors.New("want host:port, such as 127.0.0.1:7233")
		}
		*to = s
		return nil
	}
}

// listen is address where the host may be empty (every interface) and the port 0 (a free one).
func listen(to *string) func(string) error {
	return func(s string) error {
		h, p, err := net.SplitHostPort(s)
		if err != nil || h != "" && !isHost(h) || !isPort(p, 0) {
			return errors.New("want host:port, such as 0.0.0.0:8081")
		}
		*to = s
		return nil
	}
}

func isPort(s string, least uint64) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n >= least
}

// isLoopback says whether a host is this machine. A name below localhost isn't: a name server may answer
// for it.
func isLoopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	return strings.TrimSuffix(strings.ToLower(host), ".") == "localhost"
}

const (
	withSlash    = "/"
	withoutSlash = ""
)

// webURL reads a base URL that something is put behind; it gets or loses its last slash.
func webURL(to *string, end string) func(string) error {
	return func(s string) error {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || !isHost(u.Hostname()) ||
			u.Port() != "" && !isPort(u.Port(), 1) {
			return errors.New("want a URL such as https://licensing.contoso.example/")
		}
		if u.User != nil || strings.ContainsAny(s, "?#") {
			return errors.New("must have no user, query or fragment: something is put behind it")
		}
		if u.Scheme == "http" && !isLoopback(u.Hostname()) {
			return errors.New("must be https, except on this machine (127.0.0.1, [::1], localhost)")
		}
		*to = strings.TrimRight(u.String(), "/") + end
		return nil
	}
}
