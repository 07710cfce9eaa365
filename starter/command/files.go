package command

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"vlroles/licensing"
)

// saveFile is a save as `assign --file` reads it.
type saveFile struct {
	InviteDays int          `yaml:"invite_days"`
	People     []personFile `yaml:"people"`
}

type personFile struct {
	User     string       `yaml:"user"`
	SignIn   string       `yaml:"sign_in_email"`
	Business string       `yaml:"business_email"`
	Name     string       `yaml:"name"`
	Access   []accessFile `yaml:"access"`
}

type accessFile struct {
	License string   `yaml:"license_id"`
	Add     []string `yaml:"add"`
	Remove  []string `yaml:"remove"`
}

// save is the request that the file describes.
func (f saveFile) save() licensing.Save {
	in := licensing.Save{InviteFor: days(f.InviteDays)}
	for _, p := range f.People {
		in.People = append(in.People, p.change())
	}
	return in
}

// asked are the words by which the file asks for each person.
func (f saveFile) asked() (out []string) {
	for _, p := range f.People {
		out = append(out, cmp.Or(p.SignIn, p.User))
	}
	return out
}

func (f personFile) change() licensing.PersonChange {
	c := licensing.PersonChange{
		User: licensing.UserID(f.User), SignIn: licensing.Email(f.SignIn),
		Business: licensing.Email(f.Business), Name: f.Name,
	}
	if id, ok := asID(f.SignIn); ok && f.User == "" { // --user was an ID
		c.User, c.SignIn = licensing.UserID(id), ""
	}
	for _, x := range f.Access {
		c.Access = append(c.Access, licensing.AccessChange{
			License: licensing.LicenseID(x.License), Add: rolesOf(x.Add), Remove: rolesOf(x.Remove),
		})
	}
	return c
}

func rolesOf(names []string) []licensing.Role {
	out := make([]licensing.Role, len(names))
	for n, s := range names {
		out[n] = licensing.Role(s)
	}
	return out
}

func licenseIDs(names []string) (out []licensing.LicenseID) {
	for _, s := range names {
		out = append(out, licensing.LicenseID(s))
	}
	return out
}

// agreementFile is one agreement as `agreement --file` and `apply --file` read it.
type agreementFile struct {
	License        string              `yaml:"license_id"`
	Program        string              `yaml:"program"`
	Parent         string              `yaml:"parent"`
	ProcessedAt    time.Time           `yaml:"processed_at"`
	Inactive       bool                `yaml:"inactive"`
	Invitation     string              `yaml:"invitation"`
	Contacts       []contactFile       `yaml:"contacts"`
	Administrators []administratorFile `yaml:"administrators"`
}

type contactFile struct {
	Kind     string `yaml:"kind"`
	Business string `yaml:"business_email"`
	SignIn   string `yaml:"sign_in_email"`
	Name     string `yaml:"name"`
}

type administratorFile struct {
	SignIn     string    `yaml:"sign_in_email"`
	Business   string    `yaml:"business_email"`
	Name       string    `yaml:"name"`
	Registered time.Time `yaml:"registered"`
}

func (f agreementFile) agreement() (licensing.ContractAgreement, error) {
	g := licensing.ContractAgreement{
		License: licensing.LicenseID(f.License), Program: f.Program, Parent: licensing.LicenseID(f.Parent),
		ProcessedAt: f.ProcessedAt, Inactive: f.Inactive, NoInvitation: f.Invitation == "none",
	}
	if f.Invitation != "" && f.Invitation != "mail" && f.Invitation != "none" {
		return g, Usage(fmt.Errorf("agreement %s: invitation is mail or none (R76)", f.License))
	}
	for _, c := range f.Contacts {
		g.Contacts = append(g.Contacts, c.contact())
	}
	for _, p := range f.Administrators {
		g.Administrators = append(g.Administrators, licensing.ContractAdministrator{
			SignIn: licensing.Email(p.SignIn), Business: licensing.Email(p.Business),
			Name: p.Name, Registered: p.Registered,
		})
	}
	return g, nil
}

func (f contactFile) contact() licensing.Contact {
	return licensing.Contact{
		Kind: licensing.ContactKind(f.Kind), Business: licensing.Email(f.Business),
		SignIn: licensing.Email(f.SignIn), Name: f.Name,
	}
}

// directoryFile is a person of the tenant as `directory --file` and `apply --file` read it.
type directoryFile struct {
	ObjectID string `yaml:"object_id"`
	Email    string `yaml:"email"`
	Name     string `yaml:"name"`
	Left     bool   `yaml:"left"`
}

func directoryPeople(rows []directoryFile) (out []licensing.DirectoryPerson) {
	for _, p := range rows {
		out = append(out, licensing.DirectoryPerson{
			ObjectID: licensing.ObjectID(p.ObjectID), Email: licensing.Email(p.Email),
			Name: p.Name, Left: p.Left,
		})
	}
	return out
}

// organizationFile is an organization as `apply --file` reads it.
type organizationFile struct {
	Organization struct {
		ID      string   `yaml:"id"`
		Name    string   `yaml:"name"`
		Domains []string `yaml:"domains"`
	} `yaml:"organization"`
	InviteDays int             `yaml:"invite_days"`
	Directory  []directoryFile `yaml:"directory"`
	Agreements []agreementFile `yaml:"agreements"`
}

// days is a number of days as a duration.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// largestFile is how much of an input file is read, in bytes.
const largestFile = 4 << 20

// readYAML reads a file, or the input for "-", and refuses fields that nobody knows.
func (a *app) readYAML(file string, into any) error {
	if file == "" {
		return Usage(errors.New("--file is required"))
	}
	text, err := a.readFile(file)
	if err != nil {
		return Usage(fmt.Errorf("read %s: %w", file, err))
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		return Usage(fmt.Errorf("read %s: %w", file, err))
	}
	return nil
}

func (a *app) readFile(file string) ([]byte, error) {
	in := a.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // it is only read
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, largestFile+1))
	if err == nil && len(text) > largestFile {
		err = errors.New("the file is larger than 4 MiB: split it")
	}
	return text, err
}
