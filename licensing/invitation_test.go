package licensing

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// open is a bound invitation in its third generation, sent ten minutes ago, with a week to go.
func open() Invitation {
	return Invitation{
		State: InvitationOpen, Binding: Bound, Generation: 3, ExpiresAt: noon.AddDate(0, 0, 7), LastSentAt: noon.Add(-10 * time.Minute),
		SignIn: "ada@contoso.example",
	}
}

func TestR28_R29_R47_R56_R58_R82_WhoMayRegister(t *testing.T) {
	ada, eve := Identity{Email: "Ada@Contoso.example"}, Identity{Email: "eve@fabrikam.example", Name: "Eve"}
	for _, c := range []struct {
		name   string
		change func(*Invitation)
		who    Identity
		gen    int
		kind   Kind // "": may register
		rule   string
	}{
		{"R28: the person named may, whatever the case of the address", func(*Invitation) {}, ada, 3, "", ""},
		{"R28: another may not where it is bound", func(*Invitation) {}, eve, 3, Forbidden, "R28"},
		{"R28: nobody may without an address", func(*Invitation) {}, Identity{}, 3, Forbidden, "R28"},
		{"R28: an unknown binding is a bound one", func(i *Invitation) { i.Binding = "" }, eve, 3, Forbidden, "R28"},
		{"R28: whoever has it may where it is forwardable", func(i *Invitation) { i.Binding = Forwardable }, eve, 3, "", ""},
		{"R47: a recycled address is another person", func(i *Invitation) { i.ObjectID = "o-1" }, Identity{Email: ada.Email, ObjectID: "o-2"}, 3, Forbidden, "R47"},
		{"R47: the same person may under a new address", func(i *Invitation) { i.ObjectID = "o-1" }, Identity{Email: eve.Email, ObjectID: "o-1"}, 3, "", ""},
		{"R47: an object id that nobody knows replaces no address", func(*Invitation) {}, Identity{Email: eve.Email, ObjectID: "o-1"}, 3, Forbidden, "R28"},
		{"R29: the second one finds it used", func(i *Invitation) { i.State = InvitationAccepted }, ada, 3, Gone, "R29"},
		{"R29: by an older link too", func(i *Invitation) { i.State = InvitationAccepted }, ada, 1, Gone, "R29"},
		{"R82: a withdrawn one is dead", func(i *Invitation) { i.State = InvitationCancelled }, ada, 3, Gone, "R82"},
		{"R58: an older link is dead", func(*Invitation) {}, ada, 2, Gone, "R58"},
		{"R58: a link of a generation that never was is dead", func(*Invitation) {}, ada, 4, Gone, "R58"},
		{"R56: an expired one is dead", func(i *Invitation) { i.State = InvitationLapsed }, ada, 3, Gone, "R56"},
		{"R56: one whose time is up is dead before anybody notes it", func(i *Invitation) { i.ExpiresAt = noon }, ada, 3, Gone, "R56"},
		{"R56: a second before it lives", func(i *Invitation) { i.ExpiresAt = noon.Add(time.Second) }, ada, 3, "", ""},
		{"R55: a link that was seen although the mail was refused works", func(i *Invitation) { i.State = InvitationRefused }, ada, 3, "", ""},
		{"R28: one in no state is none", func(i *Invitation) { i.State = NotInvited }, ada, 3, NotFound, "R28"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := open()
			c.change(&i)
			err := MayRegister(i, c.who, c.gen, noon)
			if c.kind == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			e := refusal(t, err, c.kind, c.rule)
			for _, name := range []string{"ada", "eve", "contoso", "fabrikam", "o-1", "o-2"} {
				if strings.Contains(strings.ToLower(e.Message), name) {
					t.Errorf("R35: the refusal names %s: %s", name, e.Message)
				}
			}
		})
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
		{"right at the end of the cool-down too", func(i *Invitation) { i.LastSentAt = noon.Add(-5 * time.Minute) }, "", ""},
		{"within the cool-down it is refused", func(i *Invitation) { i.LastSentAt = noon.Add(-4 * time.Minute) }, Locked, "R58"},
		{"an expired one is to be reset", func(i *Invitation) { i.State = InvitationLapsed }, Conflict, "R58"},
		{"one whose time is up too", func(i *Invitation) { i.ExpiresAt = noon }, Conflict, "R58"},
		{"one whose mail was refused needs another address", func(i *Invitation) { i.State = InvitationRefused }, Conflict, "R58"},
		{"a withdrawn one is gone", func(i *Invitation) { i.State = InvitationCancelled }, Conflict, "R58"},
		{"where none is, none is sent", func(i *Invitation) { *i = Invitation{} }, Conflict, "R58"},
		{"who has registered needs none", func(i *Invitation) { i.State = InvitationAccepted }, Conflict, "R62"},
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
			if e := refusal(t, err, c.kind, c.rule); e.Kind == Locked && (!e.Until.Equal(noon.Add(time.Minute)) || !strings.Contains(e.Message, "12:01 UTC")) {
				t.Errorf("until %s: %s", e.Until, e.Message)
			}
			if i.State == InvitationRefused && !strings.Contains(err.Error(), "correct the business e-mail") {
				t.Errorf("the refusal doesn't say what to do: %v", err)
			}
		})
	}
}

func TestR58_Reset(t *testing.T) {
	for state, rule := range map[InvitationState]string{
		InvitationOpen: "", InvitationLapsed: "", InvitationRefused: "",
		InvitationAccepted: "R62", InvitationCancelled: "R58", NotInvited: "R58",
	} {
		t.Run("from "+string(state), func(t *testing.T) {
			err := MayReset(Invitation{State: state})
			if rule != "" {
				refusal(t, err, Conflict, rule)
			} else if err != nil {
				t.Errorf("refused: %v", err)
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

func TestR28_R47_R66_AnIdentityThatRegistersIsRead(t *testing.T) {
	i, err := Identity{Email: " Ada@contoso.example ", ObjectID: "o-1", Name: "Ada\nLovelace"}.Check()
	if err != nil || i != (Identity{Email: "Ada@contoso.example", ObjectID: "o-1", Name: "Ada Lovelace"}) {
		t.Errorf("got %+v, %v", i, err)
	}
	if again, err := i.Check(); err != nil || again != i {
		t.Errorf("read again it is %+v, %v", again, err)
	}
	if _, err := (Identity{Email: i.Email}).Check(); err != nil {
		t.Errorf("without an object id and a name: %v", err)
	}
	for _, c := range []struct {
		name        string
		who         Identity
		rule, field string
	}{
		{"without an address it is refused", Identity{ObjectID: "o-1"}, "R66", "email"},
		{"with a bad address it is refused", Identity{Email: "ada"}, "R66", "email"},
		{"with an object id that has a blank it is refused", Identity{Email: i.Email, ObjectID: "o 1"}, "R47", "object_id"},
		{"with an endless object id it is refused", Identity{Email: i.Email, ObjectID: ObjectID(strings.Repeat("o", 129))}, "R47", "object_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.who.Check()
			if e := refusal(t, err, Invalid, c.rule); e.Field != c.field {
				t.Errorf("field %q", e.Field)
			}
		})
	}
}

// next are the words by which a refusal tells what to do.
var next = []string{"ask ", "use the ", "sign in ", "open the ", "reset it", "correct ", "assign roles", "can be sent again", "no invitation is needed"}

func TestR28_R29_R58_ARefusalSaysWhatToDoNext(t *testing.T) {
	for _, state := range []InvitationState{NotInvited, InvitationOpen, InvitationAccepted, InvitationLapsed, InvitationRefused, InvitationCancelled} {
		i := open()
		i.State, i.LastSentAt = state, noon
		for what, err := range map[string]error{
			"register": MayRegister(i, Identity{Email: "eve@contoso.example"}, 3, noon), "an older link": MayRegister(i, Identity{}, 2, noon),
			"resend": MayResend(i, noon, DefaultPolicy()), "reset": MayReset(i),
		} {
			if err != nil && !slices.ContainsFunc(next, func(s string) bool { return strings.Contains(err.Error(), s) }) {
				t.Errorf("%s while %q: %v", what, state, err)
			}
		}
	}
}

func TestR29_R82_AcceptedAndWithdrawnAreEnds(t *testing.T) {
	all := []InvitationState{NotInvited, InvitationOpen, InvitationAccepted, InvitationLapsed, InvitationRefused, InvitationCancelled}
	for _, to := range all {
		if InvitationAccepted.May(to) || InvitationCancelled.May(to) {
			t.Errorf("an end goes on to %s", to)
		}
		if to.May(NotInvited) {
			t.Errorf("%s becomes none", to)
		}
	}
	if InvitationLapsed.May(InvitationAccepted) {
		t.Error("R56: an expired invitation can be accepted")
	}
}

func TestR56_TimeToRegister(t *testing.T) {
	const day = 24 * time.Hour
	p := DefaultPolicy()
	for _, c := range []struct {
		name        string
		asked, want time.Duration // want 0: refused
	}{
		{"thirty days by default", 0, 30 * day},
		{"one day is the least", day, day},
		{"ninety days are the most", 90 * day, 90 * day},
		{"less than a day is refused", day - 1, 0},
		{"more than ninety days is refused", 90*day + 1, 0},
		{"a time in the past is refused", -day, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := p.InvitePeriod(c.asked)
			if c.want == 0 {
				if e := refusal(t, err, Invalid, "R56"); e.Field != "invite_for" || !strings.Contains(e.Message, "from 1 day to 90 days") {
					t.Errorf("%v", e)
				}
			} else if err != nil || got != c.want {
				t.Errorf("got %s, %v", got, err)
			}
			_, err = Save{People: []PersonChange{{User: "u", Access: []AccessChange{add(BenefitsReader)}}}, InviteFor: c.asked}.Check(p)
			if (err != nil) != (c.want == 0) {
				t.Errorf("a save: %v", err)
			}
		})
	}
}

func TestR56_TheReminder(t *testing.T) {
	const day = 24 * time.Hour
	p := DefaultPolicy()
	for _, c := range []struct {
		name        string
		whole, want time.Duration // after the start
	}{
		{"a week before the end", 30 * day, 23 * day},
		{"at the half of a fortnight", 14 * day, 7 * day},
		{"at the half of a short one", 2 * day, day},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := p.RemindAt(noon, noon.Add(c.whole)).Sub(noon); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
	p.RemindAhead = 0
	if got := p.RemindAt(noon, noon.Add(30*day)); !got.IsZero() {
		t.Errorf("without a lead there is a reminder at %s", got)
	}
}
