package rows

import (
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"vlroles/licensing"
)

func TestATimestampIsUTCWithMicrosecondsAndZeroIsNull(t *testing.T) {
	berlin := time.FixedZone("Berlin", 3600)
	at := time.Date(2026, 3, 2, 10, 0, 0, 123456789, berlin)
	for name, c := range map[string]struct {
		in   time.Time
		want any
	}{
		"a time of another zone": {at, "2026-03-02T09:00:00.123456Z"},
		"a whole second": {time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
			"2026-03-02T09:00:00.000000Z"},
		"the zero time": {time.Time{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := At(c.in).Value()
			if err != nil || got != c.want {
				t.Fatalf("got %v, %v, want %v", got, err, c.want)
			}
			var back Timestamp
			if err := back.Scan(got); err != nil || back != At(c.in) {
				t.Errorf("read back as %v, %v", back, err)
			}
		})
	}
}

func TestWhatADatabaseGivesIsReadOrRefused(t *testing.T) {
	nine := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var ts Timestamp
	for _, v := range []any{nine.In(time.FixedZone("Berlin", 3600)), "2026-03-02T09:00:00.000000Z"} {
		if err := ts.Scan(v); err != nil || ts != (Timestamp{nine}) {
			t.Errorf("%v: got %v, %v", v, ts, err)
		}
	}
	var text NullString
	for v, want := range map[any]NullString{"a": "a", nil: ""} {
		if err := text.Scan(v); err != nil || text != want {
			t.Errorf("%v: got %q, %v", v, text, err)
		}
	}
	if err := text.Scan([]byte("b")); err != nil || text != "b" {
		t.Errorf("got %q, %v", text, err)
	}
	for _, v := range []any{7, "Monday"} {
		if ts.Scan(v) == nil {
			t.Errorf("%v was read as a time", v)
		}
	}
	if text.Scan(7) == nil {
		t.Error("7 was read as a text")
	}
}

func TestAnEmptyTextIsNull(t *testing.T) {
	for in, want := range map[NullString]any{"": nil, "a": "a"} {
		if got, err := in.Value(); err != nil || got != want {
			t.Errorf("%q: got %v, %v", in, got, err)
		}
	}
}

func TestNoRowsIsNotFoundAndAnythingElseStaysAFault(t *testing.T) {
	fault := errors.New("the database is away")
	if got := Missing(sql.ErrNoRows, "mail"); licensing.KindOf(got) != licensing.NotFound {
		t.Errorf("got %v", got)
	}
	for _, err := range []error{fault, nil} {
		if got := Missing(err, "mail"); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
	if got := MissingUser(fault); got != fault {
		t.Errorf("got %v", got)
	}
	if got := MissingUser(nil); licensing.KindOf(got) != licensing.NotFound {
		t.Errorf("got %v", got)
	}
}

func TestUniqueSortsACopy(t *testing.T) {
	in := []licensing.LicenseID{"B", "A", "B"}
	if got := Unique(in); !slices.Equal(got, []licensing.LicenseID{"A", "B"}) || in[0] != "B" {
		t.Errorf("got %v, and %v is left", got, in)
	}
}

func TestTheDigestTellsRequestsApartByEachOfTheirParts(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range []struct {
		org     licensing.OrgID
		by      licensing.UserID
		action  licensing.AuditAction
		content string
	}{
		{"o", "u", "k", "c"}, {"p", "u", "k", "c"}, {"o", "v", "k", "c"},
		{"o", "u", "l", "c"}, {"o", "u", "k", "d"}, {"ou", "", "k", "c"},
	} {
		d, err := Digest(r.action, r.org, r.by, r.content)
		if err != nil || seen[d] {
			t.Errorf("%v: %s, %v", r, d, err)
		}
		seen[d] = true
	}
	if _, err := Digest("k", "o", "u", func() {}); err == nil {
		t.Error("what can't be written has no digest")
	}
}
