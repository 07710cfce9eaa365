// Package licensing holds the words and the rules of volume-licensing roles: roles and what they permit,
// License IDs, people, grants, statuses, invitations, due times, links and refusals. Everything here is a
// pure function of its arguments and uses the standard library only. Rules are decided here and nowhere else:
// the other packages ask.
//
// The id of a rule ("R33") stands in the doc comment of the function that decides it and in every refusal
// ([Error.Rule]).
package licensing
