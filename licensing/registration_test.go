package licensing

import (
	"slices"
	"strings"
	"testing"
	"time"
)

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
		{"R28: whoever has it may where the link moves something", func(i *Invitation) { i.Moves = true },
			eve, 3, "", ""},
		{"R47: a recycled address is another person", func(i *Invitation) { i.ObjectID = "o-1" },
			Identity{Email: ada.Email, ObjectID: "o-2"}, 3, Forbidden, "R47"},
		{"R47: an identity without the id is nobody who has one", func(i *Invitation) { i.ObjectID = "o-1" },
			Identity{Email: ada.Email}, 3, Forbidden, "R47"},
		{"R47: the same person may under a new address", func(i *Invitation) { i.ObjectID = "o-1" },
			Identity{Email: eve.Email, ObjectID: "o-1"}, 3, "", ""},
		{"R47: an object id that nobody knows replaces no address", func(*Invitation) {},
			Identity{Email: eve.Email, ObjectID: "o-1"}, 3, Forbidden, "R28"},
		{"R29: the second one finds it used", func(i *Invitation) { i.State = InvitationAccepted },
			ada, 3, Gone, "R29"},
		{"R29: by an older link too", func(i *Invitation) { i.State = InvitationAccepted }, ada, 1,
			Gone, "R29"},
		{"R82: a withdrawn one is dead", func(i *Invitation) { i.State = InvitationCancelled }, ada, 3, Gone,
			"R82"},
		{"R58: an older link is dead", func(*Invitation) {}, ada, 2, Gone, "R58"},
		{"R58: a link of a generation that never was is dead", func(*Invitation) {}, ada, 4, Gone, "R58"},
		{"R56: an expired one is dead", func(i *Invitation) { i.State = InvitationExpired }, ada, 3,
			Gone, "R56"},
		{"R56: one whose time is up is dead before anybody notes it",
			func(i *Invitation) { i.ExpiresAt = noon }, ada, 3, Gone, "R56"},
		{"R56: a second before it lives", func(i *Invitation) { i.ExpiresAt = noon.Add(time.Second) },
			ada, 3, "", ""},
		{"R55: a link that was seen although the mail was refused works",
			func(i *Invitation) { i.State = InvitationFailed }, ada, 3, "", ""},
		{"R28: one in no state is none", func(i *Invitation) { i.State = InvitationNone }, ada, 3,
			NotFound, "R28"},
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
		{"with an object id that has a blank it is refused", Identity{Email: i.Email, ObjectID: "o 1"}, "R47",
			"object_id"},
		{"with an endless object id it is refused",
			Identity{Email: i.Email, ObjectID: ObjectID(strings.Repeat("o", 129))}, "R47", "object_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.who.Check()
			if e := refusal(t, err, Invalid, c.rule); e.Field != c.field {
				t.Errorf("field %q", e.Field)
			}
		})
	}
}

func TestR28_R29_R58_ARefusalSaysWhatToDoNext(t *testing.T) {
	for _, state := range []InvitationState{InvitationNone, InvitationOpen, InvitationAccepted,
		InvitationExpired, InvitationFailed, InvitationCancelled} {
		i := open()
		i.State, i.LastSentAt = state, noon
		for what, err := range map[string]error{
			"register":      MayRegister(i, Identity{Email: "eve@contoso.example"}, 3, noon),
			"an older link": MayRegister(i, Identity{}, 2, noon),
			"resend":        MayResend(i, noon, DefaultPolicy()), "reset": MayReset(i, noon, DefaultPolicy()),
		} {
			if err != nil && !slices.ContainsFunc(next,
				func(s string) bool { return strings.Contains(err.Error(), s) }) {
				t.Errorf("%s while %q: %v", what, state, err)
			}
		}
	}
}
