package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"vlroles/licensing"
)

// saveFile is a save as a YAML file says it.
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

// agreementFile is one agreement as YAML files say it.
type agreementFile struct {
	License        string        `yaml:"license_id"`
	Program        string        `yaml:"program"`
	Parent         string        `yaml:"parent"`
	ProcessedAt    time.Time     `yaml:"processed_at"`
	Inactive       bool          `yaml:"inactive"`
	Invitation     string        `yaml:"invitation"`
	Contacts       []contactFile `yaml:"contacts"`
	Administrators []struct {
		SignIn     string    `yaml:"sign_in_email"`
		Business   string    `yaml:"business_email"`
		Name       string    `yaml:"name"`
		Registered time.Time `yaml:"registered"`
	} `yaml:"administrators"`
}

type contactFile struct {
	Kind     string `yaml:"kind"`
	Business string `yaml:"business_email"`
	SignIn   string `yaml:"sign_in_email"`
	Name     string `yaml:"name"`
}

func (f contactFile) contact() licensing.Contact {
	return licensing.Contact{Kind: licensing.ContactKind(f.Kind), Business: licensing.Email(f.Business), SignIn: licensing.Email(f.SignIn), Name: f.Name}
}

func (f agreementFile) agreement() (licensing.ContractAgreement, error) {
	c := licensing.ContractAgreement{License: licensing.LicenseID(f.License), Program: f.Program, Parent: licensing.LicenseID(f.Parent),
		ProcessedAt: f.ProcessedAt, Inactive: f.Inactive, NoInvitation: f.Invitation == "none"}
	if f.Invitation != "" && f.Invitation != "mail" && f.Invitation != "none" {
		return c, UsageError{fmt.Errorf("agreement %s: invitation: mail or none (R76)", f.License)}
	}
	for _, p := range f.Contacts {
		c.Contacts = append(c.Contacts, p.contact())
	}
	for _, p := range f.Administrators {
		c.Administrators = append(c.Administrators, licensing.ContractAdministrator{SignIn: licensing.Email(p.SignIn),
			Business: licensing.Email(p.Business), Name: p.Name, Registered: p.Registered})
	}
	return c, nil
}

// personInDirectory is a person of the tenant as YAML files say it.
type personInDirectory struct {
	ObjectID string `yaml:"object_id"`
	Email    string `yaml:"email"`
	Name     string `yaml:"name"`
	Left     bool   `yaml:"left"`
}

func directoryPeople(rows []personInDirectory) (out []licensing.DirectoryPerson) {
	for _, p := range rows {
		out = append(out, licensing.DirectoryPerson{ObjectID: licensing.ObjectID(p.ObjectID), Email: licensing.Email(p.Email), Name: p.Name, Left: p.Left})
	}
	return out
}

// intakeFile is an organization as `apply -f` reads it.
type intakeFile struct {
	Organization struct {
		ID      string   `yaml:"id"`
		Name    string   `yaml:"name"`
		Domains []string `yaml:"domains"`
	} `yaml:"organization"`
	InviteDays int                 `yaml:"invite_days"`
	Directory  []personInDirectory `yaml:"directory"`
	Agreements []agreementFile     `yaml:"agreements"`
}

// largestFile is how much of an input file is read.
const largestFile = 4 << 20

func readYAML(file string, into any) (err error) {
	var in io.Reader = os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return UsageError{err}
		}
		defer f.Close() //nolint:errcheck // it is only read
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, largestFile+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if len(text) > largestFile {
		return UsageError{fmt.Errorf("read %s: larger than 4 MiB: split it", file)}
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		return UsageError{fmt.Errorf("read %s: %w", file, err)}
	}
	return nil
}
