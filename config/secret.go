package config

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a value that no log, error or dump shows: every way of printing or encoding it writes
// "[redacted]", and only [Secret.Reveal] gives the value. The zero Secret is empty.
//
// The value stands behind a pointer, because fmt prints the unexported fields of a foreign struct without
// asking their methods: there it finds an address.
type Secret struct{ value *string }

// NewSecret hides a value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns the value. Call it where the value is used, not where it is passed on.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty says whether there is no value.
func (s Secret) Empty() bool { return s.value == nil }

// String returns "[redacted]", or "" where there is nothing to hide, so that a missing secret can be seen.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return redacted
}

// Format writes [Secret.String] for every verb; fmt keeps the error itself.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// GoString, LogValue and MarshalText write [Secret.String]; encoding/json uses MarshalText.
func (s Secret) GoString() string             { return s.String() }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(s.String()) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
