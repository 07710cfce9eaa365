// Package scim reads who is in an organization's directory over SCIM 2.0.
package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vlroles/activities/outbound"
	"vlroles/licensing"
)

// Client reads {URL}/{organization}/Users over SCIM 2.0 (RFC 7644), page by page. It is safe for use by many
// goroutines. The token stands in a closure, where no print of the struct finds it.
type Client struct {
	url       string
	client    *http.Client
	authorize func(*http.Request)
}

// The bounds of one reading.
const (
	pageSize    = 200
	maxPeople   = 200_000
	maxResponse = 8 << 20
	timeout     = 30 * time.Second
)

// New checks the address; it calls nobody.
func New(base, token string) (*Client, error) {
	if err := outbound.CheckURL(base); err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	client := &http.Client{Transport: outbound.Transport(), Timeout: timeout,
		CheckRedirect: outbound.NoRedirect}
	return &Client{url: strings.TrimRight(base, "/"), client: client, authorize: func(r *http.Request) {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}}, nil
}

// userPage is one page of an answer.
type userPage struct {
	Total     int    `json:"totalResults"`
	Resources []user `json:"Resources"`
}

type user struct {
	ID         string `json:"id"`
	ExternalID string `json:"externalId"`
	UserName   string `json:"userName"`
	Display    string `json:"displayName"`
	Active     *bool  `json:"active"`
	Name       struct {
		Formatted string `json:"formatted"`
		Given     string `json:"givenName"`
		Family    string `json:"familyName"`
	} `json:"name"`
}

// People reads all pages. Whoever would be missing loses access, so a reading that may not be whole is an error
// and nothing is returned: a page without progress, a total that changes, an entry that comes twice. An entry
// that is odd by itself is returned as it is, and the rules leave it out (R84).
func (d *Client) People(ctx context.Context, org licensing.OrgID) ([]licensing.DirectoryPerson, error) {
	r := reading{total: -1, ids: map[string]bool{}}
	for r.total < 0 || r.read < r.total {
		page, err := d.page(ctx, org, max(r.read, 1))
		if err == nil {
			err = r.add(page)
		}
		if err != nil {
			return nil, fmt.Errorf("read directory: %w", err)
		}
	}
	return r.people, nil
}

// reading is what has been read of a directory so far.
type reading struct {
	people []licensing.DirectoryPerson
	ids    map[string]bool // of entries
	read   int             // entries
	total  int             // as the first page says; -1 before
	last   string          // the id of the last entry
}

var errChanged = errors.New("it changed while it was read")

// add takes a page. Each begins with the last entry of the one before, so that somebody who is slipped past
// by a change in between is noticed.
func (r *reading) add(page userPage) error {
	if r.read > 0 && len(page.Resources) > 0 {
		if page.Resources[0].ID != r.last {
			return errChanged
		}
		page.Resources = page.Resources[1:]
	}
	n := len(page.Resources)
	switch {
	case r.total >= 0 && page.Total != r.total:
		return errChanged
	case page.Total > maxPeople:
		return fmt.Errorf("it has %d people, at most %d are read", page.Total, maxPeople)
	case page.Total < 0 || n == 0 && r.read < page.Total || r.read+n > page.Total:
		return errors.New("its pages don't make up the whole")
	}
	r.total = page.Total
	r.read += n
	if n > 0 {
		r.last = page.Resources[n-1].ID
	}
	for _, u := range page.Resources {
		if err := r.addUser(u); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) addUser(u user) error {
	if r.ids[u.ID] {
		return errChanged
	}
	if u.ID != "" {
		r.ids[u.ID] = true
	}
	if u.Active == nil || *u.Active {
		r.people = append(r.people, u.person())
	}
	return nil
}

// person reads one entry. The sign-in name is userName alone: people may edit their other addresses (R47). One
// that is no address leaves none.
func (u user) person() (p licensing.DirectoryPerson) {
	p.ObjectID = licensing.ObjectID(u.ExternalID)
	if p.ObjectID == "" {
		p.ObjectID = licensing.ObjectID(u.ID)
	}
	if e, err := licensing.ParseEmail(u.UserName); err == nil {
		p.Email = e
	}
	names := []string{u.Display, u.Name.Formatted, u.Name.Given + " " + u.Name.Family, string(p.Email)}
	for _, name := range names {
		if p.Name == "" {
			p.Name = licensing.CleanName(name)
		}
	}
	return p
}

// page reads the people from the start-th on.
func (d *Client) page(ctx context.Context, org licensing.OrgID, start int) (userPage, error) {
	var page userPage
	query := url.Values{"startIndex": {strconv.Itoa(start)}, "count": {strconv.Itoa(pageSize)},
		"attributes": {"id,externalId,userName,displayName,active,name"}}
	address := d.url + "/" + url.PathEscape(string(org)) + "/Users?" + query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return page, errors.New("the address can't be made")
	}
	r.Header.Set("Accept", "application/scim+json, application/json")
	d.authorize(r)
	resp, err := d.client.Do(r)
	if err != nil {
		return page, errors.New(outbound.Unreached("the directory", err))
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	switch {
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		return page, fmt.Errorf("it refuses our token (%d): check VL_DIRECTORY_TOKEN", resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return page, fmt.Errorf("it answers %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil || len(body) > maxResponse {
		return page, errors.New("a page is cut off, or larger than 8 MiB")
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return page, errors.New("a page is no SCIM list")
	}
	return page, nil
}
