package local

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/templates"
)

// pages are what `dev` serves: the inbox of caught mails, the page behind an invitation's link, and the downstream system.
func (s *Stack) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.inbox)
	mux.HandleFunc("GET /mails/{number}", s.mail)
	mux.HandleFunc("GET /invitations/{token}", s.invitation)
	mux.HandleFunc("POST /invitations/{token}", s.accept)
	mux.Handle("PUT /downstream/{user}", s.Downstream)
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

func (s *Stack) inbox(w http.ResponseWriter, r *http.Request) {
	p := templates.InboxPage{Paused: r.URL.Query().Get("pause") == "1"}
	for _, m := range s.Mailbox.Messages() {
		p.Mails = append(p.Mails, templates.InboxMail{Open: "/mails/" + strconv.Itoa(m.Number), At: m.At, To: m.To, Subject: m.Subject, Kind: KindOf(m)})
	}
	s.page(w, func() error { return templates.Inbox(w, p) })
}

// KindOf reads the kind of a mail off its Message-ID.
func KindOf(m rig.Message) string { return kindPattern.ReplaceAllString(m.ID, "$1") }

func (s *Stack) mail(w http.ResponseWriter, r *http.Request) {
	for _, m := range s.Mailbox.Messages() {
		if strconv.Itoa(m.Number) != r.PathValue("number") {
			continue
		}
		p := templates.MailPage{Back: "/", At: m.At, To: m.To, Subject: m.Subject, Kind: KindOf(m), Text: m.Text, HTML: m.HTML}
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
func (s *Stack) page(w http.ResponseWriter, write func() error) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := write(); err != nil {
		s.options.Log.Warn("page was not written", "error", err)
	}
}

// invitation shows what a link gives and changes nothing: mail scanners follow links.
func (s *Stack) invitation(w http.ResponseWriter, r *http.Request) { s.showInvitation(w, r, "") }

func (s *Stack) showInvitation(w http.ResponseWriter, r *http.Request, problem string) {
	token := r.PathValue("token")
	id, generation, err := s.Config.LinkKeys.Verify(token)
	if err != nil {
		s.notice(w, err)
		return
	}
	v, err := s.Rows.InvitationPage(r.Context(), id)
	if err != nil {
		s.notice(w, err)
		return
	}
	open := licensing.Invitation{State: v.State, Binding: licensing.Forwardable, Generation: v.Generation, ExpiresAt: v.ExpiresAt}
	if err := licensing.MayRegister(open, licensing.Identity{}, generation, time.Now()); err != nil {
		s.notice(w, err)
		return
	}
	p := templates.InvitationPage{Organization: v.Organization, Support: s.Config.Support, Expires: v.ExpiresAt, Token: token,
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
func (s *Stack) accept(w http.ResponseWriter, r *http.Request) {
	id, generation, err := s.Config.LinkKeys.Verify(r.PathValue("token"))
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
	_, err = s.Client.Register(r.Context(), licensing.Registration{
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
func (s *Stack) notice(w http.ResponseWriter, err error) {
	var e *licensing.Error
	if !errors.As(err, &e) {
		s.options.Log.Error("request failed", "error", err)
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
