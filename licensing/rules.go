package licensing

import "slices"

// Rule is a rule or a law in one sentence.
type Rule struct {
	ID   string // "R52", "L01"
	Text string
}

var rules = []Rule{
	{"R01", "A role opens volume-licensing information and nothing else, through a closed set of " +
		"permissions."},
	{"R02", "Without an active role a person can do nothing, though profile and history stay."},
	{"R03", "Every role says where it comes from: an admin, the contract, the Bill To contact or " +
		"inheritance."},
	{"R04", "The product has an API of its own and calls none of Microsoft's."},
	{"R05", "Only an administrator of a License ID, direct or inherited, reads or changes its assignments."},
	{"R07", "A role in the tenant, global administrator included, is never an input to a decision."},
	{"R08", "Everything is kept per License ID: a grant is one role of one person on one of them."},
	{"R10", "There are exactly seven roles, and an unknown one is refused with the names of the seven."},
	{"R11", "Administrator manages assignments and may do all that the other roles may, except for " +
		"invoices."},
	{"R12", "License position reader sees contracts, orders and contract keys, and creates license " +
		"summaries."},
	{"R13", "Product download manager sees contracts and downloads software."},
	{"R14", "Product keys reader sees contracts, contract keys and product keys, and manages activation " +
		"and redemption."},
	{"R15", "Benefits reader sees contracts and manages Workplace Discount entitlements."},
	{"R16", "Online services manager sees contracts and orders, and reserves, activates and manages " +
		"online services."},
	{"R17", "Invoice Reader sees contracts, and lists and downloads invoices."},
	{"R18", "The Bill To contact gets Invoice Reader automatically; it moves with the contact, and no " +
		"admin edits it."},
	{"R19", "Nobody is Administrator and Invoice Reader of one License ID, in whichever order the two come."},
	{"R20", "A person may hold several roles on one License ID and other ones elsewhere."},
	{"R21", "The retired VLSC names are understood, and shown beside the names of today."},
	{"R23", "Accepting the invitation makes the one profile of the person and registers all roles given " +
		"so far at once."},
	{"R25", "The Notices contact and the Primary contact whom the partner names become the first " +
		"administrators."},
	{"R26", "An administrator may make others administrators, whether the contract names them or not."},
	{"R27", "A contact without a profile is invited, and one who has a profile gets later License IDs " +
		"without another welcome mail."},
	{"R28", "A contract contact's invitation may be forwarded and registered by its receiver, while an " +
		"admin's holds for the named sign-in email only."},
	{"R29", "The first acceptance of an invitation wins, and everyone after it learns only that it is used."},
	{"R30", "Who wants to stop being administrator needs a successor who is active, not merely invited."},
	{"R31", "Nobody takes the Administrator role from himself: another administrator does."},
	{"R32", "A hand-over is decided for each License ID by itself."},
	{"R33", "A License ID that has an active admin never loses the last one by an edit."},
	{"R34", "When the partner names other contacts, the new ones are invited, the old ones keep the role " +
		"with a flag, and Bill To moves."},
	{"R35", "The name of an administrator is never shown to somebody who doesn't administer that License " +
		"ID."},
	{"R37", "A change of contacts passes over inactive agreements, whose assignments can still be edited."},
	{"R38", "The last active admin is protected whatever the state of the contract, so that its licenses " +
		"stay within reach."},
	{"R40", "The list shows the people of the License IDs that the caller administers directly, whoever " +
		"invited them."},
	{"R41", "Who administers a License ID only through a parent does not see its people in the list."},
	{"R42", "An inherited administrator may assign himself Administrator, sees the people then, and " +
		"leaves an audit line."},
	{"R43", "View access shows a person's License IDs that the caller may see, and counts the others."},
	{"R44", "Names of internal people come from the directory, and those of external people are typed in, " +
		"up to 256 characters."},
	{"R45", "A person has one of six statuses on each License ID, and the list shows the most urgent."},
	{"R46", "The list says what can be done for a person now, and why the rest can't."},
	{"R47", "A sign-in email names an account, and the directory's object id decides whether it is still " +
		"the same person."},
	{"R48", "Every mail goes to the business email, which the contract or the admin gives."},
	{"R49", "The invitation goes to the business email only, never to the sign-in email as well."},
	{"R50", "The roles in the list are all those on the License IDs that the caller may see."},
	{"R51", "Active means registered, granted, and past the propagation delay."},
	{"R52", "An assignment in progress can't be edited until it ends, while taking the person out remains " +
		"possible."},
	{"R53", "An assignment takes up to two hours to become effective, as configured."},
	{"R54", "What fails is retried, then shown as Failed and assigned again, and after three failures the " +
		"answer names support."},
	{"R55", "Invitation sent means not registered yet, and says how far the mail has come."},
	{"R56", "An invitation that isn't accepted in its time, 30 days unless told otherwise, expires, and " +
		"its admin is told once."},
	{"R57", "User not found is an internal person whom the directory doesn't have, never an external one."},
	{"R58", "Resend mails the same link after a cool-down, and Reset makes a new link with its full time " +
		"and kills the older ones."},
	{"R59", "Each status has its own set of possible actions."},
	{"R60", "Roles become effective two hours after the registration, and not before the agreement's " +
		"processing delay has passed."},
	{"R61", "A newly processed agreement gives access ten hours after its processing at the earliest."},
	{"R62", "A registered person is not invited again, and an open invitation takes further roles without " +
		"a second mail."},
	{"R63", "An address of the organization's own is an internal person, looked up in its directory."},
	{"R64", "Any other address may be added as an external person, with volume-licensing information only."},
	{"R66", "Addresses are checked and compared without case, and a sign-in email has one profile in an " +
		"organization."},
	{"R67", "Nothing happens before the save, which can be verified first and checks everything once more."},
	{"R68", "The License IDs on offer are those that the caller administers, with those below a parent on " +
		"request."},
	{"R69", "Who administers a parent may assign people to any License ID below it."},
	{"R70", "A save adds and clears roles on each License ID and sends each person one mail about it."},
	{"R71", "Added roles wait for propagation, and removed roles end at once."},
	{"R72", "Copied roles replace those of each target with a verdict for each, except for what is " +
		"inherited, locked or Bill To."},
	{"R73", "The welcome mail has its exact subject and a configured sender, which isn't Microsoft."},
	{"R74", "A registration is confirmed by mail to the business email."},
	{"R75", "After a save the admin is mailed the verdict for each person, and failures name the support " +
		"contact."},
	{"R76", "Where an agreement's program sends no invitations, an assignment takes effect without one."},
	{"R77", "Roles of chosen people can be copied between two License IDs that the caller administers, " +
		"though not onto a parent."},
	{"R80", "Deleting a person takes away all that the caller administers, and says how much others still " +
		"do."},
	{"R81", "The organization's account of a person is never touched."},
	{"R82", "Deleting a person with an open invitation ends it and kills its links at once."},
	{"R83", "A deletion leaves out a License ID that would lose its last admin, and carries out the rest."},
	{"R84", "Access ends as soon as a person leaves the tenant."},
	{"R85", "A person who left the tenant stays in the list until an admin takes him out."},
	{"R86", "A person who comes back to the tenant gets the old access back only by an admin's re-check."},
	{"R87", "What is inherited from a parent can't be edited or removed below it."},
	{"R88", "A contact named on an MBSA may opt in to inherit Administrator on every License ID under it, " +
		"present and future."},
	{"R89", "The choice to inherit can be seen and changed, and opting out ends the inherited access at " +
		"once."},
	{"R90", "Only contacts whom the MBSA names may inherit, and who is replaced no longer does."},
	{"R91", "Assigning below a parent needs no opt-in, while the permissions of an inherited " +
		"Administrator do."},
	{"R92", "An inherited Administrator excludes Invoice Reader just as a direct one does."},
}

// laws are what people take for granted of the engine, whatever the rules say.
var laws = []Rule{
	{"L01", "What was answered as done happens within minutes, whichever part stops in between."},
	{"L02", "Every mail ends as sent, refused, given up or dropped, and none waits forever."},
	{"L03", "What the caller may do is judged first, " +
		"and unknown, hidden and foreign things get the same answer."},
	{"L04", "Every act names its principal, and the audit keeps it, also for a request refused as a whole."},
	{"L05",
		"An address is never an identity: that is an issuer with a subject, or the directory's object id."},
	{"L06", "A request id belongs to one caller and one content, and no caller can claim a derived one."},
	{"L07", "Nobody can be flooded with mail, and a name in a mail carries no address, link or instruction."},
	{"L08", "A downstream system never ends up with more than is granted."},
	{"L09",
		"A registration proves where it is decided that it came by the link, whose token is kept nowhere."},
	{"L10", "Personal data has an end, and the audit keeps ids, not addresses."},
}

// Rules returns every rule in the order of the ids.
func Rules() []Rule { return slices.Clone(rules) }

// Laws returns every law of the engine in the order of the ids.
func Laws() []Rule { return slices.Clone(laws) }

// RuleText returns the sentence of a rule or a law, or "" where there is none with this id.
func RuleText(id string) string {
	for _, r := range append(Rules(), laws...) {
		if r.ID == id {
			return r.Text
		}
	}
	return ""
}
