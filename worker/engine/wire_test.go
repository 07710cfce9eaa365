package engine

import (
	"context"
	"reflect"
	"testing"

	"vlroles/activities"
	"vlroles/workflows"
)

// registered returns every activity of the engine by name, with its function's type.
func registered() map[string]reflect.Type {
	a := steps{
		requests: &activities.Requests{}, downstream: &activities.Downstream{},
		directories: &activities.Directories{}, mails: &activities.Mails{},
	}
	all := map[string]reflect.Type{
		"SendMail":   reflect.TypeOf(a.mails.SendMail),
		"GiveUpMail": reflect.TypeOf(a.mails.GiveUpMail),
	}
	for _, some := range a.onQueue() {
		v := reflect.ValueOf(some)
		if v.Kind() != reflect.Pointer {
			continue // GiveUpMail
		}
		for m := range v.Type().Methods() {
			all[m.Name] = v.MethodByName(m.Name).Type()
		}
	}
	return all
}

func TestWorkflowsNameTheActivitiesThatTheEngineRegisters(t *testing.T) {
	all := registered()
	for _, a := range workflows.Activities() {
		f, ok := all[a.Name]
		if !ok {
			t.Errorf("%s is named by workflows and not registered", a.Name)
			continue
		}
		delete(all, a.Name)
		in := []reflect.Type{reflect.TypeFor[context.Context](), a.In}
		out := []reflect.Type{reflect.TypeFor[error]()}
		if a.Out != nil {
			out = []reflect.Type{a.Out, reflect.TypeFor[error]()}
		}
		if want := reflect.FuncOf(in, out, false); f != want {
			t.Errorf("%s is %s, and workflows call it as %s", a.Name, f, want)
		}
	}
	for name := range all {
		t.Errorf("%s is registered and no workflow names it", name)
	}
}
