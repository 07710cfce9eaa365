package licensing

import (
	"fmt"
	"testing"
)

func TestR84_DifferencesAreWhoCameChangedAndLeftWithTheLeaversFirst(t *testing.T) {
	person := func(id, email, name string) DirectoryPerson {
		return DirectoryPerson{ObjectID: ObjectID(id), Email: Email(email), Name: name}
	}
	known := []DirectoryPerson{person("a", "a@x.example", "A"), person("b", "b@x.example", "B"),
		person("c", "c@x.example", "C")}
	now := []DirectoryPerson{person("a", "a@x.example", "A"), person("b", "c@x.example", "Bee"),
		person("d", "d@x.example", "D")}
	changes, left := Differences(known, now)
	var got []string
	for _, c := range changes {
		got = append(got, fmt.Sprint(c.ObjectID, " ", c.Email, " ", c.Left))
	}
	if want := "[c c@x.example true b c@x.example false d d@x.example false]"; fmt.Sprint(got) != want ||
		left != 1 {
		t.Fatalf("%v, %d", got, left)
	}
	if none, left := Differences(known, known); len(none) != 0 || left != 0 {
		t.Fatalf("%v, %d", none, left)
	}
}

func TestR84_ADirectoryThatWasEmptiedLocksNobodyOut(t *testing.T) {
	for _, c := range []struct {
		name        string
		known, left int
		refused     bool
	}{
		{"nobody left", 100, 0, false},
		{"a few of a few", 20, 20, false},
		{"a fifth of many", 1000, 200, false},
		{"more than a fifth of many", 1000, 201, true},
		{"all of many", 1000, 1000, true},
		{"a few more than a few", 30, 21, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := MayCompare(c.known, c.left); (err != nil) != c.refused {
				t.Error(err)
			}
		})
	}
}

func TestR47_R84_AChangeOfTheDirectoryIsReadWholeOrRefusedWithItsField(t *testing.T) {
	ann := DirectoryPerson{ObjectID: "a", Email: "ann@x.example", Name: "Ann"}
	for _, c := range []struct {
		name, field string
		people      []DirectoryPerson
	}{
		{"nobody", "people", nil},
		{"too many", "people", make([]DirectoryPerson, MaxDirectory+1)},
		{"no object id", "people[0].object_id", []DirectoryPerson{{Email: "a@x.example", Name: "A"}}},
		{"no address", "people[1].email", []DirectoryPerson{ann, {ObjectID: "b", Email: "no", Name: "B"}}},
		{"no name", "people[1].name", []DirectoryPerson{ann, {ObjectID: "b", Email: "b@x.example"}}},
		{"somebody twice", "people[1].object_id", []DirectoryPerson{ann, ann}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := DirectoryChange{People: c.people}.Check()
			if e := RefusalOf(err); e == nil || e.Kind != Invalid || e.Field != c.field {
				t.Fatalf("%+v", err)
			}
		})
	}
	if out, err := (DirectoryChange{People: []DirectoryPerson{ann}}).Check(); err != nil ||
		out.People[0] != ann {
		t.Fatal(out, err)
	}
}
