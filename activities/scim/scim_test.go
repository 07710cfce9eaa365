package scim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"vlroles/licensing"
)

// scimServer answers pages of at most size people.
func scimServer(
	t *testing.T, people []map[string]any, size int,
	change func(w http.ResponseWriter, r *http.Request, page map[string]any) bool,
) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/scim/o%2F1/Users" && r.URL.EscapedPath() != "/scim/o%2F1/Users" ||
			r.Header.Get("Authorization") != "Bearer secret-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		start, err := strconv.Atoi(r.URL.Query().Get("startIndex"))
		if err != nil || start < 1 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		from := min(start-1, len(people))
		page := map[string]any{"totalResults": len(people),
			"Resources": people[from:min(from+size, len(people))]}
		if change != nil && change(w, r, page) {
			return
		}
		if err := json.NewEncoder(w).Encode(page); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	d, err := New(s.URL+"/scim/", "secret-token")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func person(id, email string, more ...any) map[string]any {
	p := map[string]any{"id": id, "userName": email, "displayName": "Name of " + id, "active": true}
	for n := 0; n < len(more); n += 2 {
		p[more[n].(string)] = more[n+1]
	}
	return p
}

func TestR84_R47_ADirectoryIsReadWholePageByPageByItsUserNames(t *testing.T) {
	var people []map[string]any
	for n := range 7 {
		people = append(people, person(fmt.Sprintf("o-%d", n), fmt.Sprintf("p%d@contoso.example", n)))
	}
	mail := []any{map[string]any{"value": "x@contoso.example", "primary": true}}
	people = append(people,
		person("gone", "gone@contoso.example", "active", false),
		person("robot", "login", "emails", mail),
		person("internal", "ada@contoso.example", "externalId", "o-x", "emails", mail, "displayName", "", "name",
			map[string]any{"givenName": "Ada", "familyName": "Lovelace"}))
	got, err := scimServer(t, people, 3, nil).People(t.Context(), "o/1")
	if err != nil || len(got) != 9 {
		t.Fatalf("%d, %v", len(got), err)
	}
	want := (licensing.DirectoryPerson{ObjectID: "o-x", Email: "ada@contoso.example", Name: "Ada Lovelace"})
	if got[8] != want {
		t.Errorf("R47: the sign-in name is %+v", got[8])
	}
	if got[7].Email != "" {
		t.Errorf("R47: an address that people can edit was taken as the sign-in name: %+v", got[7])
	}
	none, err := scimServer(t, nil, 3, nil).People(t.Context(), "o/1")
	if err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
}

func TestR84_ADirectoryThatCanNotBeReadWholeIsAnErrorAndNeverAPart(t *testing.T) {
	four := []map[string]any{person("a", "a@x.example"), person("b", "b@x.example"),
		person("c", "c@x.example"), person("d", "d@x.example")}
	answer := func(status int) func(http.ResponseWriter, *http.Request, map[string]any) bool {
		return func(w http.ResponseWriter, r *http.Request, _ map[string]any) bool {
			if r.URL.Query().Get("startIndex") == "1" {
				return false
			}
			w.WriteHeader(status)
			return true
		}
	}
	for name, c := range map[string]struct {
		people []map[string]any
		change func(http.ResponseWriter, *http.Request, map[string]any) bool
		says   string
	}{
		"the second page fails":     {four, answer(500), "answers 500"},
		"the second page is busy":   {four, answer(429), "answers 429"},
		"the token is refused":      {four, answer(403), "VL_DIRECTORY_TOKEN"},
		"the second page redirects": {four, answer(302), "answers 302"},
		"the total changes": {four, func(_ http.ResponseWriter, r *http.Request, p map[string]any) bool {
			if r.URL.Query().Get("startIndex") != "1" {
				p["totalResults"] = 5
			}
			return false
		}, "changed while"},
		"somebody is gone and another is new, of the same total": {four,
			func(_ http.ResponseWriter, r *http.Request, p map[string]any) bool {
				if r.URL.Query().Get("startIndex") != "1" {
					p["Resources"] = []any{person("c", "c@x.example"), person("e", "e@x.example")}
				}
				return false
			}, "changed while"},
		"a page is empty": {four, func(_ http.ResponseWriter, r *http.Request, p map[string]any) bool {
			if r.URL.Query().Get("startIndex") != "1" {
				p["Resources"] = []any{}
			}
			return false
		}, "don't make up the whole"},
		"there are more people than the total": {four,
			func(_ http.ResponseWriter, _ *http.Request, p map[string]any) bool {
				p["totalResults"] = 1
				return false
			}, "don't make up the whole"},
		"a huge total": {four, func(_ http.ResponseWriter, _ *http.Request, p map[string]any) bool {
			p["totalResults"] = 1 << 30
			return false
		}, "at most"},
		"no list": {four, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
			_, _ = w.Write([]byte("<html>"))
			return true
		}, "no SCIM list"},
		"a page without end": {four, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
			_, _ = w.Write([]byte(strings.Repeat(" ", maxResponse+1)))
			return true
		}, "8 MiB"},
		"somebody twice": {append(four[:3:3], person("a", "z@x.example")), nil, "changed while"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := scimServer(t, c.people, 2, c.change).People(t.Context(), "o/1")
			if err == nil || got != nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, %v", got, err)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "@") {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
	for _, bad := range []string{
		"", "ftp://x.example", "https://user:pw@x.example", "https://x.example?q=1",
	} {
		if _, err := New(bad, ""); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	d, _ := New("https://x.example", "secret-token")
	if strings.Contains(fmt.Sprintf("%+v %#v", d, d), "secret-token") {
		t.Error("the token can be printed")
	}
}

func TestR84_AnOddEntryDoesNotKeepTheDirectoryFromBeingRead(t *testing.T) {
	got, err := scimServer(t, []map[string]any{person("a", "a@x.example"), person("z", "A@x.example"),
		person("", "b@x.example"), person("y", "c@x.example", "externalId", "a")}, 3, nil).People(t.Context(), "o/1")
	if err != nil || len(got) != 4 {
		t.Fatalf("%v, %v", got, err)
	}
}
