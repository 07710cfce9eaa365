package licensing

import "time"

// Registration is an acceptance of an invitation (R23, R28). [LinkKeys.Accept] makes one from a link.
type Registration struct {
	Request    RequestID    `json:"request"`
	Invitation InvitationID `json:"invitation"`
	Generation int          `json:"generation"`
	Link       Link         `json:"link,omitempty"` // which link of the invitation; "": the addressee's own
	Identity   Identity     `json:"identity"`
	// that whoever asks for it held the link: see [LinkKeys.Accept] (L09)
	Proof string `json:"proof,omitempty"`
}

// Registered is the answer to a Registration: the profile and what becomes effective when.
type Registered struct {
	User        UserID        `json:"user"`
	Propagation Propagation   `json:"propagation"`
	Access      []AccessEntry `json:"access"`
	// mail to the addressee: somebody else registered (R28)
	Notice MailID        `json:"notice,omitempty"`
	Again  InvitationRun `json:"again,omitzero"` // the addressee's, to what an admin gave (R28)
}

// Identity is who registers: what the identity provider vouches for.
type Identity struct {
	Email    Email    `json:"email"`
	ObjectID ObjectID `json:"object_id,omitempty"` // in the tenant's directory
	Issuer   string   `json:"issuer,omitempty"`    // with Subject: who it is, for good (L05)
	Subject  string   `json:"subject,omitempty"`
	Name     string   `json:"name,omitempty"`
}

// maxClaim is the most bytes of an issuer or a subject.
const maxClaim = 255

// Check returns the identity in canonical form, or an Invalid *Error. A profile needs a sign-in email, even
// where everybody who has the link may register. A name that can't be shown becomes "".
func (i Identity) Check() (Identity, error) {
	if err := parse("email", &i.Email, ParseEmail); err != nil {
		return i, err
	}
	if !i.ObjectID.printable() {
		return i, Refuse(Invalid, "R47", "an object ID has at most 128 printable ASCII characters").
			In("object_id")
	}
	if (i.Issuer == "") != (i.Subject == "") || !printable(i.Issuer, maxClaim) || !printable(i.Subject, maxClaim) {
		return i, Refuse(Invalid, "L05",
			"issuer and subject come together, of at most %d printable ASCII characters each", maxClaim).In("subject")
	}
	i.Name = CleanName(i.Name)
	return i, nil
}

// Addresses says whether the identity is the addressee: by the object id where the addressee has one, and by
// the sign-in email only where not. An identity without the id is never somebody who has one (R47, L05).
func (i Invitation) Addresses(who Identity) bool {
	if i.ObjectID != "" {
		return i.ObjectID == who.ObjectID
	}
	return i.SignIn.Key() == who.Email.Key()
}

// MayRegister says whether the identity may accept generation gen of the invitation now. The first to accept
// gets it, and a link of an older generation is refused (R28, R29, R47, R56, R82, R84). A refusal names
// nobody (R35).
func MayRegister(i Invitation, who Identity, gen int, now time.Time) error {
	switch {
	case i.State == InvitationAccepted:
		return Refuse(Gone, "R29", "this invitation has already been used: "+
			"if you didn't use it, ask the person who invited you")
	case i.State == InvitationCancelled:
		return Refuse(Gone, "R82", "this invitation was cancelled: ask the person who invited you")
	case gen != i.Generation:
		return Refuse(Gone, "R58", "this link was replaced by a newer one: use the link in the latest email")
	case i.State == InvitationExpired, !now.Before(i.ExpiresAt):
		return Refuse(Gone, "R56", "this invitation has expired: ask the person who invited you to reset it")
	case i.State != InvitationOpen && i.State != InvitationFailed:
		return Refuse(NotFound, "R28", "this invitation doesn't exist: "+
			"open the link in your email again, or ask for a new one")
	case i.Left && (!i.Moves || i.Addresses(who)):
		return Refuse(Forbidden, "R84", "this invitation is for someone who is no longer "+
			"in the organization's directory: ask the person who invited you")
	case i.Moves && !i.Addresses(who):
		return nil
	case i.ObjectID != "" && i.ObjectID != who.ObjectID:
		return Refuse(Forbidden, "R47", "this invitation is for another account: "+
			"sign in with the account that was invited")
	case !i.Addresses(who):
		return Refuse(Forbidden, "R28", "this invitation is for another sign-in email: "+
			"sign in with the account that was invited")
	}
	return nil
}

// MayForward says whether somebody else than the addressee may accept, to whom so many
// License IDs' roles would move: none where he has them, or where what he has excludes them
// (R19, R28, R92). Nothing changes then.
func MayForward(moves int) error {
	if moves == 0 {
		return Refuse(Conflict, "R28",
			"none of these roles can be given to you: ask the person who forwarded the email to register")
	}
	return nil
}

// MayBind says whether the addressee's profile can be bound to the directory's
// person: not where another profile is.
func MayBind(free bool) error {
	if !free {
		return Refuse(Conflict, "R47",
			"you have another profile here: ask the person who invited you to assign the roles to that one")
	}
	return nil
}

// MayTakeOver says whether the identity may register as the person who is bound to this account: the same one,
// and in the tenant (R47, R84, L05). Of the account only what it is bound to counts: an object id, an issuer
// with a subject, or nothing. The object id says enough: an issuer may give the same person another subject.
func MayTakeOver(bound Identity, p Person, who Identity) error {
	other := bound.ObjectID != "" && bound.ObjectID != who.ObjectID ||
		bound.ObjectID == "" && bound.Subject != "" && (bound.Issuer != who.Issuer || bound.Subject != who.Subject)
	switch {
	case other:
		return Refuse(Forbidden, "R47",
			"your sign-in email belongs to another account here: ask your organization's help desk")
	case !p.InTenant():
		return Refuse(Forbidden, "R84",
			"you are not in the organization's directory: ask your organization's help desk")
	}
	return nil
}
