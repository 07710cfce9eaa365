package activities

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// directory is a KnownDirectories and a Tenant.
type directory struct {
	known, there []licensing.DirectoryPerson
	limit        int
	err          error
}

func (d *directory) Present(context.Context, licensing.OrgID) ([]licensing.DirectoryPerson, error) {
	return d.known, nil
}

func (d *directory) OrganizationsAfter(
	_ context.Context,
	after licensing.OrgID,
	limit int,
) ([]licensing.OrgID, error) {
	d.limit = limit
	return []licensing.OrgID{after + "1"}, d.err
}

func (d *directory) People(context.Context, licensing.OrgID) ([]licensing.DirectoryPerson, error) {
	return d.there, d.err
}

// people are n people of a directory, from the first on.
func people(first, n int) (out []licensing.DirectoryPerson) {
	for i := first; i < first+n; i++ {
		id := "o-" + strconv.Itoa(i)
		out = append(out, licensing.DirectoryPerson{
			ObjectID: licensing.ObjectID(id), Email: licensing.Email(id + "@contoso.example"),
			Name: "Name of " + id,
		})
	}
	return out
}

func (d *directory) compare(t *testing.T) (licensing.DirectoryChange, error) {
	t.Helper()
	a := &Directories{Known: d, Tenant: d, Log: slog.New(slog.DiscardHandler)}
	return a.Differences(t.Context(), "org")
}

func TestR84_AComparisonFindsWhoCameAndWhoLeft(t *testing.T) {
	d := &directory{known: people(0, 20), there: people(1, 20)}
	change, err := d.compare(t)
	if err != nil || len(change.People) != 2 || change.ID == "" || change.Org != "org" {
		t.Fatalf("%+v, %v", change, err)
	}
	left := 0
	for _, p := range change.People {
		if p.Left {
			left++
		}
	}
	if left != 1 {
		t.Errorf("%d people left, want 1", left)
	}
	again, err := d.compare(t)
	if err != nil || again.ID == change.ID {
		t.Errorf("two comparisons have the request id %s", again.ID)
	}
}

func TestR84_AComparisonWithoutADifferenceChangesNobody(t *testing.T) {
	d := &directory{known: people(0, 3), there: people(0, 3)}
	if change, err := d.compare(t); err != nil || len(change.People) != 0 {
		t.Errorf("%+v, %v", change, err)
	}
}

func TestR84_AComparisonRecordsNoMorePeopleThanOneRequestMay(t *testing.T) {
	d := &directory{there: people(0, licensing.MaxDirectory+1)}
	if change, err := d.compare(t); err != nil || len(change.People) != licensing.MaxDirectory {
		t.Errorf("%d people, %v", len(change.People), err)
	}
}

func TestR84_AComparisonThatWouldRemoveTooManyIsRefusedForGood(t *testing.T) {
	d := &directory{known: people(0, 100), there: people(0, 50)}
	_, err := d.compare(t)
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || !app.NonRetryable() || refusal.Decode(err) == nil {
		t.Errorf("ends with %v", err)
	}
}

func TestATenantThatDoesNotAnswerIsAskedAgain(t *testing.T) {
	d := &directory{err: errors.New("it answers 503")}
	if _, err := d.compare(t); !errors.Is(err, d.err) {
		t.Errorf("ends with %v", err)
	}
}

func TestAWorkerWithoutADirectorySaysWhichVariableToSet(t *testing.T) {
	a := &Directories{Known: &directory{}}
	_, err := a.Differences(t.Context(), "org")
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || !app.NonRetryable() || app.Type() != "NoDirectory" {
		t.Errorf("ends with %v", err)
	}
}

func TestOrganizationsAreListedAsManyAsOneRunGoesThrough(t *testing.T) {
	d := &directory{}
	orgs, err := (&Directories{Known: d}).Organizations(t.Context(), "a")
	if err != nil || len(orgs) != 1 || orgs[0] != "a1" || d.limit != licensing.OrganizationsPerRun {
		t.Errorf("%v, %d, %v", orgs, d.limit, err)
	}
}
