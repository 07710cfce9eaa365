package licensing

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// entries reads "object address" for each entry; "object -" leaves.
func entries(text ...string) (out []DirectoryPerson) {
	for _, s := range text {
		object, address, _ := strings.Cut(s, " ")
		p := DirectoryPerson{ObjectID: ObjectID(object), Email: Email(address), Name: "Name of " + object}
		if address == "-" {
			p.Email, p.Left = "", true
		}
		out = append(out, p)
	}
	return out
}

func TestR84_OddEntriesAreLeftOutAndTheOthersAreTaken(t *testing.T) {
	for _, c := range []struct {
		name    string
		people  []DirectoryPerson
		holders map[string]ObjectID
		foreign string
		taken   string
		odd     string // index and rule
	}{
		{"all is well", entries("a a@x.example", "b -"), nil, "", "[0 1]", "[]"},
		{"no object id", entries(" a@x.example", "b -"), nil, "", "[1]", "[0 R47]"},
		{"an object id that can't be kept", entries("ä a@x.example", "b -"), nil, "", "[1]", "[0 R47]"},
		{"no address", entries("a no", "b -"), nil, "", "[1]", "[0 R66]"},
		{"no name", []DirectoryPerson{{ObjectID: "a", Email: "a@x.example"}}, nil, "", "[]", "[0 R44]"},
		{"who left needs neither name nor address", []DirectoryPerson{{ObjectID: "a", Email: "no", Left: true}},
			nil, "", "[0]", "[]"},
		{"somebody twice in the same words", entries("a a@x.example", "a a@x.example"), nil, "", "[0]",
			"[1 R84]"},
		{"somebody twice in other words", entries("a a@x.example", "a b@x.example", "b c@x.example"), nil, "",
			"[2]", "[0 R84 1 R84]"},
		{"somebody who left besides", entries("a a@x.example", "a -", "a -"), nil, "", "[1]", "[0 R84 2 R84]"},
		{"an address twice", entries("a x@x.example", "b X@x.example", "c -"), nil, "", "[2]", "[0 R47 1 R47]"},
		{"an address twice, of which one has it", entries("a x@x.example", "b x@x.example"),
			map[string]ObjectID{"x@x.example": "b"}, "", "[1]", "[0 R47]"},
		{"somebody else's address", entries("a x@x.example"), map[string]ObjectID{"x@x.example": "z"}, "", "[]",
			"[0 R47]"},
		{"the address of somebody who leaves", entries("a x@x.example", "z -"),
			map[string]ObjectID{"x@x.example": "z"}, "", "[0 1]", "[]"},
		{"two swap", entries("a b@x.example", "b a@x.example"),
			map[string]ObjectID{"a@x.example": "a", "b@x.example": "b"}, "", "[0 1]", "[]"},
		{"a ring", entries("a b@x.example", "b c@x.example", "c a@x.example"),
			map[string]ObjectID{"a@x.example": "a", "b@x.example": "b", "c@x.example": "c"}, "", "[0 1 2]", "[]"},
		{"a ring that is broken stays as it is", entries("a b@x.example", "b c@x.example", "c z@x.example", "d -"),
			map[string]ObjectID{"a@x.example": "a", "b@x.example": "b", "c@x.example": "c", "z@x.example": "z"}, "",
			"[3]", "[0 R47 1 R47 2 R47]"},
		{"an external person's address", entries("a x@x.example", "b -"), nil, "x@x.example", "[1]", "[0 R63]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			people, odd := Tidy(c.people)
			got := Sift(people, odd, Registry{Holders: c.holders, Foreign: map[string]bool{c.foreign: true}})
			out := []any{}
			for _, o := range got.Odd {
				out = append(out, o.Index, o.Error.Rule)
				if strings.Contains(o.Error.Error(), "x.example") {
					t.Errorf("it tells too much: %v", o.Error)
				}
			}
			if fmt.Sprint(got.Taken) != c.taken || fmt.Sprint(out) != c.odd {
				t.Errorf("taken %v, odd %v; want %s and %s", got.Taken, out, c.taken, c.odd)
			}
		})
	}
}

// TestR84_WhateverIsTakenNobodySharesAnAddressAndWhoLeavesIsTaken checks what Sift promises.
func TestR84_WhateverIsTakenNobodySharesAnAddressAndWhoLeavesIsTaken(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		address := rapid.SampledFrom([]Email{"a@x.example", "B@x.example", "b@x.example", "c@x.example", "no"})
		holders, has := map[string]ObjectID{}, map[ObjectID]string{}
		for _, o := range []ObjectID{"a", "b", "c"} {
			if key := address.Draw(r, "has").Key(); key != "no" && holders[key] == "" {
				holders[key], has[o] = o, key
			}
		}
		people := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) DirectoryPerson {
			return DirectoryPerson{ObjectID: rapid.SampledFrom([]ObjectID{"a", "b", "c", "d", ""}).Draw(r, "id"),
				Email: address.Draw(r, "address"), Name: "N", Left: rapid.IntRange(0, 3).Draw(r, "left") == 0}
		}), 1, 6).Draw(r, "people")
		tidied, odd := Tidy(people)
		out := Sift(tidied, odd, Registry{Holders: holders})
		if len(out.Taken)+len(out.Odd) != len(people) {
			r.Fatalf("%d taken, %d odd of %d", len(out.Taken), len(out.Odd), len(people))
		}
		seen := map[ObjectID]bool{}
		for _, n := range out.Taken {
			p := tidied[n]
			if seen[p.ObjectID] {
				r.Fatalf("%s is taken twice", p.ObjectID)
			}
			seen[p.ObjectID] = true
			delete(has, p.ObjectID)
			if !p.Left {
				has[p.ObjectID] = p.Email.Key()
			}
		}
		after := map[string]ObjectID{}
		for o, key := range has {
			if other, twice := after[key]; twice {
				r.Fatalf("%s and %s have %s", o, other, key)
			}
			after[key] = o
		}
		for _, p := range people {
			if p.Left && p.ObjectID != "" && !slices.ContainsFunc(out.Taken,
				func(n int) bool { return tidied[n].ObjectID == p.ObjectID && tidied[n].Left }) {
				r.Fatalf("%s left and stays", p.ObjectID)
			}
		}
	})
}
