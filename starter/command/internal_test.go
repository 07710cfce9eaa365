package command

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"vlroles/config"
	"vlroles/licensing"
)

func TestTheExitCodeSaysWhatKindOfErrorItIs(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want int
	}{

		{"a fault", errors.New("disk full"), ExitFault},
		{"a mistake in the command line", Usage(errors.New("--as is required")), ExitUsage},
		{"a wrong environment", config.Faults{{Variable: "VL_PORT", Rule: "a number"}}, ExitUsage},
		{"an input that breaks a rule of form", licensing.Refuse(licensing.Invalid, "R66", "no email"),
			ExitUsage},
		{"a refusal, wrapped", fmt.Errorf("save: %w", licensing.Refuse(licensing.Forbidden, "R05", "no")),
			ExitRefused},

		{"a part that doesn't answer", licensing.Refuse(licensing.Unavailable, "", "Temporal is away"),
			ExitUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := failureOf(c.err).code; got != c.want {
				t.Errorf("%d, expected %d", got, c.want)
			}
		})
	}
}

func TestADayIsItsEndAndATimeItself(t *testing.T) {
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ name, in, want string }{
		{"nothing is now", "", "2026-04-01T12:00:00Z"},
		{"a day is its last microsecond", "2026-03-31", "2026-03-31T23:59:59.999999Z"},
		{"a time is itself", "2026-03-31T15:00:00+02:00", "2026-03-31T15:00:00+02:00"},
		{"a word is wrong input", "tomorrow", ""},
		{"a day that the calendar lacks is wrong input", "2026-02-30", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readTime(c.in, now)
			if (err != nil) != (c.want == "") || err == nil && got.Format(time.RFC3339Nano) != c.want {
				t.Errorf("%s %v, expected %s", got.Format(time.RFC3339Nano), err, c.want)
			}
		})
	}
}

func TestALargeOrganizationIsAppliedInPartsWithIDsOfTheirOwn(t *testing.T) {
	for _, c := range []struct {
		name               string
		people, agreements int
		want               string // people+agreements of each part
	}{
		{"an organization alone", 0, 0, "0+0"},
		{"the usual file", 3, 2, "3+2"},
		{"as much as one request takes", licensing.MaxDirectory, licensing.MaxAgreements,
			fmt.Sprintf("%d+%d", licensing.MaxDirectory, licensing.MaxAgreements)},
		{"a person too many", licensing.MaxDirectory + 1, 2,
			fmt.Sprintf("%d+0 1+0 0+2", licensing.MaxDirectory)},
		{"an agreement too many", 3, licensing.MaxAgreements + 1,
			fmt.Sprintf("3+0 0+%d 0+1", licensing.MaxAgreements)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := organizationFile{Directory: make([]directoryFile, c.people),
				Agreements: make([]agreementFile, c.agreements), InviteDays: 7}
			f.Organization.ID = "5B0C1C5E-7C0F-4A51-9A0E-2F9B6A1D0001"
			parts, err := f.parts()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range parts {
				got = append(got, fmt.Sprintf("%d+%d", len(p.Directory), len(p.Agreements)))
				if p.Org != "5b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d0001" || p.InviteFor != 7*24*time.Hour {
					t.Errorf("organization %s, %s to register", p.Org, p.InviteFor)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%v, expected %s", got, c.want)
			}
		})
	}
	a := &app{requestID: "0d5f7a52-6c1b-4f43-8d0e-3a7c5b1e9999"}
	first, second, third := a.partRequest(0), a.partRequest(1), a.partRequest(2)
	if first != licensing.RequestID(a.requestID) || second == third || second != a.partRequest(1) {
		t.Error("the parts' request IDs don't follow from --request-id alone")
	}
	one, other := (&app{}).partRequest(0), (&app{}).partRequest(0)
	if one == other {
		t.Error("without --request-id, a request ID was given twice")
	}
}

func TestMissingSearchAttributesAreAddedAndWrongOnesNamed(t *testing.T) {
	keyword, datetime := enumspb.INDEXED_VALUE_TYPE_KEYWORD, enumspb.INDEXED_VALUE_TYPE_DATETIME
	for _, c := range []struct {
		name  string
		known map[string]enumspb.IndexedValueType
		want  string
		fault string
	}{
		{"a new namespace lacks all", nil, "VlDueAt VlOrganization VlRequest VlStatus VlUser", ""},
		{"some are there", map[string]enumspb.IndexedValueType{"VlUser": keyword, "VlDueAt": datetime},
			"VlOrganization VlRequest VlStatus", ""},
		{"one has another type", map[string]enumspb.IndexedValueType{"VlDueAt": keyword}, "",
			"VlDueAt has the type Keyword, and must have Datetime"},
	} {
		t.Run(c.name, func(t *testing.T) {
			missing, err := missingAttributes(c.known)
			if got := strings.Join(slices.Sorted(maps.Keys(missing)), " "); got != c.want {
				t.Errorf("%q, expected %q (%v)", got, c.want, err)
			}
			if c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("%v, expected %q", err, c.fault)
			}
		})
	}
}

func TestOneThingIsSaidInTheSingular(t *testing.T) {
	for n, want := range map[int]string{0: "0 License IDs", 1: "1 License ID", 2: "2 License IDs"} {
		if got := licenses(n); got != want {
			t.Errorf("%q, expected %q", got, want)
		}
	}
}

func TestAVerdictIsALine(t *testing.T) {
	due := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		v    licensing.Verdict
		want string
	}{
		{"roles were added", licensing.Verdict{License: "E1", Outcome: licensing.Assigned,
			Added:  []licensing.Role{licensing.Administrator},
			Before: licensing.StatusActive, After: licensing.StatusAssignmentInProgress, DueAt: due},
			"E1: assigned, added Administrator (Active → Assignment in Progress), " +
				"effective from 2026-04-01 12:00 UTC"},
		{"roles were removed", licensing.Verdict{License: "E1", Outcome: licensing.Changed,
			Removed: []licensing.Role{licensing.InvoiceReader},
			Before:  licensing.StatusActive}, "E1: changed, removed Invoice Reader (Active → –)"},
		{"it was refused", licensing.Verdict{License: "E1", Outcome: licensing.Refused,
			Before: licensing.StatusActive,
			Error:  licensing.Refuse(licensing.Conflict, "R33", "the last one"), Advice: "Contact support."},
			"E1: refused: the last one (R33) Contact support."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := VerdictLine(c.v); got != c.want {
				t.Errorf("%q\nexpected %q", got, c.want)
			}
		})
	}
}

func TestEveryActionHasALabel(t *testing.T) {
	for _, s := range licensing.Statuses() {
		for _, registered := range []bool{true, false} {
			for _, a := range licensing.Actions(s, registered) {
				if actionLabels[a] == "" {
					t.Errorf("%s has none", a)
				}
			}
		}
	}
}

func TestAnIDIsTakenInEveryFormAndSentInOne(t *testing.T) {
	const id = "5b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d0001"
	for _, typed := range []string{id, strings.ToUpper(id), "urn:uuid:" + id, "{" + id + "}",
		strings.ReplaceAll(id, "-", "")} {
		a := &app{format: "text", requestID: typed}
		if err := a.checkFlags(); err != nil || a.request() != id {
			t.Errorf("--request-id %s: %v, %s", typed, err, a.request())
		}
		if c := (personFile{SignIn: typed}).change(); c.User != id || c.SignIn != "" {
			t.Errorf("--user %s is %+v", typed, c)
		}
	}
}
