package command_test

import (
	"strings"
	"testing"
)

const agreementYAML = `
license_id: $NEW
program: Select Plus
parent: $P
processed_at: 2026-01-15T09:00:00Z
contacts:
  - {kind: primary, business_email: pat@out, name: Pat Lee}
  - {kind: bill_to, business_email: ivy@out, name: Ivy Counts}
`

func TestR25_Agreement(t *testing.T) {
	s := newShell(t)
	const args = "agreement --org $ORG -f -"
	s.check([]call{
		{name: "its contacts are named and invited", args: args, in: agreementYAML,
			want: []string{"$NEW · primary contact: named", "$NEW · bill to contact: named",
				"added Administrator", "added Invoice Reader"}},
		{name: "the same agreement again changes nothing", args: args, in: agreementYAML,
			want: []string{"primary contact: unchanged"}},
		{name: "the answer is JSON on request", args: args + " -o json", in: agreementYAML,
			json: map[string]string{"contacts.#": "2", "contacts.0.kind": "primary"}},
		{name: "one without contacts is wrong input", args: args,
			in: "{license_id: X1, program: MBSA, processed_at: 2026-01-15T09:00:00Z}", code: 2,
			want: []string{"R25", "contacts"}},
		{name: "an unknown kind of contact is wrong input", args: args,
			in: strings.Replace(agreementYAML, "primary", "king", 1), code: 2,
			want: []string{"contacts[0].kind", "primary, notices"}},
		{name: "an unknown kind of invitation is wrong input", args: args,
			in: agreementYAML + "invitation: letter\n", code: 2,
			want: []string{"invitation is mail or none"}},
		{name: "no file is wrong input", args: "agreement --org $ORG", code: 2,
			want: []string{"--file is required"}},
		{name: "an unknown organization is refused", args: "agreement --org nowhere.example -f -",
			in: agreementYAML, code: 3},
	})
}

func TestR34_Contact(t *testing.T) {
	s := newShell(t)
	s.must(call{args: "agreement --org $ORG -f -", in: agreementYAML})
	const args = "contact --org $ORG --kind bill_to --business ian@out --name Ian "
	s.check([]call{
		{name: "another person takes the place", args: args + "--from ivy@out",
			want: []string{"$NEW · bill to contact: named (R34)"}},
		{name: "on named License IDs, with JSON as the answer",
			args: "contact --org $ORG --kind notices --business nia@out --name Nia --license $NEW -o json",
			json: map[string]string{"contacts.0.kind": "notices", "contacts.0.license_id": "$NEW"}},
		{name: "a contact whom no License ID lists is refused or changes nothing",
			args: args + "--from nobody@out", code: 3},
		{name: "a role that is refused has the code of a refusal",
			args: "contact --org $ORG --kind bill_to --business alex@in --name Alex --license $A", code: 3,
			want: []string{"$A: refused", "R19"}},
		{name: "neither License IDs nor a person is wrong input", args: args, code: 2,
			want: []string{"--license"}},
		{name: "an unknown kind is wrong input",
			args: "contact --org $ORG --kind king --business ian@out --name Ian --license $NEW", code: 2,
			want: []string{"--kind"}},
	})
}

func TestR84_Directory(t *testing.T) {
	s := newShell(t)
	const leaves = "directory --org $ORG --object-id alex --email alex@in --name Alex~Wilber --left"
	s.check([]call{
		{name: "several people are one change", args: "directory --org $ORG -f -",
			in:   "[{object_id: mia, email: mia@in, name: Mia}, {object_id: zoe, email: zoe@in, name: Zoe}]",
			want: []string{"2 people changed. 0 VL users lost access."}},
		{name: "who leaves loses access, and what he leaves without an admin is named", args: leaves,
			want: []string{"1 person changed. 1 VL user lost access.", "ORPHANED: License ID $A",
				"vlroles appoint --license $A"}},
		{name: "the same again changes nothing, as JSON on request", args: leaves + " -o json",
			json: map[string]string{"changed": "0"}},
		{name: "an odd entry is left out, and the others are taken", args: "directory --org $ORG -f -",
			in:   "[{object_id: ida, email: no, name: Ida}, {object_id: zoe, email: zoe@in, name: Zoe, left: true}]",
			code: 3, want: []string{"1 person changed.", "LEFT OUT: entry 0 of the directory: email", "R66"}},
		{name: "a person without object ID is wrong input",
			args: "directory --org $ORG --email x@in --name X", code: 2, want: []string{"--object-id"}},
		{name: "a file with another form is wrong input", args: "directory --org $ORG -f -", in: "[{id: o}]",
			code: 2, want: []string{"id not found"}},
		{name: "an unknown organization is refused",
			args: "directory --org nowhere.example --object-id a --email a@in --name A", code: 3},
	})
}

func TestR33_OrphansAndAppoint(t *testing.T) {
	s := newShell(t)
	s.must(call{args: "directory --org $ORG --object-id alex --email alex@in --name Alex~Wilber --left"})
	const appoint = "appoint --org $ORG --user new@out --name New --support Ann --reason case~1 --license "
	s.check([]call{
		{name: "License IDs without an active admin are listed", args: "orphans --org $ORG",
			want: []string{"LICENSE ID", "PENDING ADMINS", "$A", "$B"}},
		{name: "as JSON on request", args: "orphans --org $ORG -o json",
			json: map[string]string{"#": "2", "0.license_id": "$A"}},
		{name: "support appoints somebody", args: appoint + "$A",
			want: []string{"new@out · $A: invited, added Administrator"}},
		{name: "by the other name too, with JSON as the answer",
			args: strings.Replace(appoint, "appoint", "seat", 1) + "$B -o json",
			json: map[string]string{"people.0.verdicts.0.license_id": "$B"}},
		{name: "who is then pending", args: "orphans --org $ORG -o json",
			json: map[string]string{"0.waiting": "1"}},
		{name: "where there is an active admin it is refused", args: appoint + "$P", code: 3,
			want: []string{"R05"}},
		{name: "no reason is wrong input", args: "appoint --org $ORG --user new@out --name New --support Ann --license $A",
			code: 2, want: []string{"reason"}},
		{name: "an unknown organization is refused", args: "orphans --org nowhere.example", code: 3},
		{name: "no organization among several is wrong input", args: "orphans", code: 2,
			want: []string{"organizations", "--org"}},
	})
}

const fabrikamYAML = `
organization: {id: 0d5f7a52-6c1b-4f43-8d0e-3a7c5b1e0002, name: Fabrikam, domains: [fabrikam.test]}
directory:
  - {object_id: o1, email: ann@fabrikam.test, name: Ann}
agreements:
  - license_id: F1
    program: MBSA
    processed_at: 2026-01-15T09:00:00Z
    administrators:
      - {sign_in_email: ann@fabrikam.test, name: Ann, registered: 2026-01-20T08:00:00Z}
`

func TestR03_Apply(t *testing.T) {
	s := newShell(t)
	s.check([]call{
		{name: "an organization is added", args: "apply -f -", in: fabrikamYAML,
			want: []string{"1 domain, 1 person in the directory, 1 agreement.", "F1: assigned"}},
		{name: "the same file again changes nothing", args: "apply -f " + s.file(fabrikamYAML),
			want: []string{"F1: unchanged"}},
		{name: "the answer is JSON on request", args: "apply -o json -f -", in: fabrikamYAML,
			json: map[string]string{"agreements": "1", "domains": "1"}},
		{name: "a domain of another organization is refused", args: "apply -f -",
			in: strings.NewReplacer("0002", "0003", "F1", "F2").Replace(fabrikamYAML), code: 3},
		{name: "a field that nobody knows is wrong input", args: "apply -f -",
			in: strings.Replace(fabrikamYAML, "license_id", "license", 1), code: 2,
			want: []string{"license not found"}},
		{name: "an organization without ID is wrong input", args: "apply -f -", in: "organization: {name: X}",
			code: 2, want: []string{"organization.id: a UUID"}},
		{name: "no file is wrong input", args: "apply", code: 2, want: []string{"--file is required"}},
	})
}
