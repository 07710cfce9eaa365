package licensing

import "slices"

// OddEntry is an entry of a directory change that was left out, or that can't be followed in full, with the
// reason. It names nobody.
type OddEntry struct {
	Index int    `json:"index"` // in the list that was sent
	Error *Error `json:"error"`
}

// Registry is what is known of a directory before a change.
type Registry struct {
	Holders map[string]ObjectID // by e-mail key: who is present and has the address
	// by e-mail key: addresses of external people in domains that aren't the organization's
	Foreign map[string]bool
}

// Sifted is a change without its odd entries.
type Sifted struct {
	Taken []int // indexes of the entries that are taken in, in order
	Odd   []OddEntry
}

// Tidy returns the entries in canonical form, and of each that can't be kept the reason. Of somebody who left
// the object id alone matters: an odd address or name keeps nobody's access alive (R84).
func Tidy(people []DirectoryPerson) ([]DirectoryPerson, map[int]*Error) {
	out, odd := slices.Clone(people), map[int]*Error{}
	for n := range out {
		if err := out[n].check(); err != nil {
			odd[n] = RefusalOf(err)
		}
	}
	return out, odd
}

// Sift leaves out the entries of a tidied change that can't be taken in, so that they block nobody else (R84).
// A change is judged by its outcome: an address is free for whoever has it afterwards, so people may swap
// addresses (R47).
func Sift(people []DirectoryPerson, odd map[int]*Error, r Registry) Sifted {
	s := sifting{people: people, odd: map[int]*Error{}, registry: r}
	for n, e := range odd {
		s.odd[n] = e
	}
	s.leaveOutTwins()
	s.leaveOutForeign()
	for s.leaveOutTaken() { // whoever is left out keeps his address, which somebody else may have wanted
	}
	var out Sifted
	for n := range people {
		if e := s.odd[n]; e != nil {
			out.Odd = append(out.Odd, OddEntry{n, e})
		} else {
			out.Taken = append(out.Taken, n)
		}
	}
	return out
}

type sifting struct {
	people   []DirectoryPerson
	odd      map[int]*Error
	registry Registry
}

// leaveOutTwins takes one entry of a person who stands in the change more than once: the one that says that he
// left, or else the first of entries that say the same. Entries that contradict each other are all left out.
func (s *sifting) leaveOutTwins() {
	by := map[ObjectID][]int{}
	for n, p := range s.people {
		if s.odd[n] == nil {
			by[p.ObjectID] = append(by[p.ObjectID], n)
		}
	}
	for _, all := range by {
		left := slices.IndexFunc(all, func(n int) bool { return s.people[n].Left })
		differ := slices.ContainsFunc(all, func(n int) bool { return s.people[n] != s.people[all[0]] })
		kept := max(left, 0)
		for at, n := range all {
			if at != kept || differ && left < 0 {
				s.odd[n] = Refuse(Invalid, "R84", "the person stands in the change more than once").
					In("object_id")
			}
		}
	}
}

// leaveOutForeign leaves out who has the address of an external person, in a domain that isn't the
// organization's: the directory doesn't vouch for it (L05).
func (s *sifting) leaveOutForeign() {
	for n, p := range s.people {
		if s.odd[n] == nil && !p.Left && s.registry.Foreign[p.Email.Key()] {
			s.odd[n] = Refuse(Conflict, "R63", "the address is an external person's: "+
				"add its domain to the organization's if it is one of them").In("email")
		}
	}
}

// leaveOutTaken leaves out who would have an address that somebody else has afterwards. more says that it left
// somebody out.
func (s *sifting) leaveOutTaken() (more bool) {
	claims, says := map[string][]int{}, map[ObjectID]DirectoryPerson{}
	for n, p := range s.people {
		if s.odd[n] == nil {
			says[p.ObjectID] = p
			if !p.Left {
				claims[p.Email.Key()] = append(claims[p.Email.Key()], n)
			}
		}
	}
	for key, all := range claims {
		holder := s.registry.Holders[key]
		if p, speaks := says[holder]; speaks && (p.Left || p.Email.Key() != key) {
			holder = "" // gives it up by this change
		}
		if holder == "" && len(all) == 1 {
			continue
		}
		for _, n := range all {
			if s.people[n].ObjectID != holder {
				more = true
				s.odd[n] = Refuse(Conflict, "R47", "another person who is present has this address").In("email")
			}
		}
	}
	return more
}
