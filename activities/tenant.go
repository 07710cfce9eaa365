package activities

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

	"vlroles/licensing"
)

// Tenant reads who is in an organization's directory.
type Tenant interface {
	// People returns everybody who is in the tenant, or an error: never a part.
	People(ctx context.Context, org licensing.OrgID) ([]licensing.DirectoryPerson, error)
}

// SCIM is a Tenant that reads {URL}/{organization}/Users over SCIM 2.0 (RFC 7644), page by page. It is safe for use by many
// goroutines. The token stands in a closure, where no print of the struct finds it.
type SCIM struct {
	url       string
	client    *http.Client
	authorize func(*http.Request)
}

// The bounds of one reading.
const (
	scimPage     = 200
	scimPeople   = 200_000
	scimResponse = 8 << 20
	scimTimeout  = 30 * time.Second
)

// NewSCIM checks the address; it calls nobody.
func NewSCIM(base, token string) (*SCIM, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(base, "?#") {
		return nil, errors.New("open directory: the URL must be http or https, without user, query and fragment")
	}
	client := &http.Client{Transport: newTransport(), Timeout: scimTimeout}
	// A redirect would carry the token to somebody else.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &SCIM{url: strings.TrimRight(base, "/"), client: client, authorize: func(r *http.Request) {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}}, nil
}

// scimUsers is one page of an answer.
type scimUsers struct {
	Total     int        `json:"totalResults"`
	Resources []scimUser `json:"Resources"`
}

type scimUser struct {
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
	Emails []struct {
		Value   string `json:"value"`
		Primary bool   `json:"primary"`
	} `json:"emails"`
}

// People reads all pages. Whoever would be missing loses access, so anything odd is an error and nothing is returned: a page
// without progress, a total that changes, somebody twice or without an id. Each page begins with the last entry of the one
// before, so that somebody who is slipped past by a change in between is noticed.
func (d *SCIM) People(ctx context.Context, org licensing.OrgID) ([]licensing.DirectoryPerson, error) {
	var out []licensing.DirectoryPerson
	seen, addresses := map[licensing.ObjectID]bool{}, map[string]bool{}
	last := ""
	for read, total := 0, -1; total < 0 || read < total; {
		page, err := d.page(ctx, org, max(read, 1))
		if err != nil {
			return nil, fmt.Errorf("read directory: %w", err)
		}
		if read > 0 && len(page.Resources) > 0 {
			if page.Resources[0].ID != last {
				return nil, errors.New("read directory: it changed while it was read")
			}
			page.Resources = page.Resources[1:]
		}
		switch {
		case total >= 0 && page.Total != total:
			return nil, errors.New("read directory: it changed while it was read")
		case page.Total > scimPeople:
			return nil, fmt.Errorf("read directory: it has %d people, at most %d are read", page.Total, scimPeople)
		case page.Total < 0 || len(page.Resources) == 0 && read < page.Total || read+len(page.Resources) > page.Total:
			return nil, errors.New("read directory: its pages don't make up the whole")
		}
		total = page.Total
		read += len(page.Resources)
		if len(page.Resources) > 0 {
			last = page.Resources[len(page.Resources)-1].ID
		}
		for _, u := range page.Resources {
			p, in, err := u.person()
			if err != nil {
				return nil, fmt.Errorf("read directory: %w", err)
			}
			if !in {
				continue
			}
			if seen[p.ObjectID] || addresses[p.Email.Key()] {
				return nil, errors.New("read directory: an object id or an address stands in it twice")
			}
			seen[p.ObjectID], addresses[p.Email.Key()] = true, true
			out = append(out, p)
		}
	}
	return out, nil
}

// person reads one entry. in is false for who is deactivated, and for accounts without any address.
func (u scimUser) person() (p licensing.DirectoryPerson, in bool, err error) {
	p.ObjectID = licensing.ObjectID(u.ExternalID)
	if p.ObjectID == "" {
		p.ObjectID = licensing.ObjectID(u.ID)
	}
	if p.ObjectID == "" {
		return p, false, errors.New("an entry has no id")
	}
	if u.Active != nil && !*u.Active {
		return p, false, nil
	}
	addresses := []string{u.UserName}
	for _, e := range u.Emails {
		if e.Primary {
			addresses = append([]string{e.Value}, addresses...)
		}
	}
	for _, text := range addresses {
		if e, err := licensing.ParseEmail(text); err == nil {
			p.Email = e
			break
		}
	}
	for _, name := range []string{u.Display, u.Name.Formatted, u.Name.Given + " " + u.Name.Family, string(p.Email)} {
		if p.Name == "" {
			p.Name = licensing.CleanName(name)
		}
	}
	return p, p.Email != "", nil
}

// page reads the people from the start-th on.
func (d *SCIM) page(ctx context.Context, org licensing.OrgID, start int) (scimUsers, error) {
	var page scimUsers
	query := url.Values{"startIndex": {strconv.Itoa(start)}, "count": {strconv.Itoa(scimPage)},
		"attributes": {"id,externalId,userName,displayName,active,name,emails"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/"+url.PathEscape(string(org))+"/Users?"+query.Encode(), nil)
	if err != nil {
		return page, errors.New("the address can't be made")
	}
	r.Header.Set("Accept", "application/scim+json, application/json")
	d.authorize(r)
	resp, err := d.client.Do(r)
	if err != nil {
		return page, errors.New(unreached(err))
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	switch {
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		return page, fmt.Errorf("it refuses our token (%d): check VL_DIRECTORY_TOKEN", resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return page, fmt.Errorf("it answers %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, scimResponse+1))
	if err != nil || len(body) > scimResponse {
		return page, errors.New("a page is cut off, or larger than 8 MiB")
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return page, errors.New("a page is no SCIM list")
	}
	return page, nil
}
