package local

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"vlroles/activities"
	"vlroles/activities/webhook"
	"vlroles/licensing"
)

var testSecret = base64.StdEncoding.EncodeToString([]byte("a test's key is no secret at all"))

// serveDownstream serves a downstream system, and returns it with the address under which users stand.
func serveDownstream(t *testing.T) (*Downstream, string) {
	t.Helper()
	d, err := newDownstream(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("PUT /downstream/{user}", d)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return d, server.URL + "/downstream"
}

func TestTheDownstreamSystemKeepsWhatASignedCallSays(t *testing.T) {
	d, url := serveDownstream(t)
	hook, err := webhook.New(webhook.Config{URL: url, Keys: d.keys})
	if err != nil {
		t.Fatal(err)
	}
	grants := licensing.Effective{User: "kim",
		Grants: []licensing.EffectiveGrant{{License: "E1", Role: licensing.Administrator}}}
	d.RefuseOnce("kim", "the account is being moved")
	err = hook.Put(context.Background(), "1", grants)
	if err == nil || !strings.Contains(err.Error(), "the account is being moved") {
		t.Errorf("the first call ends with %v", err)
	}
	if got := d.Grants("kim"); len(got) != 0 {
		t.Errorf("a refused call was kept: %v", got)
	}
	if err := hook.Put(context.Background(), "2", grants); err != nil {
		t.Errorf("the second call ends with %v", err)
	}
	if got := d.Grants("kim"); len(got) != 1 || got[0] != grants.Grants[0] {
		t.Errorf("the system knows %v", got)
	}
	if got := d.Grants("lee"); len(got) != 0 {
		t.Errorf("the system knows %v of somebody else", got)
	}
}

func TestL08_TheDownstreamSystemKeepsTheHighestNumberWhateverComesLate(t *testing.T) {
	d, url := serveDownstream(t)
	hook, err := webhook.New(webhook.Config{URL: url, Keys: d.keys})
	if err != nil {
		t.Fatal(err)
	}
	put := func(version int64, grants ...licensing.EffectiveGrant) error {
		e := licensing.Effective{User: "kim", Version: version, Grants: grants}
		return hook.Put(t.Context(), "kim."+strconv.FormatInt(version, 10), e)
	}
	if err := put(8); err != nil { // a revocation
		t.Fatal(err)
	}
	err = put(7, licensing.EffectiveGrant{License: "E1", Role: licensing.Administrator}) // from before it, late
	var p *activities.ProvisionError
	if !errors.As(err, &p) || p.Newer != 8 || len(d.Grants("kim")) != 0 {
		t.Errorf("a stale call: %+v, and the system has %v", p, d.Grants("kim"))
	}
	if err := put(8); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	if err := put(9, licensing.EffectiveGrant{License: "E1", Role: licensing.BenefitsReader}); err != nil ||
		len(d.Grants("kim")) != 1 {
		t.Errorf("a newer one: %v, %v", err, d.Grants("kim"))
	}
}

func TestTheDownstreamSystemRefusesACallThatIsNotSigned(t *testing.T) {
	d, url := serveDownstream(t)
	req, err := http.NewRequest(http.MethodPut, url+"/kim",
		bytes.NewReader([]byte(`{"user":"kim","grants":[{"license_id":"E1","role":"administrator"}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if status, _ := read(t, resp, err); status != http.StatusUnauthorized {
		t.Errorf("status %d", status)
	}
	if got := d.Grants("kim"); len(got) != 0 {
		t.Errorf("it was kept: %v", got)
	}
}

func TestTheDownstreamSystemRefusesACallAboutAnotherUser(t *testing.T) {
	d, url := serveDownstream(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.SetPathValue("user", "lee")
		d.ServeHTTP(w, r)
	}))
	t.Cleanup(elsewhere.Close)
	hook, err := webhook.New(webhook.Config{URL: elsewhere.URL, Keys: d.keys})
	if err != nil {
		t.Fatal(err)
	}
	if err := hook.Put(context.Background(), "1", licensing.Effective{User: "kim"}); err == nil {
		t.Errorf("a call about kim was taken under lee; %s", url)
	}
}

func TestASecretThatIsNoneMakesNoDownstreamSystem(t *testing.T) {
	for _, secret := range []string{"%", "c2hvcnQ="} {
		if _, err := newDownstream(secret); err == nil {
			t.Errorf("%q was taken", secret)
		}
	}
}
