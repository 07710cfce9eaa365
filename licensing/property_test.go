package licensing

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Generators of whatever may arrive.
var (
	anyRole = rapid.OneOf(rapid.SampledFrom([]string{"administrator", "Invoice Reader", "Download",
		"benefits-reader", "owner"}), rapid.String())
	anyEmail = rapid.OneOf(rapid.StringMatching(
		`\s?[A-Za-z0-9.+_-]{1,6}@[A-Za-z0-9-]{1,4}(\.[A-Za-z0-9-]{1,4}){0,2}\s?`), rapid.String())
	anyName = rapid.OneOf(rapid.StringMatching(`[ \tA-Za-zäß\x{200b}\x{202e}\x{2028}\n]{0,8}`),
		rapid.String(), anyBytes)
	anyID     = rapid.OneOf(rapid.StringMatching(`\s?[A-Za-z0-9-]{0,34}`), rapid.String())
	anyBytes  = rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })
	anyPerson = rapid.Custom(func(t *rapid.T) Person {
		p := Person{Kind: rapid.SampledFrom([]PersonKind{Internal, External, ""}).Draw(t, "kind"),
			Present: rapid.Bool().Draw(t, "present")}
		if rapid.Bool().Draw(t, "registered") {
			p.RegisteredAt = noon
		}
		return p
	})
	anyInvite = rapid.SampledFrom([]InvitationState{InvitationNone, InvitationOpen, InvitationAccepted,
		InvitationExpired, InvitationFailed, InvitationCancelled, "lost"})
	anyState = rapid.SampledFrom([]AssignmentState{AssignmentNone, AssignmentPending, AssignmentPropagating,
		AssignmentActive, AssignmentFailed, "lost"})
	anyTime = rapid.Map(rapid.Int64Range(-1e6, 1e6),
		func(s int64) time.Time { return noon.Add(time.Duration(s) * time.Second) })
)

func TestR45_AStatusIsAlwaysOneOfSix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, a, i := anyPerson.Draw(t, "person"), anyState.Draw(t, "assignment"),
			anyInvite.Draw(t, "invitation")
		s := StatusOf(p, a, i)
		if !slices.Contains(Statuses(), s) {
			t.Fatalf("the status is %q", s)
		}
		if (s == StatusUserNotFound) != !p.InTenant() || p.Kind == External && s == StatusUserNotFound {
			t.Fatalf("R57: %+v is %s", p, s)
		}
	})
}

func TestR45_ForemostRespectsPrecedenceAndNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.SampledFrom(Statuses()), 1, 9).Draw(t, "statuses")
		got := MostUrgent(in...)
		rank := func(s Status) int { return slices.Index(Statuses(), s) }
		if !slices.Contains(in, got) ||
			slices.ContainsFunc(in, func(s Status) bool { return rank(s) < rank(got) }) {
			t.Fatalf("of %v %s is foremost", in, got)
		}
		if other := MostUrgent(rapid.Permutation(in).Draw(t, "another order")...); other != got {
			t.Fatalf("in another order it is %s, not %s", other, got)
		}
	})
}

func TestR46_R59_AnActionIsPossibleOrThereIsAReason(t *testing.T) {
	all := []Action{ViewAccess, EditAccess, ResendMail, ResetInvite, AssignAgain, Recheck, DeleteUser}
	for _, s := range append(Statuses(), "lost") {
		for _, registered := range []bool{false, true} {
			can := Actions(s, registered)
			for _, a := range all {
				if possible := slices.Contains(can, a); possible != (WhyNot(a, s, registered) == "") {
					t.Errorf("%s while %s: possible %t, why not %q", a, s, possible, WhyNot(a, s, registered))
				}
			}
			for _, a := range []Action{ViewAccess, DeleteUser} {
				if !slices.Contains(can, a) {
					t.Errorf("R52: %s is not possible while %s", a, s)
				}
			}
			if s != StatusInvitationSent && s != StatusInvitationExpired && registered &&
				(slices.Contains(can, ResendMail) || slices.Contains(can, ResetInvite)) {
				t.Errorf("R62: somebody registered can be invited while %s", s)
			}
		}
	}
}

func TestR58_AnyChangedLinkIsRefused(t *testing.T) {
	k := ring(t, "k1:"+secretOf(1, 32)+",k0:"+secretOf(2, 32))
	rapid.Check(t, func(t *rapid.T) {
		id := InvitationID(rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}`).Draw(t, "id"))
		generation, key := rapid.IntRange(1, 1000).Draw(t, "generation"),
			rapid.SampledFrom([]string{"k0", "k1", "gone"}).Draw(t, "key")
		s := token(t, k, id, generation, key)
		if got, err := k.Verify(s); err != nil || got != (Ticket{id, generation, OwnLink}) {
			t.Fatalf("got %+v, %v", got, err)
		}
		if s != token(t, k, id, generation, key) {
			t.Fatalf("the same input gives another token")
		}
		no := func(what, s string) {
			if got, err := k.Verify(s); err == nil || got != (Ticket{}) || KindOf(err) != NotFound {
				t.Fatalf("%s verifies as %+v, %v", what, got, err)
			}
		}
		at := rapid.IntRange(0, len(s)-1).Draw(t, "at")
		b := []byte(s)
		b[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		no("a changed byte", string(b))
		no("a part of it", s[:at])
		no("the end of it", s[at+1:])
		no("what stands behind it", s+rapid.StringN(1, 5, -1).Draw(t, "tail"))
		no("anything", anyBytes.Draw(t, "bytes"))
		other := ring(t, "k1:"+secretOf(3, 32)+",k0:"+secretOf(4, 32))
		if _, err := other.Verify(s); err == nil {
			t.Fatalf("another ring verifies it")
		}
		if next := token(t, k, id, generation+1, key); next == s {
			t.Fatalf("two generations have one link")
		}
	})
}

func TestR58_RotationKeepsLinksWhileTheirKeyIsInTheRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entry := func(n int) string {
			return string(rune('a'+n)) + ":" + secretOf(byte(n+1), 32)
		}
		first, last := rapid.IntRange(0, 4).Draw(t, "signs"), rapid.IntRange(0, 9).Draw(t, "verifies")
		window := func(newest int) LinkKeys { // three keys, the newest in front
			var parts []string
			for n := newest; n >= 0 && n > newest-3; n-- {
				parts = append(parts, entry(n))
			}
			return ring(t, strings.Join(parts, ","))
		}
		s := token(t, window(first), invitationA, 1, "")
		_, err := window(last).Verify(s)
		if kept := first <= last && first > last-3; kept != (err == nil) {
			t.Fatalf("signed by key %d, with %d in front: %v", first, last, err)
		}
	})
}

// same fails the test unless parsing what came out of parsing gives the same.
func same[T ~string](t *rapid.T, what string, parse func(string) (T, error), in string) {
	out, err := parse(in)
	if err != nil {
		if out != "" || KindOf(err) != Invalid {
			t.Fatalf("%s of %q: %q, %v", what, in, out, err)
		}
		return
	}
	if again, err := parse(string(out)); err != nil || again != out || out == "" {
		t.Fatalf("%s of %q is %q, of that %q, %v", what, in, out, again, err)
	}
}

func TestR08_R10_R44_R66_WhatIsReadReadsAgainAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		same(t, "the address", ParseEmail, anyEmail.Draw(t, "email"))
		same(t, "the License ID", ParseLicenseID, anyID.Draw(t, "id"))
		same(t, "the role", ParseRole, anyRole.Draw(t, "role"))
		same(t, "the permission", ParsePermission, anyRole.Draw(t, "permission"))
		name := anyName.Draw(t, "name")
		same(t, "the name", ParseName, name)
		if clean := CleanName(name); clean != "" {
			if again, err := ParseName(clean); err != nil || again != clean || CleanName(clean) != clean {
				t.Fatalf("the name %q cleaned is %q, read %q, %v", name, clean, again, err)
			}
		} else if good, err := ParseName(name); err == nil {
			t.Fatalf("the good name %q is cleaned to nothing", good)
		}
	})
}

func TestR67_CheckingASaveTwiceChangesNothing(t *testing.T) {
	// Nearly good values let most saves pass; the wild ones look for what panics.
	mostly := func(good, wild *rapid.Generator[string]) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			if rapid.IntRange(0, 59).Draw(t, "wild") == 30 {
				return wild.Draw(t, "value")
			}
			return good.Draw(t, "value")
		})
	}
	adds := mostly(rapid.SampledFrom([]string{"Administrator", "Download", "benefits-reader",
		" product_keys_reader"}), anyRole)
	removes := mostly(rapid.SampledFrom([]string{"Invoice Reader", "online services manager"}), anyRole)
	email := mostly(rapid.StringMatching(` ?[A-Za-z]{1,9}(\.[a-z]{1,3})?@[a-z]{2,4}\.example\t?`), anyEmail)
	name := mostly(rapid.SampledFrom([]string{"", " Ada Lovelace ", "山田 太郎"}), anyName)
	license := mostly(rapid.StringMatching(` ?[A-Za-z0-9-]{1,9}`), anyID)
	list := func(t *rapid.T, g *rapid.Generator[string], least, most int, label string) (out []Role) {
		for _, s := range rapid.SliceOfN(g, least, most).Draw(t, label) {
			out = append(out, Role(s))
		}
		return out
	}
	change := rapid.Custom(func(t *rapid.T) AccessChange {
		return AccessChange{License: LicenseID(license.Draw(t, "license")), Add: list(t, adds, 1, 4, "add"),
			Remove: list(t, removes, 0, 2, "remove")}
	})
	person := rapid.Custom(func(t *rapid.T) PersonChange {
		p := PersonChange{Access: rapid.SliceOfN(change,
			rapid.SampledFrom([]int{0, 1, 1, 1}).Draw(t, "least"), 3).Draw(t, "access")}
		if rapid.Bool().Draw(t, "known") {
			p.User = UserID(rapid.StringN(1, 4, -1).Draw(t, "user"))
		} else {
			p.SignIn = Email(email.Draw(t, "sign-in"))
		}
		if rapid.Bool().Draw(t, "details") {
			p.Business, p.Name = Email(email.Draw(t, "business")), name.Draw(t, "name")
		}
		return p
	})
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		in := Save{People: rapid.SliceOfN(person, rapid.SampledFrom([]int{0, 1, 1, 1}).Draw(t, "least"),
			3).Draw(t, "people"),
			InviteFor: time.Duration(rapid.SampledFrom([]int64{0, 0, 0, int64(48 * time.Hour), -1}).Draw(t,
				"for"))}
		out, err := in.Check(DefaultPolicy())
		if err != nil {
			if KindOf(err) != Invalid {
				t.Fatalf("refused as %q: %v", KindOf(err), err)
			}
			return
		}
		taken++
		again, err := out.Check(DefaultPolicy())
		if err != nil || !reflect.DeepEqual(out, again) {
			t.Fatalf("checked once %+v, twice %+v, %v", out, again, err)
		}
	})
	if taken < 10 {
		t.Errorf("only %d saves were taken: the generators miss", taken)
	}
}

func TestR60_R61_DueTimesAreMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := DefaultPolicy()
		start, processed := anyTime.Draw(t, "start"), anyTime.Draw(t, "processed")
		later := time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "later"))
		due := p.DueAt(start, processed)
		if p.DueAt(start.Add(later), processed).Before(due) ||
			p.DueAt(start, processed.Add(later)).Before(due) || p.DueAt(start, time.Time{}).After(due) {
			t.Fatalf("later is earlier")
		}
		if due.Before(start.Add(p.Propagation)) || due.Before(processed.Add(p.Processing)) {
			t.Fatalf("due at %s is too early", due)
		}
		if !due.Equal(start.Add(p.Propagation)) && !due.Equal(processed.Add(p.Processing)) {
			t.Fatalf("due at %s is neither", due)
		}
		p.Propagation += later
		if p.DueAt(start, processed).Before(due) {
			t.Fatalf("a longer propagation ends earlier")
		}
	})
}

func TestJitterIsAStableShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, most := rapid.String().Draw(t, "id"), time.Duration(rapid.Int64().Draw(t, "most"))
		j := Jitter(id, most)
		if j != Jitter(id, most) || j < 0 || most > 0 && j >= most || most <= 0 && j != 0 {
			t.Fatalf("a share of %d of %d", j, most)
		}
	})
	for _, id := range []string{"", "a", "b", "c"} {
		if Jitter(id, 1) != 0 || Jitter(id, 2) > 1 {
			t.Errorf("the share of %q is as much as the whole", id)
		}
	}
	seen := map[time.Duration]bool{}
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		seen[Jitter(id, time.Minute)] = true
	}
	if len(seen) < 7 {
		t.Errorf("eight ids spread over %d instants", len(seen))
	}
}

func TestR52_ALockedAssignmentIsAlwaysRefusedUntilItIsDue(t *testing.T) {
	roles := rapid.SliceOfNDistinct(rapid.SampledFrom(Roles()), 0, 3, func(r RoleInfo) Role { return r.Role })
	names := func(t *rapid.T, label string) (out []Role) {
		for _, r := range roles.Draw(t, label) {
			out = append(out, r.Role)
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		f := settled().but(func(f *Facts) {
			f.Person, f.Invitation = anyPerson.Draw(t, "person"), anyInvite.Draw(t, "invitation")
			f.Assignment, f.DueAt, f.Now = AssignmentPropagating, anyTime.Draw(t, "due"),
				anyTime.Draw(t, "now")
			f.Self, f.AdminAbove, f.OtherAdmins = rapid.Bool().Draw(t, "self"), rapid.Bool().Draw(t, "above"),
				rapid.IntRange(0, 2).Draw(t, "others")
			f.Held = append(held(names(t, "held")...), waiting(names(t, "waiting")...)...)
		})
		_, e := Judge(f, AccessChange{License: licenseA, Add: names(t, "add"), Remove: names(t, "remove")})
		locked := e != nil && e.Kind == Locked && e.Rule == "R52" && e.Until.Equal(f.DueAt)
		if want := !f.Now.After(f.DueAt.Add(LostAfter)); locked != want {
			t.Fatalf("due at %s, now %s: %v", f.DueAt, f.Now, e)
		}
	})
}

func TestR28_R29_R47_R56_R58_WhoeverMayRegisterHasTheRight(t *testing.T) {
	email := rapid.SampledFrom([]Email{"ada@contoso.example", "ADA@contoso.example", "eve@contoso.example"})
	object := rapid.SampledFrom([]ObjectID{"", "o-1", "o-2"})
	rapid.Check(t, func(t *rapid.T) {
		i := Invitation{
			State:      anyInvite.Draw(t, "state"),
			Moves:      rapid.Bool().Draw(t, "moves"),
			Generation: rapid.IntRange(0, 3).Draw(t, "generation"), ExpiresAt: anyTime.Draw(t, "expires"),
			SignIn: email.Draw(t, "addressee"), ObjectID: object.Draw(t, "addressee's object"),
		}
		who, gen, now := Identity{Email: email.Draw(t, "who"), ObjectID: object.Draw(t, "object")},
			rapid.IntRange(0, 3).Draw(t, "link"), anyTime.Draw(t, "now")
		alive := (i.State == InvitationOpen || i.State == InvitationFailed) && gen == i.Generation &&
			now.Before(i.ExpiresAt)
		match := i.ObjectID != "" && i.ObjectID == who.ObjectID || i.ObjectID == "" && i.SignIn.Key() == who.Email.Key()
		want := alive && (i.Moves || match)
		err := MayRegister(i, who, gen, now)
		if (err == nil) != want {
			t.Fatalf("got %v", err)
		}
		if err != nil && alive && KindOf(err) != Forbidden {
			t.Fatalf("a living invitation is refused by %v", err)
		}
	})
}
