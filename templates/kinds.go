package templates

import (
	"slices"

	"vlroles/licensing"
)

// Kind is one entry of the table of mails: what a mail is for, who reads it, and how it is written. Its
// templates are mail/KIND.html and mail/KIND.txt.
type Kind struct {
	Kind    licensing.MailKind
	Rule    string            // the rule that asks for the mail
	Subject string            // a template of one line
	Reader  string            // who is told
	Address string            // at which address
	Runs    []string          // the workflows that send it
	Sample  licensing.MailJob // as a reader might get it

	shared   []string                                  // templates that it has in common with other kinds
	write    func(mailTemplate, content) (Mail, error) // nil: writeContent
	template mailTemplate
}

// kinds is the table of mails. docs/adding.md says how to add one.
var kinds = parseKinds([]Kind{
	{
		Kind: licensing.MailWelcome, Rule: "R73",
		Subject: "Action required: Sign in to manage your volume licensing assets",
		Reader:  "the invited person", Address: "business email, and each address on a contract that gave roles",
		Runs:   []string{"Invitation"},
		Sample: sampleWelcome(), shared: []string{"invitation"}, write: writeInvitation,
	},
	{
		Kind: licensing.MailReminder, Rule: "R56",
		Subject: "Reminder: your volume licensing invitation expires on {{day .Expires}}",
		Reader:  "the invited person", Address: "address on the contract, where one gave roles, else business email",
		Runs:   []string{"Invitation"},
		Sample: sampleReminder(), shared: []string{"invitation"}, write: writeInvitation,
	},
	{
		Kind: licensing.MailRegistered, Rule: "R74",
		Subject: "Registration successful: Welcome to Microsoft admin center",
		Reader:  "the person who registered", Address: "business email",
		Runs:   []string{"Invitation", "Assignment"},
		Sample: sampleRegistered(),
	},
	{
		Kind: licensing.MailChanges, Rule: "R70",
		Subject: "Permission changes for Microsoft Volume Licensing contracts",
		Reader:  "the person whose roles changed", Address: "business email; of a contract's roles: the address there",
		Runs:   []string{"Assignment"},
		Sample: sampleChanges(),
	},
	{
		Kind: licensing.MailConfirmation, Rule: "R75",
		Subject: "Your volume licensing role assignments: {{.Result}}",
		Reader:  "the admin who saved", Address: "business email",
		Runs:   []string{"Save", "HandOver"},
		Sample: sampleConfirmation(), write: writeConfirmation,
	},
	{
		Kind: licensing.MailExpired, Rule: "R56",
		Subject: "A volume licensing invitation has expired",
		Reader:  "the admin who sent the invitation", Address: "business email",
		Runs:   []string{"Invitation"},
		Sample: sampleExpired(),
	},
	{
		Kind: licensing.MailForwarded, Rule: "R28",
		Subject: "Someone else used your volume licensing invitation",
		Reader:  "the addressee of a forwarded invitation", Address: "where the first mail of the invitation went",
		Runs:   []string{"Invitation"},
		Sample: sampleForwarded(),
	},
	{
		Kind: licensing.MailHandOver, Rule: "R30",
		Subject: "You've been asked to take over volume licensing administration",
		Reader:  "the successor", Address: "business email",
		Runs:   []string{"HandOver"},
		Sample: sampleHandOver(),
	},
})

// Kinds returns the table of mails, in the order of a person's way through the product.
func Kinds() []Kind { return slices.Clone(kinds) }

func parseKinds(in []Kind) []Kind {
	for n := range in {
		k := &in[n]
		if k.write == nil {
			k.write = writeContent
		}
		k.template = parseMail(k.Subject, append([]string{string(k.Kind)}, k.shared...)...)
	}
	return in
}
