// Package vlroles_test checks what stands in the module's root: the files that deployments start from.
package vlroles_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"vlroles/config"
)

const linkKey = "k1:YSB0ZXN0J3Mga2V5IGlzIG5vIHNlY3JldCBhdCBhbGw="

// secrets is a filled-in .env.
func secrets() types.Mapping {
	return types.Mapping{"POSTGRES_PASSWORD": "test", "VL_LINK_KEYS": linkKey}
}

func load(env types.Mapping) (*types.Project, error) {
	text, err := os.ReadFile("docker-compose.yml")
	if err != nil {
		return nil, err
	}
	return loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  ".",
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml", Content: text}},
		Environment: env,
	})
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(secrets())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheComposeFileHasTheServicesAndBindsThisMachineOnly(t *testing.T) {
	p := project(t)
	for _, name := range []string{"postgres", "temporal", "temporal-ui", "mail", "migrate", "worker"} {
		if _, err := p.GetService(name); err != nil {
			t.Error(err)
		}
	}
	for name, s := range p.Services {
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is bound to %q", name, port.Published, port.HostIP)
			}
		}
		if _, tag, ok := strings.Cut(s.Image, ":"); s.Build == nil && (!ok || tag == "latest") {
			t.Errorf("%s: image %q has no version", name, s.Image)
		}
	}
}

func TestTheComposeFileRestartsAndChecksEveryService(t *testing.T) {
	for name, s := range project(t).Services {
		if s.Restart == "" {
			t.Errorf("%s: no restart policy", name)
		}
		if name == "migrate" {
			continue // it ends
		}
		if s.HealthCheck == nil || len(s.HealthCheck.Test) == 0 || s.HealthCheck.Disable {
			t.Errorf("%s: no healthcheck", name)
		}
		for other, d := range s.DependsOn {
			if d.Condition == types.ServiceConditionStarted {
				t.Errorf("%s: starts when %s has started, whether that works or not", name, other)
			}
		}
	}
}

func TestTheComposeFileStartsWithNoSecretMissing(t *testing.T) {
	example, err := os.ReadFile(".env.example")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for line := range strings.Lines(string(example)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			named = append(named, name)
			if value != "" {
				t.Errorf(".env.example: %s has a value, which somebody would keep", name)
			}
		}
	}
	slices.Sort(named)
	if want := slices.Sorted(maps.Keys(secrets())); !slices.Equal(named, want) {
		t.Errorf(".env.example names %q, the compose file needs %q", named, want)
	}
	for name := range secrets() {
		env := secrets()
		delete(env, name)
		if _, err := load(env); err == nil {
			t.Errorf("without %s it starts", name)
		}
	}
}

func TestTheComposeFileGivesTheWorkerAnEnvironmentThatItTakes(t *testing.T) {
	p := project(t)
	var names []string
	for _, v := range config.Describe() {
		names = append(names, v.Name)
		if v.Secret {
			names = append(names, v.Name+"_FILE")
		}
	}
	for name, who := range map[string]config.Process{"worker": config.Worker, "migrate": config.Commands} {
		s, err := p.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		for variable := range s.Environment {
			if !slices.Contains(names, variable) {
				t.Errorf("%s: %s is no variable of ours", name, variable)
			}
		}
		_, err = config.Load(settings(t, name), who)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// settings looks up what the compose file gives a service, without some variables.
func settings(t *testing.T, service string, without ...string) func(string) (string, bool) {
	t.Helper()
	s, err := project(t).GetService(service)
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range without {
		delete(s.Environment, variable)
	}
	return func(variable string) (string, bool) {
		v, ok := s.Environment[variable]
		if !ok || v == nil {
			return "", false
		}
		return *v, true
	}
}

func TestTheComposeFileNamesTheConnectionsOfItsPrivateNetworkThatAreNotVerified(t *testing.T) {
	_, err := config.Load(settings(t, "worker", "VL_ALLOW_UNVERIFIED"), config.Worker)
	var faults config.Faults
	if !errors.As(err, &faults) || len(faults) != 3 {
		t.Fatalf("without the names: %v", err)
	}
	for _, name := range []string{"database", "temporal", "smtp"} {
		if !strings.Contains(err.Error(), "VL_ALLOW_UNVERIFIED="+name) {
			t.Errorf("%s needs no name: %v", name, err)
		}
	}
}

func TestTheWorkerIsGivenLongerToStopThanItMayTake(t *testing.T) {
	s, err := project(t).GetService("worker")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(func(n string) (string, bool) {
		return map[string]string{"VL_LINK_KEYS": linkKey}[n], true
	}, config.Worker)
	if err != nil {
		t.Fatal(err)
	}
	if s.StopGracePeriod == nil || int64(*s.StopGracePeriod) <= int64(c.StopTimeout) {
		t.Fatalf("grace %v, the worker may take %s", s.StopGracePeriod, c.StopTimeout)
	}
}
