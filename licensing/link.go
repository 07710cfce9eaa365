package licensing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
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

// Link says which link of an invitation it is, and so what it can do (R28).
type Link string

// OwnLink admits the addressee of the invitation alone. It is the link of every mail that did not go to an
// address on a contract.
const OwnLink Link = "own"

// ContractLink is the link of an invitation that is mailed to an address on a contract. Whoever registers by
// it may have what that contract gave, and nothing else (R28, R34). It doesn't show the address.
func ContractLink(i InvitationID, address Email) Link {
	sum := sha256.Sum256([]byte("vlroles contract link 1\x00" + string(i) + "\x00" + address.Key()))
	return Link("c" + hex.EncodeToString(sum[:10]))
}

// Ticket is what a link is for.
type Ticket struct {
	Invitation InvitationID
	Generation int
	Link       Link
}

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

// Token returns the secret part of a link. It is signed by the key with this id, or by the current key where
// that one was removed. The same input gives the same token, so a mail that is sent again has the same link.
func (k LinkKeys) Token(t Ticket, keyID string) (string, error) {
	if _, ok := k.secrets[keyID]; !ok {
		keyID = k.current
	}
	if keyID == "" {
		return "", errors.New("sign link: no key is configured")
	}
	body := keyID + "." + string(t.Invitation) + "." + strconv.Itoa(t.Generation) + "." + string(t.Link)
	return body + "." + k.sign(keyID, signsLink, body), nil
}

// Verify reads a token. It verifies only for its invitation, generation, link and key; an error says nothing
// about which part was wrong. Whether that generation is still the valid one is for [MayRegister] to say.
func (k LinkKeys) Verify(token string) (Ticket, error) {
	t, _, err := k.verify(token)
	return t, err
}

// verify returns the id of the key besides, by which the token was signed.
func (k LinkKeys) verify(token string) (t Ticket, keyID string, err error) {
	refused := Refuse(NotFound, "R28", "this link isn't valid: "+
		"open the link in your email again, or ask for a new one")
	if len(token) > 200 {
		return t, "", refused
	}
	cut := strings.LastIndexByte(token, '.')
	if cut < 0 {
		return t, "", refused
	}
	body, mac := token[:cut], token[cut+1:]
	parts := strings.Split(body, ".")
	if len(parts) != 4 || !k.signed(parts[0], signsLink, body, mac) {
		return t, "", refused
	}
	generation, err := strconv.Atoi(parts[2])
	if err != nil || generation < 1 {
		return t, "", refused
	}
	return Ticket{InvitationID(parts[1]), generation, Link(parts[3])}, parts[0], nil
}

// Accept makes a registration from the token of a link: by this request, for whom the identity provider vouches.
// Its proof holds for this invitation, generation, link, identity and request alone, and shows nothing of the
// token. Refusals are those of Verify and of [Identity.Check].
func (k LinkKeys) Accept(token string, who Identity, id RequestID) (Registration, error) {
	t, keyID, err := k.verify(token)
	if err != nil {
		return Registration{}, err
	}
	if who, err = who.Check(); err != nil {
		return Registration{}, err
	}
	r := Registration{Request: id, Invitation: t.Invitation, Generation: t.Generation, Link: t.Link, Identity: who}
	return k.prove(r, keyID), nil
}

func (k LinkKeys) prove(r Registration, keyID string) Registration {
	r.Proof = keyID + "." + k.sign(keyID, signsProof, r.proven())
	return r
}

// MayProve refuses a registration whose proof was not made with one of the keys for exactly what it says (L09).
// The step that registers asks this first: whoever can reach it some other way than by a link registers nobody.
func (k LinkKeys) MayProve(r Registration) error {
	keyID, mac, _ := strings.Cut(r.Proof, ".")
	if !k.signed(keyID, signsProof, r.proven(), mac) {
		return Refuse(Forbidden, "L09", "this registration doesn't come from a link: open the link in your email again")
	}
	return nil
}

// proven is what a proof holds for, each part with its length in front.
func (r Registration) proven() string {
	var b strings.Builder
	for _, part := range []string{string(r.Request), string(r.Invitation), strconv.Itoa(r.Generation),
		string(r.Link), string(r.Identity.Email), string(r.Identity.ObjectID), r.Identity.Issuer,
		r.Identity.Subject} {
		b.WriteString(strconv.Itoa(len(part)) + ":" + part)
	}
	return b.String()
}

// What a key signs. One signature is never taken for another.
const (
	signsLink  = "vlroles invitation link 2"
	signsProof = "vlroles registration 1"
)

func (k LinkKeys) sign(keyID, what, body string) string {
	m := hmac.New(sha256.New, k.secrets[keyID].bytes)
	m.Write([]byte(what + "\x00" + body)) //nolint:errcheck // a hash's Write never fails
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// signed says whether the key with this id has signed the body.
func (k LinkKeys) signed(keyID, what, body, mac string) bool {
	if _, ok := k.secrets[keyID]; !ok {
		return false
	}
	return hmac.Equal([]byte(mac), []byte(k.sign(keyID, what, body)))
}
