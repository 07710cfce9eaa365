package licensing

import (
	"strings"
	"testing"
	"time"
)

// open is an invitation by the addressee's own link, in its third generation, sent ten minutes ago, with a week to go.
func open() Invitation {
	return Invitation{
		State: InvitationOpen, Generation: 3, ExpiresAt: noon.AddDate(0, 0, 7),
		LastSentAt: noon.Add(-10 * time.Minute),
		SignIn:     "ada@contoso.example",
	}
}

func TestR58_Resend(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Invitation)
		kind   Kind
		rule   string
	}{
		{"while it is open it may be sent again", func(*Invitation) {}, "", ""},
		{"right at the end of the cool-down too",
			func(i *Invitation) { i.LastSentAt = noon.Add(-5 * time.Minute) }, "", ""},
		{"within the cool-down it is refused",
			func(i *Invitation) { i.LastSentAt = noon.Add(-4 * time.Minute) }, Locked, "R58"},
		{"an expired one is to be reset", func(i *Invitation) { i.State = InvitationExpired },
			Conflict, "R58"},
		{"one whose time is up too", func(i *Invitation) { i.ExpiresAt = noon }, Conflict, "R58"},
		{"one whose mail was refused needs another address",
			func(i *Invitation) { i.State = InvitationFailed }, Conflict, "R58"},
		{"a withdrawn one is gone", func(i *Invitation) { i.State = InvitationCancelled }, Conflict, "R58"},
		{"where none is, none is sent", func(i *Invitation) { *i = Invitation{} }, Conflict, "R58"},
		{"who has registered needs none", func(i *Invitation) { i.State = InvitationAccepted },
			Conflict, "R62"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := open()
			c.change(&i)
			err := MayResend(i, noon, DefaultPolicy())
			if c.kind == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if e := refusal(t, err, c.kind, c.rule); e.Kind == Locked &&
				(!e.Until.Equal(noon.Add(time.Minute)) || !strings.Contains(e.Message, "12:01 UTC")) {
				t.Errorf("until %s: %s", e.Until, e.Message)
			}
			if i.State == InvitationFailed && !strings.Contains(err.Error(), "correct the business email") {
				t.Errorf("the refusal doesn't say what to do: %v", err)
			}
		})
	}
}

func TestR58_Reset(t *testing.T) {
	for state, rule := range map[InvitationState]string{
		InvitationOpen: "", InvitationExpired: "", InvitationFailed: "",
		InvitationAccepted: "R62", InvitationCancelled: "R58", InvitationNone: "R58",
	} {
		t.Run("from "+string(state), func(t *testing.T) {
			err := MayReset(Invitation{State: state}, noon, DefaultPolicy())
			if rule != "" {
				refusal(t, err, Conflict, rule)
			} else if err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestR58_ResetHasTheCoolDownOfResendWhileTheLastLinkMayStillArrive(t *testing.T) {
	p := DefaultPolicy()
	for _, c := range []struct {
		name  string
		state InvitationState
		sent  time.Duration // before now
		ends  time.Duration // from now
		wait  bool
	}{
		{"right after the mail it waits", InvitationOpen, 0, time.Hour, true},
		{"a moment before the end of the cool-down too", InvitationOpen, 5*time.Minute - 1, time.Hour, true},
		{"at its end it is possible", InvitationOpen, 5 * time.Minute, time.Hour, false},
		{"at once where the time to register is over", InvitationOpen, time.Minute, 0, false},
		{"but not a moment before", InvitationOpen, time.Minute, 1, true},
		{"at once where it has expired", InvitationExpired, time.Minute, 0, false},
		{"at once where the mail never arrived", InvitationFailed, time.Minute, time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := Invitation{State: c.state, LastSentAt: noon.Add(-c.sent), ExpiresAt: noon.Add(c.ends)}
			err := MayReset(i, noon, p)
			if !c.wait {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			e := refusal(t, err, Locked, "R58")
			if at := i.LastSentAt.Add(p.ResendEvery); !e.Until.Equal(at) ||
				!strings.Contains(e.Message, "you can reset it after "+Clock(at)) {
				t.Errorf("until %s: %s", e.Until, e.Message)
			}
		})
	}
}

func TestR57_R62_WhoMayBeMailedAnInvitation(t *testing.T) {
	for _, c := range []struct {
		name   string
		person Person
		rule   string
	}{
		{"an internal person of the directory may", unregistered, ""},
		{"an external person may", Person{Kind: External}, ""},
		{"who left the tenant may not", Person{Kind: Internal}, "R57"},
		{"who has registered needs none", registered, "R62"},
		{"who has registered and left needs none", absent, "R62"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := MayInvite(c.person)
			if c.rule != "" {
				refusal(t, err, Conflict, c.rule)
			} else if err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// next are the words by which a refusal tells what to do.
var next = []string{"ask ", "use the ", "sign in ", "open the ", "reset it", "correct ", "assign roles",
	"you can resend it after", "you can reset it after", "no invitation is needed"}

func TestR29_R82_AcceptedAndWithdrawnAreEnds(t *testing.T) {
	all := []InvitationState{InvitationNone, InvitationOpen, InvitationAccepted, InvitationExpired,
		InvitationFailed, InvitationCancelled}
	for _, to := range all {
		if InvitationAccepted.May(to) || InvitationCancelled.May(to) {
			t.Errorf("an end goes on to %s", to)
		}
		if to.May(InvitationNone) {
			t.Errorf("%s becomes none", to)
		}
	}
	if InvitationExpired.May(InvitationAccepted) {
		t.Error("R56: an expired invitation can be accepted")
	}
}
