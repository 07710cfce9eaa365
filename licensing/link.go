package licensing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// LinkKeys holds the keys that sign invitation links. The first key signs, and all of them verify. To rotate,
// put a new key first, and remove the old one when the last invitation that it signed has ended (at most
// [Policy.InviteMax]).
type LinkKeys struct {
	current string
	secrets map[string]*secret // by key id; behind a pointer, so that printing the map shows no secret
}

type secret struct{ bytes []byte }

// ParseLinkKeys reads "id:base64,id:base64": ids of 1 to 16 letters and digits, secrets of at least 32 bytes.
// Errors name the key's place or id, never the secret.
func ParseLinkKeys(s string) (LinkKeys, error) {
	k := LinkKeys{secrets: map[string]*secret{}}
	for n, part := range strings.Split(s, ",") {
		id, enc, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok || !isKeyID(id) {
			return LinkKeys{},
				fmt.Errorf("link key %d: want id:base64 with an id of 1 to 16 letters and digits", n+1)
		}
		raw, err := base64.StdEncoding.DecodeString(enc)
		if err != nil {
			return LinkKeys{}, fmt.Errorf("link key %q: the secret is not base64", id)
		}
		if len(raw) < 32 {
			return LinkKeys{}, fmt.Errorf("link key %q: the secret has %d bytes, at least 32 are needed", id,
				len(raw))
		}
		if _, twice := k.secrets[id]; twice {
			return LinkKeys{}, fmt.Errorf("link key %q is given twice", id)
		}
		if k.current == "" {
			k.current = id
		}
		k.secrets[id] = &secret{raw}
	}
	return k, nil
}

func isKeyID(s string) bool {
	if s == "" || len(s) > 16 {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// Current returns the id of the key that signs new links.
func (k LinkKeys) Current() string { return k.current }

// String, LogValue and GoString keep the secrets out of logs.
func (k LinkKeys) String() string {
	return fmt.Sprintf("%d link keys, current %q", len(k.secrets), k.current)
}
func (k LinkKeys) GoString() string     { return k.String() }
func (k LinkKeys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Token returns the secret part of an invitation's link. It is signed by the key with this id, or by the
// current key where that one was removed. The same input gives the same token, so a mail that is sent again
// has the same link.
func (k LinkKeys) Token(i InvitationID, generation int, keyID string) (string, error) {
	if _, ok := k.secrets[keyID]; !ok {
		keyID = k.current
	}
	if keyID == "" {
		return "", errors.New("sign link: no key is configured")
	}
	body := keyID + "." + string(i) + "." + strconv.Itoa(generation)
	return body + "." + k.sign(keyID, body), nil
}

// Verify reads a token. It verifies only for its invitation, generation and key; an error says nothing about
// which part was wrong. Whether that generation is still the valid one is for [MayRegister] to say.
func (k LinkKeys) Verify(token string) (InvitationID, int, error) {
	refused := Refuse(NotFound, "R28", "this link isn't valid: "+
		"open the link in your email again, or ask for a new one")
	if len(token) > 200 {
		return "", 0, refused
	}
	cut := strings.LastIndexByte(token, '.')
	if cut < 0 {
		return "", 0, refused
	}
	body, mac := token[:cut], token[cut+1:]
	parts := strings.Split(body, ".")
	if len(parts) != 3 {
		return "", 0, refused
	}
	if _, ok := k.secrets[parts[0]]; !ok {
		return "", 0, refused
	}
	if !hmac.Equal([]byte(mac), []byte(k.sign(parts[0], body))) {
		return "", 0, refused
	}
	generation, err := strconv.Atoi(parts[2])
	if err != nil || generation < 1 {
		return "", 0, refused
	}
	return InvitationID(parts[1]), generation, nil
}

func (k LinkKeys) sign(keyID, body string) string {
	m := hmac.New(sha256.New, k.secrets[keyID].bytes)
	m.Write([]byte("vlroles invitation link 1\x00" + body)) //nolint:errcheck // a hash's Write never fails
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
