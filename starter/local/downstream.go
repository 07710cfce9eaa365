package local

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"vlroles/activities"
	"vlroles/licensing"
)

// downstream is a system that learns people's effective roles by signed calls, as a deployment may have one. It can be told
// to refuse a user once.
type downstream struct {
	keys   []activities.WebhookKey
	mu     sync.Mutex
	grants map[licensing.UserID][]licensing.EffectiveGrant
	refuse map[licensing.UserID]string
}

func newDownstream(secret string) (*downstream, error) {
	keys, err := downstreamKeys(secret)
	return &downstream{keys: keys, grants: map[licensing.UserID][]licensing.EffectiveGrant{}, refuse: map[licensing.UserID]string{}}, err
}

// RefuseOnce answers the next call about the user with 422 and the reason.
func (d *downstream) RefuseOnce(u licensing.UserID, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse[u] = reason
}

// Grants returns what the system was told of a user.
func (d *downstream) Grants(u licensing.UserID) []licensing.EffectiveGrant {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.grants[u]
}

func (d *downstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || activities.VerifyWebhook(r.Header, body, d.keys, time.Now()) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var e licensing.Effective
	if err := json.Unmarshal(body, &e); err != nil || string(e.User) != r.PathValue("user") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if reason, ok := d.refuse[e.User]; ok {
		delete(d.refuse, e.User)
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(map[string]any{"title": "refused", "status": 422, "detail": reason}) // the caller retries what it didn't hear
		return
	}
	d.grants[e.User] = e.Grants
	w.WriteHeader(http.StatusNoContent)
}
