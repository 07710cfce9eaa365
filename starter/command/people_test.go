package command_test

import (
	"strings"
	"testing"
)

const kim = "kim@out"

func TestAssign(t *testing.T) {
	s := newShell(t)
	const as = "assign --as alex@in --user kim@out "
	s.check([]call{
		{name: "verify says what would happen", args: as + "--name Kim --license $A --role download --verify",
			want: []string{"kim@out · $A: would be invited, adding Product download manager",
				"Nothing was changed."}},
		{name: "and changes nothing", args: "show --as alex@in --user kim@out", code: 3,
			want: []string{"may not see or change"}},
		{name: "a new person is invited",
			args: as + "--name Kim --license $A,$B --role Download,benefits_reader",
			want: []string{"kim@out · $A: invited", "kim@out · $B: invited",
				"Product download manager, Benefits reader"}},
		{name: "an invited person joins with JSON as the answer",
			args: as + "--license $A --role product_keys_reader -o json",
			json: map[string]string{"people.#": "1", "people.0.verdicts.0.outcome": "joined",
				"people.0.verdicts.0.license_id": "$A"}},
		{name: "an external person needs a name",
			args: "assign --as alex@in --user lee@out --license $A --role download", code: 3,
			want: []string{"lee@out: refused: --name: enter the full name", "R44"}},
		{name: "a License ID that the caller doesn't administer is refused",
			args: "assign --as alex@in --user lee@out --name Lee --license E99 --role download", code: 3,
			want: []string{"R43"}},
		{name: "the last admin can't be removed, whichever way",
			args: "edit --as alex@in --user alex@in --license $A --remove administrator", code: 3,
			want: []string{"R3"}},
		{name: "an unknown role is wrong input and the valid ones are named",
			args: as + "--license $A --role king", code: 2,
			want: []string{"--role: unknown role", "R10", "administrator"}},
		{name: "a wrong address is wrong input",
			args: "assign --as alex@in --user kim --license $A --role download", code: 2,
			want: []string{"--user: enter a valid email"}},
		{name: "so many days are wrong input", args: as + "--license $A --role download --invite-days 91",
			code: 2, want: []string{"R56"}},
		{name: "an argument is wrong input", args: "assign kim@out", code: 2,
			want: []string{`unexpected "kim@`, "flags only"}},
		{name: "an unknown flag is wrong input", args: "assign --rule download", code: 2,
			want: []string{"unknown flag: --rule"}},
	})
}

const peopleYAML = `
invite_days: 14
people:
  - sign_in_email: kim@out
    name: Kim
    business_email: kim.office@out
    access:
      - {license_id: $A, add: [Download]}
      - {license_id: $B, add: [Product Keys, benefits reader]}
  - sign_in_email: lee@out
    name: Lee
    access: [{license_id: $A, add: [download]}]
`

func TestAssignReadsAFile(t *testing.T) {
	s := newShell(t)
	s.check([]call{
		{name: "several people are one save", args: "assign --as alex@in -f -", in: peopleYAML,
			want: []string{"kim@out · $A: invited", "kim@out · $B: invited", "lee@out · $A: invited"}},
		{name: "a file does the same as the input",
			args: "assign --as alex@in -o json -f " + s.file(peopleYAML),
			json: map[string]string{"people.#": "2", "people.0.verdicts.1.outcome": "unchanged"}},
		{name: "the mail went to the business email", args: "show --as alex@in --user kim@out -o json",
			json: map[string]string{"business_email": "kim.office@out", "sign_in_email": "kim@out"}},
		{name: "a file's fields are named as the file has them", args: "assign --as alex@in -f -",
			in: strings.Replace(peopleYAML, "Product Keys", "king", 1), code: 2,
			want: []string{"people[0].access[1].add[0]: unknown role"}},
		{name: "a field that nobody knows is wrong input", args: "assign --as alex@in -f -",
			in: "people: [{email: kim@out}]", code: 2, want: []string{"read -", "email not found"}},
		{name: "what is no YAML is wrong input", args: "assign --as alex@in -f -", in: "{", code: 2,
			want: []string{"read -"}}, {name: "a missing file is wrong input",
			args: "assign --as alex@in -f /nowhere/people.yaml", code: 2,
			want: []string{"no such file"}}, {name: "a file without people is wrong input",
			args: "assign --as alex@in -f -", in: "people: []", code: 2, want: []string{"people"}}})
}

func TestEdit(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download,benefits_reader")
	id := s.value("show --as alex@in --user kim@out", "id")
	const as = "edit --as alex@in --user kim@out "
	s.check([]call{
		{name: "roles are added and removed",
			args: as + "--license $A --add product_keys_reader --remove download",
			want: []string{"$A: joined, added Product keys reader, removed Product download manager"}},
		{name: "verify changes nothing", args: as + "--license $A --remove benefits_reader --verify",
			want: []string{"kim@out · $A: would be changed, removing Benefits reader", "Nothing was changed."}},
		{name: "a user is found by the ID",
			args: "edit --as alex@in --user " + id + " --license $A --remove benefits_reader -o json",
			json: map[string]string{"people.0.verdicts.0.removed.0": "benefits_reader"}},
		{name: "the business email is corrected", args: as + "--business kim.office@out",
			want: []string{"kim@out: name or business email updated"}},
		{name: "verify speaks of that, too", args: as + "--business kim@out --verify",
			want: []string{"kim@out: name or business email would be updated"}},
		{name: "the directory gives the name of an internal user",
			args: "edit --as alex@in --user dana@in --name Dan", code: 3,
			want: []string{"--name: the directory gives the name of an internal user", "R44"}},
		{name: "the name of an external user is corrected", args: as + "--name Kimberly",
			want: []string{"kim@out: name or business email updated"}},
		{name: "an unknown user is refused",
			args: "edit --as alex@in --user lee@out --license $A --add download", code: 3,
			want: []string{"may not see or change"}},
		{name: "a role in both lists is wrong input",
			args: as + "--license $A --add download --remove download", code: 2,
			want: []string{"--add: Product download manager is in both"}},
		{name: "no user is wrong input", args: "edit --as alex@in --license $A --add download", code: 2,
			want: []string{"--user"}},
	})
}

func TestDelete(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download")
	s.assign("lee@out", "$B", "download")
	s.check([]call{
		{name: "all roles that the caller administers are removed",
			args: "delete --as alex@in --user kim@out",
			want: []string{"$A: changed, removed Product download manager", "Roles on 0 License IDs",
				"account isn't changed"}},
		{name: "the person has left the list", args: "show --as alex@in --user kim@out", code: 3,
			want: []string{"may not see or change"}},
		{name: "the answer is JSON on request", args: "delete --as alex@in --user lee@out -o json",
			json: map[string]string{"verdicts.0.outcome": "changed",
				"verdicts.0.removed.0": "product_download_manager"}},
		{name: "where everything is refused, the code says so", args: "delete --as tom@in --user tom@in", code: 3,
			want: []string{"$D: refused", "R31"}},
		{name: "as JSON, too", args: "delete --as tom@in --user tom@in -o json", code: 3,
			json: map[string]string{"verdicts.0.outcome": "refused"}},
		{name: "who isn't there is refused", args: "delete --as alex@in --user mia@out", code: 3,
			want: []string{"may not see or change"}},
		{name: "what is no address is wrong input", args: "delete --as alex@in --user mia", code: 2,
			want: []string{"--user"}},
	})
}

func TestR86_RecheckGivesTheAccessBackToWhoReturned(t *testing.T) {
	s := newShell(t)
	s.must(call{args: "directory --org $ORG --object-id dana --email dana@in --name Dana~Swope --left"})
	const args = "recheck --as alex@in --user dana@in"
	s.check([]call{
		{name: "who isn't in the directory is not found", args: args, code: 3, want: []string{"R86"}},
		{name: "who returned",
			args: "directory --org $ORG --object-id dana --email dana@in --name Dana~Swope",
			want: []string{"1 person changed", "1 VL user returned"}},
		{name: "has no access yet", args: "access --user dana@in --license $P --may view_orders", code: 3,
			want: []string{"no: "}},
		{name: "an admin's re-check gives it back", args: args,
			want: []string{"Access restored on 1 License ID."}},
		{name: "so that it is there", args: "access --user dana@in --license $P --may view_orders",
			want: []string{"yes: Administrator"}},
		{name: "the answer is JSON on request", args: args + " -o json", code: 3},
		{name: "no user is wrong input", args: "recheck --as alex@in", code: 2, want: []string{"--user"}},
	})
}
