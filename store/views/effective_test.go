package views_test

import (
	"testing"

	"vlroles/licensing"
)

func TestR60_WhoseAdministratorIsNotEffectiveYetHasNoAgreementsToChooseFrom(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Invite("ada", "bob", add(a1, licensing.Administrator))
		registered := h.Registers(bob, "bob@fabrikam.example")
		for _, inherited := range []bool{false, true} {
			lines := must[[]licensing.AgreementLine](t)(h.Agreements(t.Context(), h.Org, bob, inherited))
			equal(t, "agreements while the role is in progress", len(lines), 0)
		}
		h.Activates(registered)
		lines := must[[]licensing.AgreementLine](t)(h.Agreements(t.Context(), h.Org, bob, false))
		equal(t, "agreements once it is effective", len(lines), 1)
	})
}
