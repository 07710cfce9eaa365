package workflows_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"vlroles/config"
	"vlroles/licensing"
	"vlroles/worker/engine/enginetest"
	"vlroles/workflows"
)

// tenant is a SCIM service with people by object id.
type tenant struct {
	mu     sync.Mutex
	people map[string]string
}

func (x *tenant) has(people map[string]string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.people = people
}

func (x *tenant) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []map[string]any
	for id, email := range x.people {
		all = append(all, map[string]any{"id": id, "userName": email, "displayName": "Name of " + id})
	}
	_ = json.NewEncoder(w).
		Encode(map[string]any{"totalResults": len(all), "Resources": all})
	// the caller may have gone
}

func TestR84_AScheduledComparisonFindsWhatAnEventHasMissed(t *testing.T) {
	t.Parallel()
	x := &tenant{people: map[string]string{"alex": "alex@contoso.example", "noor": "noor@contoso.example"}}
	web := httptest.NewServer(x)
	t.Cleanup(web.Close)
	s := enginetest.New(t, enginetest.Options{Config: func(c *config.Config) { c.DirectoryURL = web.URL }})
	if err := s.Flows.CompareDirectories(s.Ctx(), time.Hour); err != nil {
		t.Fatal(err)
	}
	// once more, with another interval
	if err := s.Flows.CompareDirectories(s.Ctx(), 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	schedule := s.Client.ScheduleClient().GetHandle(s.Ctx(), workflows.CompareID)
	d, err := schedule.Describe(s.Ctx())
	if err != nil || d.Schedule.Spec.Intervals[0].Every != 2*time.Hour {
		t.Fatalf("%+v, %v", d, err)
	}
	compare := func() {
		t.Helper()
		if err := schedule.Trigger(s.Ctx(), client.ScheduleTriggerOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	known := func(n int) {
		t.Helper()
		s.Until("the comparison", func() bool {
			all, err := s.Rows.Present(s.Ctx(), s.Org)
			return err == nil && len(all) == n
		})
	}
	compare()
	known(2)
	_, people := s.Save(
		licensing.PersonChange{SignIn: "noor@contoso.example",
			Access: []licensing.AccessChange{enginetest.Add("E1")}},
	)
	noor := people[0].User
	if _, err := s.Flows.Register(s.Ctx(),
		s.Registration(s.Mail("noor@contoso.example", "welcome", 1), "noor@contoso.example")); err != nil {
		t.Fatal(err)
	}
	active(t, s, noor, "E1", licensing.DownloadSoftware)

	x.has(map[string]string{"alex": "alex@contoso.example"}) // no event tells of it
	s.Closed(workflows.CompareID + "/" + string(s.Org))
	s.Until("the next run to start", func() bool {
		compare()
		return !may(t, s, noor, "E1", licensing.DownloadSoftware).Allowed
	})
	known(1)
	h, status := s.Closed(workflows.CompareID + "/" + string(s.Org))
	completed(t, status)
	kept(t, "directory-comparison-once", h)
	if err := s.Flows.CompareDirectories(s.Ctx(), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Flows.CompareDirectories(s.Ctx(), 0); err != nil { // there is none any more
		t.Fatal(err)
	}
}
