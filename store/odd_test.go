package store

import (
	"strconv"
	"testing"

	"vlroles/licensing"
)

// internalUser is somebody of the directory, registered, with an effective role on A1.
func (h *house) internalUser(who string, access ...licensing.AccessChange) licensing.UserID {
	h.Helper()
	if len(access) == 0 {
		access = []licensing.AccessChange{add(a1, licensing.BenefitsReader)}
	}
	email := licensing.Email(who + "@contoso.example")
	h.Hears(licensing.DirectoryPerson{ObjectID: licensing.ObjectID("o-" + who), Email: email, Name: "Name of " + who})
	u := h.Change("ada", licensing.PersonChange{SignIn: email, Access: access}).People[0].User
	h.Activates(h.Registers(u, email))
	return u
}

// moved is a person of the directory under an address.
func moved(who, address string) licensing.DirectoryPerson {
	return licensing.DirectoryPerson{ObjectID: licensing.ObjectID("o-" + who),
		Email: licensing.Email(address + "@contoso.example"), Name: "Name of " + who}
}

func TestR84_WhoLeavesLosesAccessWhateverElseIsOddInTheChange(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		out := h.Hears(
			licensing.DirectoryPerson{ObjectID: "o-new", Email: "ADA@contoso.example", Name: "New"},
			licensing.DirectoryPerson{ObjectID: "o-leo", Left: true}, // no name, no address
			licensing.DirectoryPerson{ObjectID: "o-é", Email: "x@contoso.example", Name: "X"},
			moved("one", "twice"), moved("two", "twice"), moved("fine", "fine"),
			licensing.DirectoryPerson{ObjectID: "o-never-seen", Left: true},
		)
		same(t, "who left", out.Left, []licensing.UserID{id})
		equal(t, "changed", out.Changed, 2)
		h.Denied(id, a1, licensing.ManageBenefits, "R84")
		var odd []any
		for _, o := range out.Odd {
			odd = append(odd, o.Index, o.Error.Rule)
		}
		same(t, "odd", odd, []any{0, "R47", 2, "R47", 3, "R47", 4, "R47"})
		equal(t, "Leo's entry keeps what is known of him", h.Count(`SELECT COUNT(*) FROM directory_people
			WHERE object_id = 'o-leo' AND NOT present AND email = 'leo@contoso.example' AND name <> ''`), 1)
		equal(t, "odd ones and strangers aren't written", h.Count(`SELECT COUNT(*) FROM directory_people
			WHERE object_id IN ('o-new', 'o-é', 'o-one', 'o-two', 'o-never-seen')`), 0)
		equal(t, "the others are",
			h.Count(`SELECT COUNT(*) FROM directory_people WHERE object_id = 'o-fine' AND present`), 1)
		equal(t, "Ada keeps her address",
			h.Count(`SELECT COUNT(*) FROM users WHERE sign_in_key = 'ada@contoso.example'`), 1)
	})
}

func TestR84_AnIntakeLeavesOddPeopleOutToo(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		out := h.TakeIn(licensing.Intake{Name: "Contoso", Directory: []licensing.DirectoryPerson{
			{ObjectID: "o-2", Email: "ADA@contoso.example", Name: "Two"}, left(leo)}})
		h.Denied(id, a1, licensing.ManageBenefits, "R84")
		if len(out.Odd) != 1 || out.Odd[0].Index != 0 || out.Odd[0].Error.Rule != "R47" {
			t.Errorf("%+v", out.Odd)
		}
	})
}

func TestR84_PeopleMaySwapAddressesInOneChange(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		ida, ben, cem := h.internalUser("ida"), h.internalUser("ben"), h.internalUser("cem")
		out := h.Hears(moved("ida", "ben"), moved("ben", "ida"))
		equal(t, "odd", len(out.Odd), 0)
		address := func(u licensing.UserID) []licensing.Email {
			v := h.View("ada", u)
			return []licensing.Email{v.SignIn, v.Business}
		}
		same(t, "ida", address(ida), []licensing.Email{"ben@contoso.example", "ben@contoso.example"})
		same(t, "ben", address(ben), []licensing.Email{"ida@contoso.example", "ida@contoso.example"})
		out = h.Hears(moved("ida", "cem"), moved("ben", "ben"), moved("cem", "ida"))
		equal(t, "odd", len(out.Odd), 0)
		same(t, "ring", [][]licensing.Email{address(ida), address(ben), address(cem)}, [][]licensing.Email{
			{"cem@contoso.example", "cem@contoso.example"}, {"ben@contoso.example", "ben@contoso.example"},
			{"ida@contoso.example", "ida@contoso.example"}})
		for _, u := range []licensing.UserID{ida, ben, cem} {
			equal(t, "still may", h.May(u, a1, licensing.ManageBenefits).Allowed, true)
		}
		equal(t, "found by the address", h.ID("cem"), ida)
	})
}

func TestR47_AnExternalPersonWhoseDirectoryEntryComesLaterIsInternalFromThenOn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		kimNow := licensing.DirectoryPerson{ObjectID: "o-kim", Email: "kim@fabrikam.example", Name: "Kim Directory"}
		out := h.Hears(kimNow)
		if len(out.Odd) != 1 || out.Odd[0].Error.Rule != "R63" {
			t.Fatalf("an address of nobody's domain: %+v", out.Odd)
		}
		equal(t, "left out", h.Count(`SELECT COUNT(*) FROM directory_people WHERE object_id = 'o-kim'`), 0)
		h.TakeIn(licensing.Intake{Name: "Contoso", Domains: []string{"fabrikam.example"}})
		equal(t, "odd", len(h.Hears(kimNow).Odd), 0)
		row := h.Row("ada", kim)
		same(t, "kind, name", []any{row.Kind, row.Name}, []any{licensing.Internal, "Kim Directory"})
		equal(t, "may still", h.May(kim, a1, licensing.ManageBenefits).Allowed, true)
		equal(t, "audited", h.Count(`SELECT COUNT(*) FROM audit
			WHERE action = 'directory.found' AND rule = 'R47' AND user_id = ? AND license_id = ?`, kim, a1), 1)
		same(t, "who left", h.Hears(left(kimNow)).Left, []licensing.UserID{kim})
		h.Denied(kim, a1, licensing.ManageBenefits, "R84")
	})
}

func TestR47_AnExternalProfileOfSomebodyWithAnotherProfileLosesItsAccessAndIsReported(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		leos := h.colleague()
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		h.TakeIn(licensing.Intake{Name: "Contoso", Domains: []string{"fabrikam.example"}})
		out := h.Hears(licensing.DirectoryPerson{ObjectID: "o-leo", Email: "kim@fabrikam.example", Name: leo.Name})
		if len(out.Odd) != 1 || out.Odd[0].Error.Rule != "R47" || len(out.Left) != 1 || out.Left[0] != kim {
			t.Fatalf("%+v", out)
		}
		h.Denied(kim, a1, licensing.ManageBenefits, "R84")
		equal(t, "Leo may", h.May(leos, a1, licensing.ManageBenefits).Allowed, true)
		equal(t, "kim has no object", h.Count(`SELECT COUNT(*) FROM users WHERE id = ? AND object_id IS NULL`, kim), 1)
	})
}

func TestR47_ANewObjectNeverTakesOverAProfileThatIsBoundToAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		ida := h.internalUser("ida")
		// one change: Ida moves away, and somebody else has her address
		h.Hears(moved("new", "ida"), moved("ida", "ida2"))
		equal(t, "Ida's object", h.Count(`SELECT COUNT(*) FROM users WHERE id = ? AND object_id = 'o-ida'`, ida), 1)
		equal(t, "may", h.May(ida, a1, licensing.ManageBenefits).Allowed, true)
		equal(t, "nobody is bound to the new object", h.Count(`SELECT COUNT(*) FROM users WHERE object_id = 'o-new'`), 0)
		v := h.Verdict("ada", licensing.PersonChange{SignIn: "ida@contoso.example",
			Access: []licensing.AccessChange{add(a1, licensing.ProductKeysReader)}})
		equal(t, "another person", v.Outcome, licensing.Invited)
	})
}

// crowd hears of n people and gives each of them a role; they have registered.
func (h *house) crowd(prefix string, n int) (people []licensing.DirectoryPerson) {
	h.Helper()
	for i := range n {
		people = append(people, moved(prefix+strconv.Itoa(i), prefix+strconv.Itoa(i)))
	}
	h.Hears(people...)
	for first := 0; first < n; first += licensing.MaxPeople {
		var save []licensing.PersonChange
		for _, p := range people[first:min(first+licensing.MaxPeople, n)] {
			save = append(save, licensing.PersonChange{SignIn: p.Email,
				Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader)}})
		}
		h.Change("ada", save...)
	}
	return people
}

// TestR84_AChangeTakesAsManyStatementsForAThousandPeopleAsForTen counts what reaches the database.
func TestR84_AChangeTakesAsManyStatementsForAThousandPeopleAsForTen(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		counted := counting(t, s)
		small, large := h.crowd("few", 10), h.crowd("many", 1000)
		for name, change := range map[string]func(p licensing.DirectoryPerson) licensing.DirectoryPerson{
			"who moves": func(p licensing.DirectoryPerson) licensing.DirectoryPerson {
				p.Email = "new-" + p.Email
				return p
			},
			"who leaves": func(p licensing.DirectoryPerson) licensing.DirectoryPerson { return left(p) },
		} {
			run := func(people []licensing.DirectoryPerson) int {
				var all []licensing.DirectoryPerson
				for _, p := range people {
					all = append(all, change(p))
				}
				before := counted.Load()
				out := h.Hears(all...)
				equal(t, name+": changed", out.Changed, len(people))
				return int(counted.Load() - before)
			}
			few, many := run(small), run(large)
			t.Logf("%s: %d statements for ten people, %d for a thousand", name, few, many)
			if few > 40 || many > 3*few {
				t.Errorf("%s: %d statements for ten people, %d for a thousand", name, few, many)
			}
		}
	})
}
