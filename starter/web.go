package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"vlroles/activities"
	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/templates"
)

// pages are what `dev` serves: the inbox of caught mails, the page behind an invitation's link, and the downstream system.
func (s *stack) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.inbox)
	mux.HandleFunc("GET /mails/{number}", s.mail)
	mux.HandleFunc("GET /invitations/{token}", s.invitation)
	mux.HandleFunc("POST /invitations/{token}", s.accept)
	mux.Handle("PUT /downstream/{user}", s.downstream)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", templates.CSP())
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		mux.ServeHTTP(w, r)
	})
}

func (s *stack) inbox(w http.ResponseWriter, r *http.Request) {
	p := templates.InboxPage{Paused: r.URL.Query().Get("pause") == "1"}
	for _, m := range s.mailbox.Messages() {
		p.Mails = append(p.Mails, templates.InboxMail{Open: "/mails/" + strconv.Itoa(m.Number), At: m.At, To: m.To, Subject: m.Subject, Kind: kindOf(m)})
	}
	s.page(w, func() error { return templates.Inbox(w, p) })
}

// kindOf reads the kind of a mail off its Message-ID.
func kindOf(m rig.Message) string { return kindPattern.ReplaceAllString(m.ID, "$1") }

func (s *stack) mail(w http.ResponseWriter, r *http.Request) {
	for _, m := range s.mailbox.Messages() {
		if strconv.Itoa(m.Number) != r.PathValue("number") {
			continue
		}
		p := templates.MailPage{Back: "/", At: m.At, To: m.To, Subject: m.Subject, Kind: kindOf(m), Text: m.Text, HTML: m.HTML}
		for _, h := range m.Header {
			p.Headers = append(p.Headers, templates.Header{Name: h[0], Value: h[1]})
		}
		s.page(w, func() error { return templates.MailView(w, p) })
		return
	}
	s.notice(w, licensing.Refuse(licensing.NotFound, "", "there is no such mail"))
}

// kindPattern takes the kind off a Message-ID: what is left of the @, behind the last full stop, without a count.
var kindPattern = regexp.MustCompile(`^.*\.([a-z]+)[-0-9]*@.*$`)

// page logs what could not be written; the reader has gone.
func (s *stack) page(w http.ResponseWriter, write func() error) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := write(); err != nil {
		s.options.log.Warn("page was not written", "error", err)
	}
}

// invitation shows what a link gives and changes nothing: mail scanners follow links.
func (s *stack) invitation(w http.ResponseWriter, r *http.Request) { s.showInvitation(w, r, "") }

func (s *stack) showInvitation(w http.ResponseWriter, r *http.Request, problem string) {
	token := r.PathValue("token")
	id, generation, err := s.config.LinkKeys.Verify(token)
	if err != nil {
		s.notice(w, err)
		return
	}
	v, err := s.views.InvitationPage(r.Context(), id)
	if err != nil {
		s.notice(w, err)
		return
	}
	open := licensing.Invitation{State: v.State, Binding: licensing.Forwardable, Generation: v.Generation, ExpiresAt: v.ExpiresAt}
	if err := licensing.MayRegister(open, licensing.Identity{}, generation, time.Now()); err != nil {
		s.notice(w, err)
		return
	}
	p := templates.InvitationPage{Organization: v.Organization, Support: s.config.Support, Expires: v.ExpiresAt, Token: token,
		SignIn: r.PostFormValue(templates.FieldSignIn), Problem: problem}
	for _, e := range v.Access {
		p.Access = append(p.Access, templates.Access{License: e.License, Roles: e.Roles})
	}
	if problem != "" {
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
	s.page(w, func() error { return templates.InvitationShow(w, p) })
}

// accept registers whoever says so: a development sign-in, which stands for an identity provider.
func (s *stack) accept(w http.ResponseWriter, r *http.Request) {
	id, generation, err := s.config.LinkKeys.Verify(r.PathValue("token"))
	if err != nil {
		s.notice(w, err)
		return
	}
	email, err := licensing.ParseEmail(r.PostFormValue(templates.FieldSignIn))
	if err != nil {
		s.showInvitation(w, r, err.Error())
		return
	}
	// One request id for one acceptance by one person: a double click is one request.
	request := uuid.NewSHA1(uuid.NameSpaceURL, []byte(r.PathValue("token")+"\x00"+email.Key()))
	_, err = s.client.Register(r.Context(), licensing.Registration{
		Request: licensing.RequestID(request.String()), Invitation: id, Generation: generation, Identity: licensing.Identity{Email: email},
	})
	if licensing.KindOf(err) == licensing.Forbidden {
		s.showInvitation(w, r, err.Error())
		return
	}
	if err != nil {
		s.notice(w, err)
		return
	}
	s.page(w, func() error {
		return templates.Notice(w, templates.NoticePage{Title: "Registration successful", OK: true, Rule: "R23",
			Message: "Your roles take effect after the propagation time. A mail with the times is on its way.", Next: "/"})
	})
}

// notice answers with a refusal, and hides what is not one.
func (s *stack) notice(w http.ResponseWriter, err error) {
	var e *licensing.Error
	if !errors.As(err, &e) {
		s.options.log.Error("request failed", "error", err)
		e = licensing.Refuse(licensing.Unavailable, "", "something is broken here: try again in a moment")
	}
	status := map[licensing.Kind]int{licensing.Invalid: 400, licensing.Forbidden: 403, licensing.NotFound: 404, licensing.Conflict: 409,
		licensing.Locked: 409, licensing.Gone: 410}[e.Kind]
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	s.page(w, func() error {
		return templates.Notice(w, templates.NoticePage{Title: "Not possible", Message: e.Message, Rule: e.Rule})
	})
}

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
