package rig

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
)

// Message is one caught mail.
type Message struct {
	Number     int       // counts from 1, or from behind what the folder held already
	At         time.Time // when it was taken, in UTC
	From, To   string    // of the envelope; recipients are separated by ", "
	ID         string    // Message-ID without <>
	Subject    string
	Text, HTML string // decoded
	Header     [][2]string
	Raw        []byte // as it came, not to be changed
	File       string // where it is kept, "" for nowhere
	to         []string
}

// kept reads a mail from its file.
func kept(file string) (Message, error) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > largestMail {
		return Message{}, errors.Join(err, errors.New("not a mail that was kept here"))
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return Message{}, err
	}
	m, err := parse(raw)
	m.Raw, m.At = raw, info.ModTime().UTC()
	var head mail.Header
	for _, f := range m.Header {
		head.Add(f[0], f[1])
	}
	from, to := addresses(head, "From"), addresses(head, "To")
	m.From, m.to, m.To = strings.Join(from, ", "), to, strings.Join(to, ", ")
	return m, err
}

// addresses are those of a header's field; one that can't be read has none.
func addresses(h mail.Header, field string) []string {
	list, err := h.AddressList(field)
	if err != nil {
		return nil
	}
	out := make([]string, len(list))
	for n, a := range list {
		out[n] = a.Address
	}
	return out
}

// parse reads a message: its head, and its text and HTML bodies decoded. What is in a character
// set that it doesn't know stays as it is.
func parse(raw []byte) (m Message, err error) {
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil && !message.IsUnknownCharset(err) {
		return m, err
	}
	if m.Subject, err = r.Header.Subject(); err != nil {
		m.Subject = r.Header.Get("Subject")
	}
	if m.ID, err = r.Header.MessageID(); err != nil {
		return m, err
	}
	for f := r.Header.Fields(); f.Next(); {
		value, err := f.Text()
		if err != nil {
			value = f.Value()
		}
		m.Header = append(m.Header, [2]string{f.Key(), value})
	}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil && !message.IsUnknownCharset(err) {
			return m, err
		}
		if err := m.read(p); err != nil {
			return m, err
		}
	}
}

// read takes the part over if it is the message's first text or HTML; the rest is in Raw.
func (m *Message) read(p *mail.Part) error {
	h, ok := p.Header.(*mail.InlineHeader)
	if !ok {
		return nil
	}
	var body *string
	switch kind, _, _ := h.ContentType(); kind { // a part without a type is text/plain
	case "text/html":
		body = &m.HTML
	case "text/plain":
		body = &m.Text
	}
	if body == nil || *body != "" {
		return nil
	}
	text, err := io.ReadAll(p.Body)
	*body = string(text)
	return err
}
