package licensing

import (
	"encoding/json"
	"fmt"
	"strings"
)

// AuditAction is what an audit line tells of (L04).
type AuditAction string

// The audit actions. Those up to AuditHandOver give or take roles and carry [RolesChanged].
const (
	AuditSave     AuditAction = "save"
	AuditContract AuditAction = "contract"
	AuditForward  AuditAction = "register.forwarded"
	AuditDelete   AuditAction = "delete"
	AuditCancel   AuditAction = "cancel"
	AuditAppoint  AuditAction = "support.seat"
	AuditHandOver AuditAction = "handover"

	AuditRegister   AuditAction = "register"
	AuditActivate   AuditAction = "activate"
	AuditFail       AuditAction = "fail"
	AuditUpdateUser AuditAction = "user.update"

	AuditResend           AuditAction = "resend"
	AuditReset            AuditAction = "reset"
	AuditExpire           AuditAction = "expire"
	AuditInvitationFailed AuditAction = "invitation.failed"
	AuditMailRefused      AuditAction = "mail.refused"
	AuditMailGivenUp      AuditAction = "mail.given_up"

	AuditAgreeHandOver  AuditAction = "handover.agree"
	AuditCancelHandOver AuditAction = "handover.cancel"
	AuditRemoveHandOver AuditAction = "handover.remove"
	AuditDoneHandOver   AuditAction = "handover.done"
	AuditExpireHandOver AuditAction = "handover.expire"

	AuditApply         AuditAction = "apply"
	AuditPutAgreement  AuditAction = "agreement.put"
	AuditChangeContact AuditAction = "contact.change"
	AuditAgreement     AuditAction = "agreement"
	AuditOrphaned      AuditAction = "agreement.orphaned"
	AuditContactNamed  AuditAction = "contact.named"
	AuditContactFormer AuditAction = "contact.former"
	AuditPreference    AuditAction = "preference"

	AuditDirectory         AuditAction = "directory"
	AuditDirectoryLeft     AuditAction = "directory.left"
	AuditDirectoryReturned AuditAction = "directory.returned"
	AuditDirectoryFound    AuditAction = "directory.found"
	AuditDirectoryAddress  AuditAction = "directory.address"
	AuditRecheck           AuditAction = "recheck"

	AuditErase AuditAction = "erase" // of personal data; carries [RolesChanged] where the person had left with roles
)

// DetailVersion is the version of the details that this code writes. It rises when a
// detail's fields change their meaning.
const DetailVersion = 1

// Detail is what an audit line says besides its columns. An action has one type of detail, or none.
type Detail interface{ isDetail() }

// The details.
type (
	// RolesChanged says which roles an accepted change gave and took.
	// Given ones wait until they are activated, but for AtOnce.
	RolesChanged struct {
		Added   []Role  `json:"added,omitempty"`
		Removed []Role  `json:"removed,omitempty"`
		Outcome Outcome `json:"outcome,omitempty"`
		Reason  string  `json:"reason,omitempty"`  // support's
		Other   UserID  `json:"other,omitempty"`   // a forwarded role: whom it came from, or went to (R28)
		AtOnce  bool    `json:"at_once,omitempty"` // the given ones don't wait (R25)
		Back    bool    `json:"back,omitempty"`    // what was suspended isn't any more (R86)
		Refused int     `json:"refused,omitempty"` // how many changes, where the caller has no say (L03)
	}
	// FailureNoted says why a mail, an invitation or an assignment failed.
	FailureNoted struct {
		Reason string `json:"reason"`
	}
	// GenerationOpened says which generation of an invitation was opened or sent again.
	GenerationOpened struct {
		Generation int `json:"generation"`
	}
	// AgreementChanged says what is new about an agreement.
	AgreementChanged struct {
		New      bool      `json:"new,omitempty"`
		Parent   LicenseID `json:"parent,omitempty"`
		Inactive bool      `json:"inactive,omitempty"`
	}
	// ContactChanged says as what the contract names a person, or named him. Ended: he
	// inherits nothing there any more (R90).
	ContactChanged struct {
		Kind  ContactKind `json:"kind"`
		Ended bool        `json:"ended,omitempty"`
	}
	// PreferenceChanged says whether a contact inherits Administrator from now on.
	PreferenceChanged struct {
		Inherit bool `json:"inherit"`
	}
	// HandOverChanged says where a hand-over to the successor stands.
	HandOverChanged struct {
		Successor UserID        `json:"successor"`
		State     HandOverState `json:"state"`
	}
)

// NoteFailure is the detail of a failure. What a mail server or a downstream system answers may name
// addresses; the audit keeps none (L10).
func NoteFailure(reason string) FailureNoted {
	words := strings.Fields(reason)
	for n, w := range words {
		if strings.Contains(w, "@") {
			words[n] = "(address)"
		}
	}
	return FailureNoted{strings.Join(words, " ")}
}

func (RolesChanged) isDetail()      {}
func (FailureNoted) isDetail()      {}
func (GenerationOpened) isDetail()  {}
func (AgreementChanged) isDetail()  {}
func (ContactChanged) isDetail()    {}
func (PreferenceChanged) isDetail() {}
func (HandOverChanged) isDetail()   {}

// kept is a detail as a row keeps it.
type kept[D any] struct {
	Version int `json:"v"`
	Detail  D   `json:"d,omitzero"`
}

// EncodeDetail writes a detail for its row; nil is none.
func EncodeDetail(d Detail) (string, error) {
	text, err := json.Marshal(kept[Detail]{DetailVersion, d})
	if err != nil {
		return "", fmt.Errorf("write audit detail: %w", err)
	}
	return string(text), nil
}

// DecodeDetail reads what EncodeDetail wrote of a line with this action; nil where such a line carries none.
func DecodeDetail(a AuditAction, text string) (Detail, error) {
	switch a {
	case AuditSave, AuditContract, AuditForward, AuditDelete, AuditCancel, AuditAppoint, AuditHandOver,
		AuditErase:
		return decode[RolesChanged](text)
	case AuditFail, AuditInvitationFailed, AuditMailRefused, AuditMailGivenUp:
		return decode[FailureNoted](text)
	case AuditResend, AuditReset:
		return decode[GenerationOpened](text)
	case AuditAgreement:
		return decode[AgreementChanged](text)
	case AuditContactNamed, AuditContactFormer:
		return decode[ContactChanged](text)
	case AuditPreference:
		return decode[PreferenceChanged](text)
	case AuditAgreeHandOver, AuditCancelHandOver, AuditDoneHandOver, AuditExpireHandOver:
		return decode[HandOverChanged](text)
	}
	return nil, nil
}

func decode[D Detail](text string) (Detail, error) {
	var k kept[D]
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return nil, fmt.Errorf("read audit detail: %w", err)
	}
	if k.Version != DetailVersion {
		return nil, fmt.Errorf("read audit detail: version %d is unknown, this program knows %d", k.Version,
			DetailVersion)
	}
	return k.Detail, nil
}
