package licensing

import "slices"

// RoleSource is a person's roles on a License ID, to be pasted (R72) or imported (R77) onto another one.
type RoleSource struct {
	User    UserID    `json:"user,omitempty"` // "": the person who gets them
	License LicenseID `json:"license_id"`
	Replace bool      `json:"replace,omitempty"` // paste: what the target has and the source doesn't is removed. Else import: it stays
}

// Paste works out what a copy of the source's roles adds to and removes from what is held. Bill To's Invoice Reader is
// neither copied nor overwritten (R72).
func Paste(source, held []Grant, replace bool) (add, remove []Role) {
	has := func(in []Grant, r Role) bool {
		return slices.ContainsFunc(in, func(g Grant) bool { return g.Role == r })
	}
	works := func(r Role) bool {
		return slices.ContainsFunc(held, func(g Grant) bool { return g.Role == r && (g.Effective || g.Origin == ByBillTo) })
	}
	for _, g := range source {
		if g.Origin != ByBillTo && !works(g.Role) { // what is held and isn't effective is tried again (R54, R62)
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

// MayPaste says whether roles may be copied from the source: the caller is admin of both License IDs, the source has roles
// to copy, and an import doesn't go onto a parent agreement (R72, R77).
func MayPaste(from RoleSource, source []Grant, administers, parent bool) error {
	switch {
	case !administers:
		return Refuse(Forbidden, "R05", "License ID %s is not one that you administer: roles can't be copied from it", from.License)
	case parent && !from.Replace:
		return Refuse(Conflict, "R77", "roles can't be imported onto a parent agreement")
	case !slices.ContainsFunc(source, func(g Grant) bool { return g.Origin != ByBillTo }):
		return Refuse(NotFound, "R72", "there are no roles on License ID %s to copy", from.License)
	}
	return nil
}

func (c AccessChange) checkSource() (AccessChange, error) {
	if len(c.Add)+len(c.Remove) > 0 {
		return c, Refuse(Invalid, "R72", "give roles to add and remove, or where to copy them from: one of the two").In("from")
	}
	from := *c.From
	if err := parse("from.license_id", &from.License, ParseLicenseID); err != nil {
		return c, err
	}
	if from.User == "" && from.License == c.License {
		return c, Refuse(Invalid, "R72", "the source is the target itself").In("from")
	}
	c.From = &from
	return c, nil
}
