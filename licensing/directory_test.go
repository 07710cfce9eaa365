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

func TestR84_WhoStandsInTheDirectoryByAnOddEntryHasNotLeft(t *testing.T) {
	known := entries("a a@x.example", "b b@x.example", "c c@x.example", "d d@x.example")
	now := entries("a a@x.example", "a z@x.example", " b@x.example", "c", "robot", "e e@x.example")
	changes, left := Differences(known, now)
	var got []string
	for _, c := range changes {
		got = append(got, fmt.Sprint(c.ObjectID, " ", c.Email, " ", c.Left))
	}
	if want := "[d d@x.example true a z@x.example false e e@x.example false  b@x.example false c  false]"; left != 1 ||
		fmt.Sprint(got) != want {
		t.Errorf("%q, want %q; %d left", fmt.Sprint(got), want, left)
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

func TestR84_AChangeOfTheDirectoryIsRefusedAsAWholeForItsSizeAlone(t *testing.T) {
	for name, people := range map[string][]DirectoryPerson{
		"nobody": nil, "too many": make([]DirectoryPerson, MaxDirectory+1),
	} {
		_, err := DirectoryChange{People: people}.Check()
		if e := RefusalOf(err); e == nil || e.Kind != Invalid || e.Field != "people" {
			t.Errorf("%s: %+v", name, err)
		}
	}
	in := []DirectoryPerson{{ObjectID: "a", Email: " ann@x.example", Name: "Ann\n"}, {}}
	out, err := DirectoryChange{People: in}.Check()
	if err != nil || out.People[0] != (DirectoryPerson{ObjectID: "a", Email: "ann@x.example", Name: "Ann"}) {
		t.Fatal(out, err)
	}
	if in[0].Name != "Ann\n" {
		t.Error("the caller's list was changed")
	}
}
