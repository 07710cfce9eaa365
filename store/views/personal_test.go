package views_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/views"
)

func TestL10_APersonsDataIsExportedWholeAndNobodyElsesWithIt(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.Change("ada", ext("kim", add(a1, licensing.BenefitsReader)), ext("pat", add(a1, licensing.BenefitsReader)))
		kim := h.Joins("kim")
		out, err := h.PersonalData(t.Context(), h.Org, kim)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"kim@fabrikam.example", "Contoso", "benefits_reader", `"kind":"welcome"`} {
			if !strings.Contains(string(text), want) {
				t.Errorf("the export lacks %s", want)
			}
		}
		for _, others := range []string{"pat", "ada@", "Ada"} {
			if strings.Contains(string(text), others) {
				t.Errorf("the export holds %s", others)
			}
		}
		for _, table := range []string{"users", "assignments", "grants", "invitations", "mails", "audit"} {
			if len(out.Tables[table]) == 0 {
				t.Errorf("nothing of table %s", table)
			}
		}
	})
}

func TestR43_NobodyIsExportedWhomTheOrganizationDoesNotHave(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		other := h.other()
		other.TakeIn(licensing.Intake{Name: "Fabrikam"})
		for name, ask := range map[string]struct {
			org  licensing.OrgID
			user licensing.UserID
		}{
			"nobody":               {h.Org, licensing.UserID(uuid.NewString())},
			"no id":                {h.Org, "kim"},
			"another's user":       {other.Org, h.ID("ada")},
			"no organization's":    {licensing.OrgID(uuid.NewString()), h.ID("ada")},
			"no organization's id": {"contoso", h.ID("ada")},
		} {
			_, err := h.PersonalData(t.Context(), ask.org, ask.user)
			if licensing.KindOf(err) != licensing.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestL10_EveryTableThatKnowsPeopleIsExported makes whoever adds a table decide whether it is a person's.
func TestL10_EveryTableThatKnowsPeopleIsExported(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		without := []string{ // no column of a person, or the lines of what is exported
			"organizations", "organization_domains", "agreements", "handover_lines", "goose_db_version",
			"mailboxes", // digests to lock by; the mails that they are of are exported
		}
		for _, table := range h.Tables() {
			if slices.Contains(without, table) == slices.Contains(views.PersonalTables(), table) {
				t.Errorf("table %s: export it for its person in personal.go, or say here why not", table)
			}
		}
	})
}
