package licensing

import "slices"

// RoleSource names a person's roles on a License ID, to paste (R72) or to import (R77) to another License ID.
type RoleSource struct {
	User    UserID    `json:"user,omitempty"` // "": the person who gets them
	License LicenseID `json:"license_id"`
	Replace bool      `json:"replace,omitempty"` // paste: remove what the source lacks. Else import: keep it
}

// Paste works out what a copy of the source's roles adds to and removes from what is held. Bill To's Invoice
// Reader is neither copied nor overwritten (R72).
func Paste(source, held []Grant, replace bool) (add, remove []Role) {
	has := func(in []Grant, r Role) bool {
		return slices.ContainsFunc(in, func(g Grant) bool { return g.Role == r })
	}
	works := func(r Role) bool {
		return slices.ContainsFunc(held, func(g Grant) bool {
			return g.Role == r && (g.Effective || g.Origin == ByBillTo)
		})
	}
	for _, g := range source {
		if g.Origin != ByBillTo && !g.Suspended && !works(g.Role) { // a role that isn't effective is tried again (R54, R62)
			add = append(add, g.Role)
		}
	}
	for _, g := range held {
		if replace && g.Origin != ByBillTo && !has(source, g.Role) {
			remove = append(remove, g.Role)
		}
	}
	return SortRoles(add), SortRoles(remove)
}

// MayPaste says whether roles may be copied from the source: the caller is admin of both License IDs, the
// source has roles to copy, and an import doesn't go onto a parent agreement (R72, R77).
func MayPaste(from RoleSource, source []Grant, administers, parent bool) error {
	switch {
	case !administers:
		return Hidden()
	case parent && !from.Replace:
		return Refuse(Conflict, "R77", "you can't import roles to a parent agreement")
	case !slices.ContainsFunc(source, func(g Grant) bool { return g.Origin != ByBillTo && !g.Suspended }):
		return Refuse(NotFound, "R72", "the person has no roles on License ID %s to copy", from.License)
	}
	return nil
}

func (c AccessChange) checkSource() (AccessChange, error) {
	if len(c.Add)+len(c.Remove) > 0 {
		return c, Refuse(Invalid, "R72", "provide either roles to add and remove "+
			"or a source to copy from, not both").In("from")
	}
	from := *c.From
	if err := parse("from.license_id", &from.License, ParseLicenseID); err != nil {
		return c, err
	}
	if from.User == "" && from.License == c.License {
		return c, Refuse(Invalid, "R72", "the source and the target are the same").In("from")
	}
	c.From = &from
	return c, nil
}
