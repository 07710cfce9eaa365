package store

import (
	"encoding/json"

	"vlroles/licensing"
)

// confirm plans the mail to the admin (R75).
func (d *decision) confirm() error {
	confirm := mailRow{
		ID: licensing.MailID(string(d.save.ID) + ".confirmation"), OrgID: d.save.Org, UserID: d.save.Admin,
		Kind: licensing.MailConfirmation, State: licensing.MailQueued, QueuedAt: at(d.now),
	}
	data := confirmationData{Request: d.save.ID}
	for _, s := range d.people {
		p := personData{Name: s.user.Name, Email: licensing.Email(s.user.SignInEmail)}
		if !s.visible { // what the caller typed, and no more (R35, R43)
			p = personData{Name: s.change.Name, Email: s.change.SignIn}
		}
		data.People = append(data.People, p)
	}
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	confirm.Data = string(text)
	d.plan.mails = append(d.plan.mails, confirm)
	d.answer.Confirmation = confirm.ID
	return nil
}

// confirmationData and personData are the data of a confirmation mail: the request, and who its people are, in its order.
type confirmationData struct {
	Request licensing.RequestID `json:"request"`
	People  []personData        `json:"people"`
}

type personData struct {
	Name  string          `json:"name"`
	Email licensing.Email `json:"email"`
}
