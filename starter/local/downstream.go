package local

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"vlroles/activities/webhook"
	"vlroles/licensing"
)

// Downstream is a system that learns people's effective roles by signed calls, as a deployment may have one.
// It can be told to refuse a user once.
type Downstream struct {
	keys   []webhook.Key
	mu     sync.Mutex
	grants map[licensing.UserID][]licensing.EffectiveGrant
	latest map[licensing.UserID]int64 // the highest number, which no lower one replaces (L08)
	refuse map[licensing.UserID]string
}

// newDownstream makes a system that shares the secret with us, base64 of 32 bytes.
func newDownstream(secret string) (*Downstream, error) {
	raw, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return nil, err
	}
	key, err := webhook.NewKey("dev", raw)
	return &Downstream{
		keys:   []webhook.Key{key},
		grants: map[licensing.UserID][]licensing.EffectiveGrant{},
		latest: map[licensing.UserID]int64{},
		refuse: map[licensing.UserID]string{},
	}, err
}

// RefuseOnce answers the next call about the user with 422 and the reason.
func (d *Downstream) RefuseOnce(u licensing.UserID, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse[u] = reason
}

// Grants returns what the system was told about a user.
func (d *Downstream) Grants(u licensing.UserID) []licensing.EffectiveGrant {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.grants[u]
}

// ServeHTTP takes PUT /downstream/{user}, the user's effective grants.
func (d *Downstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || webhook.Verify(r.Header, body, d.keys, time.Now()) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var e licensing.Effective
	if err := json.Unmarshal(body, &e); err != nil || string(e.User) != r.PathValue("user") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if status, problem := d.take(e); status != 0 {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(problem) // a caller who didn't hear it tries again
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// take keeps the grants, unless the user is to be refused once or a higher number was taken before. It returns
// the status and the problem of a call that isn't taken.
func (d *Downstream) take(e licensing.Effective) (status int, problem map[string]any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if has := d.latest[e.User]; e.Version < has {
		return http.StatusConflict, map[string]any{"title": "a newer state is known", "version": has}
	}
	if reason, refused := d.refuse[e.User]; refused {
		delete(d.refuse, e.User)
		return http.StatusUnprocessableEntity, map[string]any{"title": "refused", "detail": reason}
	}
	d.grants[e.User], d.latest[e.User] = e.Grants, e.Version
	return 0, nil
}
