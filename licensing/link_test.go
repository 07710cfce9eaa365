package licensing

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const invitationA InvitationID = "7b0c3f5e-8f43-4f6a-9d0c-2a57c0f3b111"

// secretOf makes a secret of n bytes that is b all over, in base64.
func secretOf(b byte, n int) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, n))
}

// ring reads a ring of keys or fails the test.
func ring(t interface {
	Helper()
	Fatalf(string, ...any)
}, s string) LinkKeys {
	t.Helper()
	k, err := ParseLinkKeys(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return k
}

// token signs or fails the test.
func token(t interface {
	Helper()
	Fatalf(string, ...any)
}, k LinkKeys, i InvitationID, generation int, key string) string {
	t.Helper()
	s, err := k.Token(Ticket{i, generation, OwnLink}, key)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return s
}

func TestR28_R58_ALinkVerifiesOnlyForItsInvitationGenerationAndKey(t *testing.T) {
	k := ring(t, "k1:"+secretOf(1, 32))
	good := token(t, k, invitationA, 3, "k1")
	if got, err := k.Verify(good); got != (Ticket{invitationA, 3, OwnLink}) || err != nil {
		t.Fatalf("got %+v, %v", got, err)
	}
	if again := token(t, k, invitationA, 3, "k1"); again != good {
		t.Error("R58: a mail that is sent again holds another link")
	}
	part := strings.Split(good, ".")
	mac := part[4]
	for name, s := range map[string]string{
		"nothing is refused":                         "",
		"a link without a signature is refused":      strings.Join(part[:4], "."),
		"an empty signature is refused":              strings.Join(part[:4], ".") + ".",
		"another generation is refused":              "k1." + string(invitationA) + ".4.own." + mac,
		"another invitation is refused":              "k1.7b0c3f5e-8f43-4f6a-9d0c-2a57c0f3b112.3.own." + mac,
		"another key's name is refused":              "k2." + string(invitationA) + ".3.own." + mac,
		"a generation of the same value is refused":  "k1." + string(invitationA) + ".03.own." + mac,
		"another link of the invitation is refused":  "k1." + string(invitationA) + ".3.c0." + mac,
		"padding is refused":                         good + "=",
		"a blank behind it is refused":               good + " ",
		"a part more is refused":                     good + ".x",
		"a very long one is refused":                 good + strings.Repeat("a", 200),
		"generation 0 is refused, signed or not":     token(t, k, invitationA, 0, "k1"),
		"an id with a dot is refused, signed or not": token(t, k, "a.b", 1, "k1"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := k.Verify(s)
			e := refusal(t, err, NotFound, "R28")
			if got != (Ticket{}) || s != "" && strings.Contains(e.Error(), s) {
				t.Errorf("the refusal tells: %+v, %v", got, e)
			}
		})
	}
}

func TestR58_EachByteOfALinkCounts(t *testing.T) {
	k := ring(t, "k1:"+secretOf(1, 32)+",K1:"+secretOf(1, 32))
	good := token(t, k, invitationA, 3, "k1")
	for at := range len(good) {
		for _, flip := range []byte{1, 2, 0x20, 0x80} { // 0x20 changes the case of a letter
			b := []byte(good)
			b[at] ^= flip
			if _, err := k.Verify(string(b)); err == nil {
				t.Errorf("byte %d changed by %#x: %s verifies", at, flip, b)
			}
		}
	}
}

func TestR58_KeysRotate(t *testing.T) {
	before := ring(t, "old:"+secretOf(1, 32))
	both := ring(t, "new:"+secretOf(2, 32)+", old:"+secretOf(1, 32))
	after := ring(t, "new:"+secretOf(2, 32))
	forged := ring(t, "old:"+secretOf(3, 32))
	link := token(t, before, invitationA, 1, "old")
	t.Run("the first key signs", func(t *testing.T) {
		if both.Current() != "new" {
			t.Errorf("%q signs", both.Current())
		}
	})
	t.Run("an old link works while its key is in the ring", func(t *testing.T) {
		if _, err := both.Verify(link); err != nil {
			t.Error(err)
		}
	})
	t.Run("it is the same when it is sent again", func(t *testing.T) {
		if token(t, both, invitationA, 1, "old") != link {
			t.Error("another link")
		}
	})
	t.Run("it is dead once its key is dropped", func(t *testing.T) {
		_, err := after.Verify(link)
		refusal(t, err, NotFound, "R28")
	})
	t.Run("a mail that is sent again then has a link of the current key", func(t *testing.T) {
		if s := token(t, after, invitationA, 1, "old"); !strings.HasPrefix(s, "new.") {
			t.Error(s)
		}
	})
	t.Run("a key of the same name with another secret signs nothing that verifies", func(t *testing.T) {
		_, err := both.Verify(token(t, forged, invitationA, 1, "old"))
		refusal(t, err, NotFound, "R28")
	})
	t.Run("without keys nothing is signed and nothing verifies", func(t *testing.T) {
		var none LinkKeys
		if s, err := none.Token(Ticket{invitationA, 1, OwnLink}, ""); err == nil {
			t.Errorf("signed %q", s)
		}
		_, err := none.Verify(link)
		refusal(t, err, NotFound, "R28")
	})
}

func TestL09_ARegistrationIsProvenForExactlyWhatItSays(t *testing.T) {
	k := ring(t, "new:"+secretOf(2, 32)+",k1:"+secretOf(1, 32))
	link := token(t, k, invitationA, 3, "k1")
	who := Identity{Email: "ada@contoso.example", ObjectID: "o-1", Issuer: "https://id.example", Subject: "s-1"}
	good, err := k.Accept(link, who, "r-1")
	if err != nil || k.MayProve(good) != nil {
		t.Fatalf("%+v, %v", good, err)
	}
	if strings.Contains(fmt.Sprintf("%+v", good), link[strings.LastIndexByte(link, '.')+1:]) {
		t.Error("the registration holds what makes the link secret")
	}
	if err := ring(t, "k1:"+secretOf(1, 32)).MayProve(good); err != nil {
		t.Errorf("the key of the link alone doesn't verify it: %v", err)
	}
	for name, change := range map[string]func(*Registration){
		"no proof":           func(r *Registration) { r.Proof = "" },
		"a key alone":        func(r *Registration) { r.Proof = "k1" },
		"the link's MAC":     func(r *Registration) { r.Proof = "k1." + link[strings.LastIndexByte(link, '.')+1:] },
		"an unknown key":     func(r *Registration) { r.Proof = "k2" + r.Proof[2:] },
		"another request":    func(r *Registration) { r.Request = "r-2" },
		"another invitation": func(r *Registration) { r.Invitation = "i" },
		"another generation": func(r *Registration) { r.Generation = 4 },
		"another link":       func(r *Registration) { r.Link = "c0" },
		"another address":    func(r *Registration) { r.Identity.Email = "eve@contoso.example" },
		"another object id":  func(r *Registration) { r.Identity.ObjectID = "o-2" },
		"another issuer":     func(r *Registration) { r.Identity.Issuer = "https://evil.example" },
		"another subject":    func(r *Registration) { r.Identity.Subject = "s-2" },
		"a byte that moves": func(r *Registration) {
			r.Identity.Issuer, r.Identity.Subject = "https://id.examples",
				"-1"
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			change(&r)
			refusal(t, k.MayProve(r), Forbidden, "L09")
			refusal(t, LinkKeys{}.MayProve(r), Forbidden, "L09")
		})
	}
	if _, err := k.Accept(link+"x", who, "r-1"); KindOf(err) != NotFound {
		t.Errorf("a link that is none: %v", err)
	}
	if _, err := k.Accept(link, Identity{Email: "ada"}, "r-1"); KindOf(err) != Invalid {
		t.Errorf("an identity that is none: %v", err)
	}
}

func TestR28_ALinkOfAContractSaysToWhichAddressItWentWithoutShowingIt(t *testing.T) {
	l := ContractLink(invitationA, "Office@contoso.example")
	if l == OwnLink || l != ContractLink(invitationA, "office@contoso.example") {
		t.Errorf("%s", l)
	}
	if l == ContractLink(invitationA, "other@contoso.example") || l == ContractLink("i", "office@contoso.example") ||
		strings.Contains(string(l), "office") {
		t.Errorf("%s", l)
	}
}

func TestLinkKeysAreReadWithCare(t *testing.T) {
	good := secretOf(7, 32)
	for _, c := range []struct{ name, in, has string }{
		{"nothing is no ring", "", "link key 1: want id:base64"},
		{"a key without an id is refused", good, "link key 1: want id:base64"},
		{"an empty id is refused", ":" + good, "link key 1: want id:base64"},
		{"an id with a dot is refused", "a.b:" + good, "link key 1: want id:base64"},
		{"an id of 17 characters is refused", strings.Repeat("a", 17) + ":" + good,
			"link key 1: want id:base64"},
		{"an id outside ASCII is refused", "\u212a1:" + good, "link key 1: want id:base64"},
		{"a comma at the end is refused", "k1:" + good + ",", "link key 2: want id:base64"},
		{"what isn't base64 is refused", "k1:sec*ret", `link key "k1": the secret is not base64`},
		{"31 bytes are too few", "k1:" + secretOf(7, 31), "has 31 bytes, at least 32"},
		{"the same id twice is refused", "k1:" + good + ",k1:" + secretOf(8, 32),
			`link key "k1" is given twice`},
		{"ids differ by case", "k1:" + good + ",K1:" + secretOf(8, 32), ""},
		{"64 bytes are fine", "k1:" + secretOf(7, 64), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := ParseLinkKeys(c.in)
			if c.has == "" {
				if err != nil || k.Current() != "k1" {
					t.Errorf("current %q, %v", k.Current(), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.has) || strings.Contains(err.Error(), good) ||
				strings.Contains(err.Error(), "sec*ret") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLinkKeysShowNoSecret(t *testing.T) {
	enc := secretOf('x', 32)
	k := ring(t, "k1:"+enc)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "keys", k)
	for name, s := range map[string]string{
		"as text": fmt.Sprint(k), "with fields": fmt.Sprintf("%+v", k), "as Go": fmt.Sprintf("%#v", k),
		"within another": fmt.Sprintf("%+v", struct{ K LinkKeys }{k}), "in a log": log.String(),
	} {
		if strings.Contains(s, enc) || strings.Contains(s, "xxxx") || strings.Contains(s, "120 120") ||
			strings.Contains(s, "0x78") || !strings.Contains(s, "1 link keys") {
			t.Errorf("%s: %s", name, s)
		}
	}
}
