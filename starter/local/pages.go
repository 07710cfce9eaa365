package local

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/templates"
)

// pages are what dev serves: the inbox of caught mails, the page behind an invitation's link, and the
// downstream system. They answer this machine only, and no form of another site.
func (s *Stack) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.inbox)
	mux.HandleFunc("GET /mails/{number}", s.mail)
	mux.HandleFunc("GET /invitations/{token}", s.invitation)
	mux.HandleFunc("POST /invitations/{token}", s.accept)
	mux.Handle("PUT /downstream/{user}", s.Downstream)
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", templates.CSP())
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if !s.isHere(r.Host) {
			http.Error(w, "This address isn't served here.", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		guarded.ServeHTTP(w, r)
	})
}

// isHere says whether a request asks for this machine by its address or name. Another name that leads here is
// a page elsewhere that reads the inbox through its reader's browser.
func (s *Stack) isHere(host string) bool {
	address := strings.TrimPrefix(s.WebURL, "http://")
	_, port, _ := strings.Cut(address, ":")
	return host == address || strings.EqualFold(host, "localhost:"+port)
}

func (s *Stack) inbox(w http.ResponseWriter, r *http.Request) {
	p := templates.InboxPage{Paused: r.URL.Query().Get("pause") == "1"}
	for _, m := range s.Mailbox.Messages() {
		p.Mails = append(p.Mails, templates.InboxMail{
			Open: "/mails/" + strconv.Itoa(m.Number), At: m.At,
			To: m.To, Subject: m.Subject, Kind: MailKind(m),
		})
	}
	s.write(w, func() error { return templates.Inbox(w, p) })
}

func (s *Stack) mail(w http.ResponseWriter, r *http.Request) {
	for _, m := range s.Mailbox.Messages() {
		if strconv.Itoa(m.Number) != r.PathValue("number") {
			continue
		}
		p := templates.MailPage{
			Back: "/", At: m.At, To: m.To, Subject: m.Subject, Kind: MailKind(m), Text: m.Text, HTML: m.HTML,
		}
		for _, h := range m.Header {
			p.Headers = append(p.Headers, templates.Header{Name: h[0], Value: h[1]})
		}
		s.write(w, func() error { return templates.MailView(w, p) })
		return
	}
	s.refuse(w, licensing.Refuse(licensing.NotFound, "", "This email doesn't exist."))
}

// kindInID matches a Message-ID: in front of the @, behind the last full stop, stands the kind of mail and
// perhaps a count.
var kindInID = regexp.MustCompile(`^.*\.([a-z]+)[-0-9]*@.*$`)

// MailKind reads what a mail is for off its Message-ID: "welcome".
func MailKind(m rig.Message) string { return kindInID.ReplaceAllString(m.ID, "$1") }

// invitation shows what a link gives and changes nothing: mail scanners follow links.
func (s *Stack) invitation(w http.ResponseWriter, r *http.Request) { s.showInvitation(w, r, nil) }

func (s *Stack) showInvitation(w http.ResponseWriter, r *http.Request, problem error) {
	token := r.PathValue("token")
	v, err := s.openInvitation(r, token)
	if err != nil {
		s.refuse(w, err)
		return
	}
	p := templates.InvitationPage{
		Organization: v.Organization, Support: s.Config.Support, Expires: v.ExpiresAt, Token: token,
		Access: v.Access, SignIn: r.PostFormValue(templates.FieldSignIn), Problem: problem,
	}
	if problem != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
	s.write(w, func() error { return templates.InvitationShow(w, p) })
}

// openInvitation reads the invitation behind a link, or says why nobody can register by it.
func (s *Stack) openInvitation(r *http.Request, token string) (licensing.InvitationView, error) {
	t, err := s.Config.LinkKeys.Verify(token)
	if err != nil {
		return licensing.InvitationView{}, err
	}
	v, err := s.Views.InvitationPage(r.Context(), t.Invitation)
	if err != nil {
		return v, err
	}
	i := licensing.Invitation{
		State: v.State, Moves: true, Generation: v.Generation, ExpiresAt: v.ExpiresAt,
	}
	return v, licensing.MayRegister(i, licensing.Identity{}, t.Generation, time.Now())
}

// accept registers the person whose address was typed. This development sign-in stands for an identity
// provider.
func (s *Stack) accept(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	t, err := s.Config.LinkKeys.Verify(token)
	if err != nil {
		s.refuse(w, err)
		return
	}
	email, err := licensing.ParseEmail(r.PostFormValue(templates.FieldSignIn))
	if err != nil {
		s.showInvitation(w, r, err)
		return
	}
	switch err := s.registers(r.Context(), t, token, email); {
	case licensing.KindOf(err) == licensing.Forbidden: // another person may still register by it
		s.showInvitation(w, r, err)
	case err != nil:
		s.refuse(w, err)
	default:
		s.write(w, func() error { return templates.Notice(w, registered) })
	}
}

// registers signs in as the person with the address, as the tenant knows one, and registers. A double click is
// one request: its ID is that of one acceptance by one person.
func (s *Stack) registers(ctx context.Context, t licensing.Ticket, token string, email licensing.Email) error {
	who, err := s.Views.SignsIn(ctx, t.Invitation, email)
	if err != nil {
		return err
	}
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(token+"\x00"+email.Key()))
	registration, err := s.Config.LinkKeys.Accept(token, who, licensing.RequestID(id.String()))
	if err != nil {
		return err
	}
	_, err = s.Client.Register(ctx, registration)
	return err
}

var registered = templates.NoticePage{
	Title: "Registration successful", OK: true, Next: "/",
	Message: "We're sending you an email that says when your roles take effect.",
}

// statusOf is the HTTP status of each kind of refusal; those that are missing are 503.
var statusOf = map[licensing.Kind]int{
	licensing.Invalid:   http.StatusBadRequest,
	licensing.Forbidden: http.StatusForbidden,
	licensing.NotFound:  http.StatusNotFound,
	licensing.Conflict:  http.StatusConflict,
	licensing.Locked:    http.StatusConflict,
	licensing.Gone:      http.StatusGone,
}

// refuse answers with a refusal, and hides what is not one.
func (s *Stack) refuse(w http.ResponseWriter, err error) {
	var e *licensing.Error
	if !errors.As(err, &e) {
		s.options.Log.Error("request failed", "error", err)
		e = licensing.Refuse(licensing.Unavailable, "", "Something went wrong. Try again later.")
	}
	status, ok := statusOf[e.Kind]
	if !ok {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	s.write(w, func() error {
		return templates.Notice(w, templates.NoticePage{Title: "Not possible", Message: e.Message})
	})
}

// write writes a page, and logs what could not be written: the reader has gone.
func (s *Stack) write(w http.ResponseWriter, page func() error) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page(); err != nil {
		s.options.Log.Warn("page was not written", "error", err)
	}
}
