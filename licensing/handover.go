package licensing

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// HandOver is an administrator's request to be replaced by a successor on some License IDs (R30–R32). The
// successor gets Administrator and agrees. After that, on each License ID where the successor is active, the
// old administrator's role is removed on the successor's behalf.
type HandOver struct {
	ID        RequestID     `json:"id"`
	Org       OrgID         `json:"org"`
	Admin     UserID        `json:"admin"`     // who hands over
	Successor PersonChange  `json:"successor"` // without Access
	Licenses  []LicenseID   `json:"license_ids"`
	InviteFor time.Duration `json:"invite_for,omitempty"`
}

// HandOverWithin is how long a hand-over waits for the successor before it expires.
const HandOverWithin = 90 * 24 * time.Hour

// Check returns the hand-over as the save that makes the successor Administrator, or an Invalid *Error that
// names the first field at fault.
func (h HandOver) Check(p Policy) (Save, error) {
	if len(h.Successor.Access) > 0 {
		return Save{}, Refuse(Invalid, "R32",
			"roles can't be chosen: a hand-over always passes on Administrator").
			In("successor.access")
	}
	if len(h.Licenses) == 0 {
		return Save{}, Refuse(Invalid, "R32", "provide at least one License ID").In("license_ids")
	}
	person := h.Successor
	for _, l := range h.Licenses {
		person.Access = append(person.Access, AccessChange{License: l, Add: []Role{Administrator}})
	}
	save := Save{ID: h.ID, Org: h.Org, Admin: h.Admin, People: []PersonChange{person}, InviteFor: h.InviteFor}
	return save.Check(p)
}

// MayHandOver says whether the caller may hand over a License ID. Its active direct admins may, to another
// person (R30, R32).
func MayHandOver(l LicenseID, active, self bool) error {
	switch {
	case self:
		return Refuse(Conflict, "R30", "you can't hand over License ID %s to yourself", l)
	case !active:
		return Refuse(Forbidden, "R32", "you aren't a direct, active administrator of License ID %s, "+
			"so you can't hand it over", l)
	}
	return nil
}

// HandOverState is where a hand-over stands.
type HandOverState string

// The states of a hand-over.
const (
	HandOverOpen      HandOverState = "open"      // waits for the successor to agree
	HandOverAgreed    HandOverState = "agreed"    // waits for the successor to be active
	HandOverDone      HandOverState = "done"      // every License ID is handed over or refused
	HandOverCancelled HandOverState = "cancelled" // by one of the two; what was handed over stays handed over
	HandOverExpired   HandOverState = "expired"   // not agreed and active within HandOverWithin
)

// Ended says whether the hand-over is over.
func (s HandOverState) Ended() bool { return s != HandOverOpen && s != HandOverAgreed }

// MayAgree says whether the person may agree to a hand-over in this state. Only the successor may, once
// registered (R30).
func MayAgree(s HandOverState, successor bool, p Person) error {
	switch {
	case !successor:
		return Hidden()
	case s.Ended():
		return Refuse(Conflict, "R32", "the hand-over is %s", s)
	case !p.Registered() || !p.InTenant():
		return Refuse(Conflict, "R30", "register first: use the link in your invitation")
	}
	return nil
}

// LineState is where one License ID of a hand-over stands.
type LineState string

// The states of a line.
const (
	LineWaiting LineState = "waiting" // for the successor
	LineDone    LineState = "done"    // the successor is admin and the old one isn't any more
	LineRefused LineState = "refused"
)

// HandOverLine is one License ID of a hand-over. A refused line keeps the rule and what its sentence needs.
// [HandOverView.For] makes the sentence for its reader.
type HandOverLine struct {
	License LicenseID `json:"license_id"`
	State   LineState `json:"state"`
	Status  Status    `json:"status,omitempty"` // the successor's, while waiting
	DueAt   time.Time `json:"due_at,omitzero"`
	Rule    string    `json:"rule,omitempty"`    // refused: why
	Until   time.Time `json:"until,omitzero"`    // refused as locked: until when (R52)
	Message string    `json:"message,omitempty"` // refused: why, for the reader
}

// RefusedLine returns the line of a License ID that can't be handed over, without a message.
func RefusedLine(l LicenseID, why *Error) HandOverLine {
	return HandOverLine{License: l, State: LineRefused, Rule: why.Rule, Until: why.Until}
}

// HandOverView is a hand-over as its administrator and its successor see it.
type HandOverView struct {
	ID        RequestID      `json:"id"`
	From      UserID         `json:"from"`
	To        UserID         `json:"to"`
	State     HandOverState  `json:"state"`
	CreatedAt time.Time      `json:"created_at"`
	Lines     []HandOverLine `json:"lines"`
}

// For returns the hand-over with the message of each refused line as this person should read it: the
// successor, or else the one who hands over.
func (v HandOverView) For(reader UserID) HandOverView {
	v.Lines = slices.Clone(v.Lines)
	for i := range v.Lines {
		v.Lines[i].Message = v.Lines[i].message(reader == v.To)
	}
	return v
}

// A refused line tells each of the two the same fact in the second person of its own.
var lineMessages = map[string]struct{ admin, successor string }{
	"R43": {
		hidden,
		"the administrator who hands over doesn't administer License ID {license}"},
	"R19": {
		"the successor has Invoice Reader on License ID {license}, so Administrator isn't possible there",
		"you have Invoice Reader on License ID {license}, so Administrator isn't possible there"},
	"R30": {
		"you can't hand over License ID {license} to yourself",
		"you can't hand over License ID {license} to yourself"},
	"R32": {
		"you aren't a direct, active administrator of License ID {license}, so you can't hand it over",
		"the administrator who hands over isn't a direct, active administrator of License ID {license}"},
	"R52": {
		"the successor's roles on License ID {license} were being changed{until}: " +
			"hand it over again after that",
		"your roles on License ID {license} were being changed{until}: ask for a new hand-over after that"},
	"R57": {
		"the successor isn't in the organization's directory, so License ID {license} can't be handed over",
		"you aren't in the organization's directory, so License ID {license} can't be handed over"},
	"R87": {
		"you inherit Administrator on License ID {license}, so it can't be removed there",
		"the administrator who hands over inherits that role on License ID {license}, " +
			"so it can't be removed there"},
}

// message returns why the line was refused, for the successor or for the one who hands over, "" where it
// wasn't.
func (l HandOverLine) message(successor bool) string {
	if l.State != LineRefused {
		return ""
	}
	until := ""
	if !l.Until.IsZero() {
		until = " until " + Clock(l.Until)
	}
	text := "License ID {license} can't be handed over"
	if m, ok := lineMessages[l.Rule]; ok && successor {
		text = m.successor
	} else if ok {
		text = m.admin
	}
	return strings.NewReplacer("{license}", string(l.License), "{until}", until).Replace(text)
}

// Waiting counts the lines that wait for the successor.
func (v HandOverView) Waiting() (n int) {
	for _, l := range v.Lines {
		if l.State == LineWaiting {
			n++
		}
	}
	return n
}

// Next returns when a waiting line may be ready: the earliest due time, zero for none.
func (v HandOverView) Next() time.Time {
	var due []time.Time
	for _, l := range v.Lines {
		if l.State == LineWaiting && !l.DueAt.IsZero() {
			due = append(due, l.DueAt)
		}
	}
	if len(due) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(due, time.Time.Compare)
}

// String says how far it is: "agreed, 2 of 3 License IDs handed over".
func (v HandOverView) String() string {
	done := 0
	for _, l := range v.Lines {
		if l.State == LineDone {
			done++
		}
	}
	return fmt.Sprintf("%s, %d of %d License IDs handed over", v.State, done, len(v.Lines))
}

// HandOverAnswer is the answer to a HandOver.
type HandOverAnswer struct {
	View         HandOverView    `json:"view"`
	People       []PersonVerdict `json:"people"` // what the successor, the only one, got
	Work         int             `json:"work"`
	Notice       MailID          `json:"notice,omitempty"`       // to the successor
	Confirmation MailID          `json:"confirmation,omitempty"` // to the admin (R75)
}

// HandOverCommand is a command for a hand-over by its administrator or its successor.
type HandOverCommand struct {
	Request  RequestID `json:"request"`
	Org      OrgID     `json:"org"`
	HandOver RequestID `json:"hand_over"`
	By       UserID    `json:"by"`
}

// HandOverStep is the answer to one step of a hand-over. Request is the request of the removals whose
// workflows have to be started, "" for none.
type HandOverStep struct {
	View    HandOverView `json:"view"`
	Request RequestID    `json:"request,omitempty"`
}

// MayCancelHandOver says whether a hand-over in this state can be ended (R32).
func MayCancelHandOver(s HandOverState) error {
	if s.Ended() {
		return Refuse(Conflict, "R32", "the hand-over is %s", s)
	}
	return nil
}
