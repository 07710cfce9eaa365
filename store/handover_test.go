package store

import (
	"testing"

	"vlroles/licensing"
)

func (h *house) handOver(
	admin string, to licensing.PersonChange, on ...licensing.LicenseID,
) licensing.HandOverAnswer {
	h.Helper()
	return must[licensing.HandOverAnswer](h.TB)(h.atTime(h.Now).StartHandOver(h.Context(),
		licensing.HandOver{ID: newRequest(), Org: h.Org, Admin: h.ID(admin), Successor: to, Licenses: on}))
}

func (h *house) agree(id licensing.RequestID, by licensing.UserID) (licensing.HandOverView, error) {
	h.Helper()
	return h.atTime(h.Now).AgreeHandOver(h.Context(),
		licensing.HandOverCommand{Request: newRequest(), Org: h.Org, HandOver: id, By: by})
}

func (h *house) advance(id licensing.RequestID) licensing.HandOverStep {
	h.Helper()
	return must[licensing.HandOverStep](h.TB)(h.atTime(h.Now).AdvanceHandOver(h.Context(), h.Org, id))
}

// lines is where the lines of a hand-over stand.
func lines(v licensing.HandOverView) (out []string) {
	for _, l := range v.Lines {
		line := string(l.License) + " " + string(l.State)
		if l.Rule != "" {
			line += " " + l.Rule
		}
		out = append(out, line)
	}
	return out
}

func TestR30_R31_R32_AHandOverRemovesTheOldAdminInTheSuccessorsNameWhereTheSuccessorIsActive(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		ada := h.ID("ada")
		out := h.handOver("ada", ext("sam"), a1, m1, a2, b1)
		same(t, "lines", lines(out.View),
			[]string{"A1 waiting", "M1 waiting", "A2 refused R43", "B1 refused R32"})
		sam := out.People[0].User
		asked := h.Claims(out.Notice).Job
		same(t, "the successor is asked", []any{asked.To, len(asked.Access)},
			[]any{"sam@fabrikam.example", 2})
		confirmed := h.Claims(out.Confirmation).Job
		same(t, "the admin is told (R75)", []any{confirmed.To, len(confirmed.People),
			len(confirmed.People[0].Verdict.Verdicts)}, []any{"ada@contoso.example", 1, 4})
		_, err := h.agree(out.View.ID, sam)
		wantRefusal(t, err, licensing.Conflict, "R30") // merely invited
		r := h.Registers(sam, "sam@fabrikam.example")
		_, err = h.agree(out.View.ID, ada)
		wantRefusal(t, err, licensing.NotFound, "R43") // the old admin can't agree for the successor
		v := must[licensing.HandOverView](t)(h.agree(out.View.ID, sam))
		same(t, "agreed", []any{v.State, v.Waiting(), v.Next()},
			[]any{licensing.HandOverAgreed, 2, r.Propagation.Dues[0]})
		same(t, "not active yet", []any{h.advance(out.View.ID).Request, h.Held(ada, a1)},
			[]any{"", "administrator"})

		must[int](t)(s.atTime(h.Now).Activate(t.Context(), sam, r.Propagation.Change, r.Propagation.Dues[0]))
		h.Change("sam@fabrikam.example", edit(ada, add(m1, licensing.BenefitsReader))) // locks M1
		step := h.advance(out.View.ID)
		same(t, "on A1; M1 is locked", []any{lines(step.View), h.Held(ada, a1)},
			[]any{[]string{"A1 done", "B1 refused R32", "M1 waiting"}, ""})
		work := must[[]licensing.OutboxEntry](t)(s.Outbox(t.Context(), step.Request))
		same(t, "the old admin is told (R70)", []any{len(work), work[0].User}, []any{1, ada})
		equal(t, "until they are started", h.advance(out.View.ID).Request, step.Request)
		if err := s.ClearOutbox(t.Context(), step.Request); err != nil {
			t.Fatal(err)
		}
		h.ActivatesChange(ada, m1)
		step = h.advance(out.View.ID)
		same(t, "done", []any{step.View.State, h.Held(ada, m1), h.Held(sam, m1)},
			[]any{licensing.HandOverDone, "benefits_reader", "administrator"})
		equal(t, "in the successor's name",
			h.Count(`SELECT COUNT(*) FROM audit
				WHERE action = 'handover' AND rule = 'R31' AND actor = ? AND user_id = ?`, sam, ada), 2)
		_, err = h.agree(out.View.ID, sam)
		wantRefusal(t, err, licensing.Conflict, "R32")
	})
}

func TestR32_AHandOverIsCancelledByEitherOfTheTwoAndExpiresByItself(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		ada, grace := h.ID("ada"), h.ID("grace")
		cancel := func(id licensing.RequestID, by licensing.UserID) (licensing.HandOverView, error) {
			return s.atTime(h.Now).CancelHandOver(t.Context(),
				licensing.HandOverCommand{Request: newRequest(), Org: h.Org, HandOver: id, By: by})
		}
		first := h.handOver("ada", ext("sam"), a1)
		_, err := cancel(first.View.ID, grace)
		wantRefusal(t, err, licensing.NotFound, "R43")
		v := must[licensing.HandOverView](t)(cancel(first.View.ID, ada))
		equal(t, "state", v.State, licensing.HandOverCancelled)
		h.Registers(first.People[0].User, "sam@fabrikam.example")
		_, err = h.agree(first.View.ID, first.People[0].User)
		wantRefusal(t, err, licensing.Conflict, "R32")

		second := h.handOver("ada", ext("kim"), a1)
		h.Now = h.Now.Add(licensing.HandOverWithin + 1)
		equal(t, "in the end", h.advance(second.View.ID).View.State, licensing.HandOverExpired)
		same(t, "who sees them",
			[]int{len(must[[]licensing.HandOverView](t)(h.HandOvers(t.Context(), h.Org, ada))),
				len(must[[]licensing.HandOverView](t)(h.HandOvers(t.Context(), h.Org, grace)))}, []int{2, 0})
	})
}

func TestR30_NobodyHandsOverToHimself(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		out := h.handOver("ada", licensing.PersonChange{SignIn: "ada@contoso.example"}, a1)
		same(t, "lines", []any{lines(out.View), out.View.State, out.Work},
			[]any{[]string{"A1 refused R30"}, licensing.HandOverDone, 0})
		equal(t, "rows", h.Count(`SELECT COUNT(*) FROM handovers`), 0)
	})
}

func TestR32_ARefusedLineIsToldToEachOfTheTwoInItsOwnWords(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		ada := h.ID("ada")
		out := h.handOver("ada", ext("sam"), a1, b1)
		sam := out.People[0].User
		h.Registers(sam, "sam@fabrikam.example")
		listed := func(by licensing.UserID) string {
			t.Helper()
			v := must[[]licensing.HandOverView](t)(h.HandOvers(t.Context(), h.Org, by))
			return v[0].Lines[1].Message
		}
		admin := "you aren't a direct, active administrator of License ID B1, so you can't hand it over"
		successor := "the administrator who hands over isn't a direct, active administrator of License ID B1"
		equal(t, "the answer", out.View.Lines[1].Message, admin)
		equal(t, "to the admin", listed(ada), admin)
		equal(t, "to the successor", listed(sam), successor)
		equal(t, "once agreed", must[licensing.HandOverView](t)(h.agree(out.View.ID, sam)).Lines[1].Message,
			successor)
	})
}
