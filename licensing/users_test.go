package licensing

import (
	"errors"
	"strings"
	"testing"
)

func TestR40_TheFilterOfTheList(t *testing.T) {
	long := strings.Repeat("ü", MaxName)
	for _, c := range []struct {
		name     string
		in, want UserFilter
		field    string // "": taken
	}{
		{"nothing is the first page of everybody", UserFilter{}, UserFilter{Limit: UsersOnPage}, ""},
		{"a search has no case and no blanks around it", UserFilter{Query: "  Ada "},
			UserFilter{Query: "ada", Limit: UsersOnPage}, ""},
		{"256 characters can be searched for, whatever their bytes", UserFilter{Query: long},
			UserFilter{Query: long, Limit: UsersOnPage}, ""},
		{"257 can't", UserFilter{Query: long + "ü"}, UserFilter{}, "q"},
		{"bytes that are no UTF-8 can't", UserFilter{Query: "ad\xff"}, UserFilter{}, "q"},
		{"a NUL can't", UserFilter{Query: "a\x00"}, UserFilter{}, "q"},
		{"License ID and role are read into their canonical form",
			UserFilter{License: " a-1", Role: "Download", Status: StatusFailed},
			UserFilter{License: "A-1", Role: ProductDownloadManager, Status: StatusFailed,
				Limit: UsersOnPage}, ""},
		{"an unknown status is refused", UserFilter{Status: "done"}, UserFilter{}, "status"},
		{"a bad License ID is refused", UserFilter{License: "a 1"}, UserFilter{}, "license_id"},
		{"an unknown role is refused", UserFilter{Role: "owner"}, UserFilter{}, "role"},
		{"200 are the most on a page", UserFilter{Limit: MaxUsers}, UserFilter{Limit: MaxUsers}, ""},
		{"201 are too many", UserFilter{Limit: MaxUsers + 1}, UserFilter{}, "limit"},
		{"fewer than none is refused", UserFilter{Limit: -1}, UserFilter{}, "limit"},
		{"the cursor stays as it is", UserFilter{Cursor: " aB="},
			UserFilter{Cursor: " aB=", Limit: UsersOnPage}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.in.Check()
			if c.field == "" {
				if err != nil || got != c.want {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || e.Kind != Invalid || e.Field != c.field {
				t.Errorf("got %v", err)
			}
		})
	}
}
