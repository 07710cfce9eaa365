package store

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/storetest"
)

func TestEightMigrationsAtOnceApplyOnce(t *testing.T) {
	for _, name := range []string{"SQLite", "PostgreSQL"} {
		t.Run(name, func(t *testing.T) {
			address := storetest.Address(t, name)
			stores := make([]*Store, 8)
			for n := range stores {
				stores[n] = openAt(t, address) // each with its own connections, as processes have
			}
			applied := make([]int, len(stores))
			var wg sync.WaitGroup
			for n, s := range stores {
				wg.Go(func() {
					var err error
					if applied[n], err = s.Migrate(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			files, err := migrations.ReadDir("migrations/" +
				map[string]string{"SQLite": "sqlite", "PostgreSQL": "postgres"}[name])
			if err != nil {
				t.Fatal(err)
			}
			total := 0
			for _, n := range applied {
				if n != 0 && n != len(files) {
					t.Errorf("one call applied %d of %d", n, len(files))
				}
				total += n
			}
			equal(t, "applied", total, len(files))
			again, err := stores[0].Migrate(t.Context())
			if err != nil || again != 0 {
				t.Errorf("once more: %d, %v", again, err)
			}
			newHouse(t, stores[7])
		})
	}
}

// refuses runs a statement that the schema must refuse, past the rules of package licensing.
func (h *house) refuses(what, word, query string, args ...any) {
	h.Helper()
	_, err := h.writes.ExecContext(h.Context(), h.writes.Rebind(query), args...)
	if err == nil {
		h.Errorf("%s: accepted", what)
	} else if !strings.Contains(strings.ToLower(err.Error()), word) {
		h.Errorf("%s: refused for another reason: %v", what, err)
	}
}

func TestTheAuditCanNeitherBeChangedNorDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Invite("ada", "bob", add(a1, licensing.BenefitsReader))
		var before, after int
		if err := s.reads.Get(&before, `SELECT COUNT(*) FROM audit`); err != nil || before == 0 {
			t.Fatalf("%d lines, %v", before, err)
		}
		h.refuses("update", "append-only", `UPDATE audit SET outcome = 'refused'`)
		h.refuses("delete", "append-only", `DELETE FROM audit`)
		if !s.lite {
			h.refuses("truncate", "append-only", `TRUNCATE audit`)
		}
		if err := s.reads.Get(&after, `SELECT COUNT(*) FROM audit WHERE outcome = 'done'`); err != nil {
			t.Fatal(err)
		}
		equal(t, "lines", after, before)
	})
}

func TestR19_TheSchemaLetsNobodyBeAdministratorAndInvoiceReader(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.InvoiceReader))
		const grant = `INSERT INTO grants (license_id, user_id, role, origin, effective, granted_at)
			VALUES (?, ?, ?, ?, ?, ?)`
		h.refuses("Administrator beside Invoice Reader", "unique", grant, a1, bob, licensing.Administrator,
			licensing.ByAdmin, false, ts(h.Now))
		h.refuses("Invoice Reader beside Administrator", "unique", grant, a1, h.ID("ada"),
			licensing.InvoiceReader, licensing.ByAdmin, false, ts(h.Now))
		h.refuses("an eighth role (R10)", "check", grant, a1, bob, "king", licensing.ByAdmin,
			false, ts(h.Now))
		h.refuses("a stored inherited grant (R88)", "check", grant, a1, bob, licensing.BenefitsReader,
			licensing.Inherited, false, ts(h.Now))
		h.refuses("a Bill To grant of another role (R18)", "check", grant, a1, bob, licensing.BenefitsReader,
			licensing.ByBillTo, false, ts(h.Now))
		h.refuses("a grant without an assignment", "foreign key", grant, a2, bob, licensing.BenefitsReader,
			licensing.ByAdmin, false, ts(h.Now))
	})
}

func TestTheSchemaKeepsOneOpenInvitationAPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.BenefitsReader))
		const invite = `
			INSERT INTO invitations (id, org_id, user_id, generation, state, key_id, invite_seconds,
				expires_at, last_sent_at, created_at)
			VALUES (?, ?, ?, 1, ?, 'k1', 60, ?, ?, ?)`
		for _, state := range []licensing.InvitationState{
			licensing.InvitationOpen, licensing.InvitationExpired, licensing.InvitationFailed,
		} {
			h.refuses(string(state), "unique", invite, uuid.NewString(), h.Org, bob, state, ts(h.Now),
				ts(h.Now), ts(h.Now))
		}
		_, err := s.writes.Exec(s.writes.Rebind(invite), uuid.NewString(), h.Org, bob, "cancelled", ts(h.Now),
			ts(h.Now), ts(h.Now))
		if err != nil {
			t.Errorf("one that has ended may stand beside it: %v", err)
		}
	})
}

func TestR66_TheSchemaKeepsOneProfileASignInEmailWithoutCase(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.BenefitsReader))
		const profile = `
			INSERT INTO users (id, org_id, sign_in_email, sign_in_key, business_email, name, name_key, kind,
				object_id, in_tenant, created_at)
			VALUES (?, ?, ?, ?, 'x@fabrikam.example', 'x', 'x', 'external', ?, true, ?)`
		h.refuses("the same key", "unique", profile, uuid.NewString(), h.Org, "BOB@fabrikam.example",
			"bob@fabrikam.example", nil, ts(h.Now))
		h.refuses("the same directory object (R47)", "unique", profile, uuid.NewString(), h.Org,
			"a@contoso.example", "a@contoso.example", "o-ada", ts(h.Now))
		h.refuses("an object that the directory has not", "foreign key", profile, uuid.NewString(), h.Org,
			"b@contoso.example", "b@contoso.example", "o-none", ts(h.Now))
		again := h.Change("ada", licensing.PersonChange{SignIn: "BoB@Fabrikam.example",
			Access: []licensing.AccessChange{add(a1, licensing.ProductKeysReader)}})
		equal(t, "the same person", again.People[0].User, bob)
		equal(t, "joins the open invitation (R62)", again.People[0].Verdicts[0].Outcome, licensing.Joined)
	})
}

func TestTheSchemaKeepsStatesWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.BenefitsReader))
		for what, set := range map[string]string{
			"in progress without a due time": `state = 'propagating', change_id = 'c', due_at = NULL`,
			"in progress without a fence": `state = 'propagating', change_id = NULL,
			due_at = '2026-03-02T09:00:00.000000Z'`,
			"failed without a reason": `state = 'failed', reason = NULL`,
			"an unknown state":        `state = 'lost'`,
		} {
			h.refuses(what, "check", `UPDATE assignments SET `+set+` WHERE user_id = ?`, bob)
		}
		h.refuses("sending without a lease", "check",
			`UPDATE mails SET state = 'sending' WHERE user_id = ?`, bob)
		h.refuses("accepted without a time", "check",
			`UPDATE invitations SET state = 'accepted' WHERE user_id = ?`, bob)
		h.refuses("a License ID in small letters", "check", `INSERT INTO agreements (license_id, org_id,
			program, processed_at) VALUES ('a9', ?, 'MBSA', ?)`, h.Org, ts(h.Now))
	})
}
