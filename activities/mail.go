package activities

import (
	"vlroles/licensing"
	"vlroles/templates"
)

// message writes the mail of a job.
func (m *Mails) message(j licensing.MailJob) (Message, error) {
	mail, err := templates.Write(j, m.Letterhead)
	if err != nil {
		return Message{}, err
	}
	return Message{
		ID: string(j.ID) + "@" + m.MailDomain, To: string(j.To), ToName: j.Name,
		Subject: mail.Subject, Text: mail.Text, HTML: mail.HTML,
	}, nil
}
