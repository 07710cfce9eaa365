// Package licensing holds the words and the rules of volume-licensing roles: roles and what they permit, License IDs,
// people, grants, statuses, invitations, due times, links and refusals. Everything here is a pure function of its
// arguments, uses the standard library only, and is the one place where a rule is decided; the rest of the house asks.
//
// A rule is named by its id ("R33") in the docstring of what decides it and in every refusal ([Error.Rule]).
package licensing
