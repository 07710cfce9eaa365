package workflows

import (
	"reflect"

	"vlroles/licensing"
)

// Activity is the registered name of an activity that takes an I and returns an O. The names are part of
// recorded histories and stay.
type Activity[I, O any] string

// nothing is what an activity returns that returns an error alone.
type nothing = struct{}

// The activities of requests.
const (
	DecideActivity        Activity[licensing.Save, licensing.SaveAnswer]                   = "Decide"
	ApplyActivity         Activity[licensing.Intake, licensing.IntakeAnswer]               = "Apply"
	PutAgreementActivity  Activity[licensing.AgreementPut, licensing.IntakeAnswer]         = "PutAgreement"
	ChangeContactActivity Activity[licensing.ContactChange, licensing.IntakeAnswer]        = "ChangeContact"
	DirectoryActivity     Activity[licensing.DirectoryChange, licensing.DirectoryAnswer]   = "Directory"
	DeleteActivity        Activity[licensing.Command, licensing.Deletion]                  = "Delete"
	RecheckActivity       Activity[licensing.Command, licensing.Rechecked]                 = "Recheck"
	PreferActivity        Activity[licensing.PreferenceChange, licensing.PreferenceAnswer] = "Prefer"
	SeatActivity          Activity[licensing.Appointment, licensing.SaveAnswer]            = "Seat"
	EraseActivity         Activity[licensing.Erasure, licensing.Erased]                    = "Erase"
	StartWorkActivity     Activity[licensing.RequestID, int]                               = "StartWork"
)

// The activities of hand-overs.
const (
	StartHandOverActivity   Activity[licensing.HandOver, licensing.HandOverAnswer]      = "StartHandOver"
	AgreeHandOverActivity   Activity[licensing.HandOverCommand, licensing.HandOverView] = "AgreeHandOver"
	CancelHandOverActivity  Activity[licensing.HandOverCommand, licensing.HandOverView] = "CancelHandOver"
	AdvanceHandOverActivity Activity[licensing.HandOverRef, licensing.HandOverStep]     = "AdvanceHandOver"
)

// The activities of invitations.
const (
	RegisterActivity Activity[licensing.Registration, licensing.Registered] = "Register"
	ResendActivity   Activity[licensing.Command, licensing.InvitationRun]   = "Resend"
	ResetActivity    Activity[licensing.Command, licensing.InvitationRun]   = "Reset"
	CancelActivity   Activity[licensing.Command, licensing.Withdrawal]      = "Cancel"
	RemindActivity   Activity[licensing.GenerationRef, licensing.MailID]    = "Remind"
	ExpireActivity   Activity[licensing.GenerationRef, licensing.MailID]    = "Expire"
	BreakActivity    Activity[licensing.GenerationRef, nothing]             = "Break"
)

// The activities of assignments, of mails, of the directory comparison, and of the retention.
const (
	ActivateActivity  Activity[licensing.ChangeRef, int]     = "Activate"
	FailActivity      Activity[licensing.ChangeRef, nothing] = "Fail"
	ProvisionActivity Activity[licensing.ChangeRef, nothing] = "Provision"

	SendMailActivity   Activity[licensing.MailID, licensing.MailOutcome] = "SendMail" // on MailQueue
	GiveUpMailActivity Activity[licensing.MailID, licensing.MailState]   = "GiveUpMail"

	OrganizationsActivity Activity[licensing.OrgID, []licensing.OrgID]         = "Organizations"
	DifferencesActivity   Activity[licensing.OrgID, licensing.DirectoryChange] = "Differences"

	EraseDueActivity Activity[licensing.ErasePage, licensing.ErasePage] = "EraseDue"
)

// ActivityInfo says what an activity takes and returns. Out is nil where it returns an error alone.
type ActivityInfo struct {
	Name    string
	In, Out reflect.Type
}

// Activities returns every activity that a workflow names. A test compares it with what is registered.
func Activities() []ActivityInfo {
	return []ActivityInfo{
		DecideActivity.info(), ApplyActivity.info(), PutAgreementActivity.info(),
		ChangeContactActivity.info(),
		DirectoryActivity.info(), DeleteActivity.info(), RecheckActivity.info(), PreferActivity.info(),
		SeatActivity.info(), EraseActivity.info(), EraseDueActivity.info(), StartWorkActivity.info(),
		StartHandOverActivity.info(), AgreeHandOverActivity.info(), CancelHandOverActivity.info(),
		AdvanceHandOverActivity.info(),
		RegisterActivity.info(), ResendActivity.info(), ResetActivity.info(), CancelActivity.info(),
		RemindActivity.info(), ExpireActivity.info(), BreakActivity.info(),
		ActivateActivity.info(), FailActivity.info(), ProvisionActivity.info(),
		SendMailActivity.info(), GiveUpMailActivity.info(),
		OrganizationsActivity.info(), DifferencesActivity.info(),
	}
}

func (a Activity[I, O]) info() ActivityInfo {
	out := reflect.TypeFor[O]()
	if out == reflect.TypeFor[nothing]() {
		out = nil
	}
	return ActivityInfo{Name: string(a), In: reflect.TypeFor[I](), Out: out}
}
