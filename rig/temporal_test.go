package rig

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

func TestATemporalServerOnAFileKeepsItsWorkflowsOverItsEnd(t *testing.T) {
	cases := map[string]func(*Temporal){
		"stopped as an operator does": (*Temporal).Stop,
		"killed":                      (*Temporal).Kill,
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := StartTemporal(t.Context(),
				TemporalOptions{Dir: t.TempDir(), Attributes: attributes, Progress: os.Stderr})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Kill()
			where := s.HostPort()
			beginWorkflow(t, s.Dial(t), "kept")
			end(s)
			if err := s.Start(soon(t)); err != nil {
				t.Fatal(err)
			}
			if s.HostPort() != where {
				t.Errorf("it moved from %s to %s", where, s.HostPort())
			}
			d, err := s.Dial(t).DescribeWorkflowExecution(soon(t), "kept", "")
			if err != nil {
				t.Fatal(err)
			}
			got := d.GetWorkflowExecutionInfo().GetStatus()
			if got != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
				t.Error(got)
			}
			if d.GetWorkflowExecutionInfo().GetSearchAttributes().GetIndexedFields()["VlStatus"] == nil {
				t.Error("the search attribute is lost")
			}
		})
	}
}

// attributes are search attributes of any product.
var attributes = map[string]string{"VlStatus": "Keyword", "VlDueAt": "Datetime"}

// beginWorkflow starts one that nobody works on.
func beginWorkflow(t *testing.T, c client.Client, id string) {
	t.Helper()
	_, err := c.ExecuteWorkflow(soon(t), client.StartWorkflowOptions{
		ID: id, TaskQueue: "nobody",
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("VlStatus").ValueSet("waiting")),
	}, "Nothing")
	if err != nil {
		t.Fatal(err)
	}
}

func TestARunningTemporalServerIsNotStartedAgain(t *testing.T) {
	s, err := StartTemporal(t.Context(), TemporalOptions{Attributes: attributes, Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	beginWorkflow(t, s.Dial(t), "in memory")
	if err := s.Start(soon(t)); err == nil {
		t.Fatal("it was started twice")
	}
}

func TestATemporalServerThatEndsAtOnceSaysWhy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "temporal")
	err := os.WriteFile(path, []byte("#!/bin/sh\necho no licence to run >&2\nexit 1\n"), 0o700)
	if err != nil {
		t.Fatal(err)
	}
	_, err = StartTemporal(soon(t), TemporalOptions{Binary: path})
	if !errors.Is(err, errEndedAtOnce) || !strings.Contains(err.Error(), "no licence to run") {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	_, err = StartTemporal(soon(t), TemporalOptions{Binary: path, Port: 1, LogFile: log})
	if !errors.Is(err, errEndedAtOnce) {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(log); err != nil || string(text) != "no licence to run\n" {
		t.Fatalf("%q %v", text, err)
	}
}

func TestATemporalServerThatIsMissingIsSaidToBe(t *testing.T) {
	_, err := StartTemporal(soon(t), TemporalOptions{Binary: filepath.Join(t.TempDir(), "none")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

func TestTheTemporalServersCommandLine(t *testing.T) {
	cases := map[string]struct {
		o             TemporalOptions
		with, without []string
	}{
		"in memory, without a UI": {
			with: []string{"--headless"}, without: []string{"--db-filename", "--ui-port"},
		},
		"with a UI on this machine alone": {
			o: TemporalOptions{UI: true}, with: []string{"--ui-ip 127.0.0.1", "--ui-port 8"},
			without: []string{"--headless"},
		},
		"a file is written ahead": {
			o: TemporalOptions{Dir: "d"},
			with: []string{"--db-filename " + filepath.Join("d", "temporal.db"),
				"--sqlite-pragma journal_mode=wal", "--sqlite-pragma synchronous=normal"},
		},
		"organizations are served in turn": {
			with: []string{"matching.enableFairness=true", "matching.useNewMatcher=true"},
		},
		"a setting takes the place of ours": {
			o: TemporalOptions{
				DynamicConfig: map[string]string{"matching.enableFairness": "false", "x.y": "7"},
			},
			with:    []string{"matching.enableFairness=false", "--dynamic-config-value x.y=7"},
			without: []string{"matching.enableFairness=true"},
		},
		"search attributes have their types": {
			o:    TemporalOptions{Attributes: attributes},
			with: []string{"--search-attribute VlDueAt=Datetime", "--search-attribute VlStatus=Keyword"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			line := strings.Join((&Temporal{o: c.o, ui: 8}).arguments(), " ")
			for _, s := range append(c.with, "--ip 127.0.0.1") {
				if !strings.Contains(line, s) {
					t.Errorf("no %s in %s", s, line)
				}
			}
			for _, s := range c.without {
				if strings.Contains(line, s) {
					t.Errorf("%s in %s", s, line)
				}
			}
		})
	}
}

func TestABuildIsAnnouncedWhenItTakesTime(t *testing.T) {
	cases := map[string]struct {
		took time.Duration
		said []string
	}{
		"a server that is there": {time.Second, nil},
		"a short build":          {10 * time.Second, []string{"Building", "built in 10s"}},
		"a long build": {50 * time.Second,
			[]string{"Building", "still building, 26s", "still building, 46s", "built in 50s"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				stop := announce(&out)
				time.Sleep(c.took) // of the bubble's clock
				stop()
				lines := slices.Collect(strings.Lines(out.String()))
				if len(lines) != len(c.said) {
					t.Fatalf("%q", lines)
				}
				for i, s := range c.said {
					if !strings.Contains(lines[i], s) {
						t.Errorf("%q doesn't say %q", lines[i], s)
					}
				}
			})
		})
	}
}

func TestASecondLookFindsTheServerBuilt(t *testing.T) {
	first, err := TemporalBinary(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	second, err := TemporalBinary(soon(t), nil)
	if err != nil || first != second {
		t.Fatal(first, second, err)
	}
	if _, err := exec.LookPath(second); err != nil {
		t.Fatal(err)
	}
}
