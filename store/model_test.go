package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"vlroles/licensing"
	"vlroles/store/rows"
	"vlroles/store/views"
)

// modelSteps is how many commands the model test carries out at least, on each
// database. `make check` asks for 5,000.
var modelSteps = flag.Int("model.steps", 200, "commands of the model test on each database")

// TestTheStoreDoesWhatASmallModelSays carries out random commands by random callers on the store and on a
// model of maps that knows nothing of the store's code, and compares verdicts, statuses, access and lists.
func TestTheStoreDoesWhatASmallModelSays(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		const each = 60
		setFlag(t, "rapid.steps", itoa(each))
		setFlag(t, "rapid.checks", itoa(1))
		steps := 0
		for round := 0; steps < *modelSteps; round++ {
			rapid.Check(t, func(r *rapid.T) {
				w := newWorld(r, s)
				r.Repeat(map[string]func(*rapid.T){
					"save":     func(r *rapid.T) { steps++; w.save(r) },
					"save ":    func(r *rapid.T) { steps++; w.save(r) },
					"save  ":   func(r *rapid.T) { steps++; w.save(r) },
					"save   ":  func(r *rapid.T) { steps++; w.save(r) },
					"save    ": func(r *rapid.T) { steps++; w.save(r) },
					"paste":    func(r *rapid.T) { steps++; w.paste(r) },
					"register": func(r *rapid.T) { steps++; w.register(r) },
					"accept":   func(r *rapid.T) { steps++; w.register(r) },
					"wait":     func(r *rapid.T) { steps++; w.wait(r) },
					"wait ":    func(r *rapid.T) { steps++; w.wait(r) },
					"reset":    func(r *rapid.T) { steps++; w.reset(r) },
					"cancel":   func(r *rapid.T) { steps++; w.cancel(r) },
					"delete":   func(r *rapid.T) { steps++; w.delete(r) },
					"tenant":   func(r *rapid.T) { steps++; w.tenant(r) },
					"recheck":  func(r *rapid.T) { steps++; w.recheck(r) },
					"contact":  func(r *rapid.T) { steps++; w.contact(r) },
					"prefer":   func(r *rapid.T) { steps++; w.prefer(r) },
					"move":     func(r *rapid.T) { steps++; w.move(r) },
					"":         func(r *rapid.T) { w.compare(r) },
				})
			})
			if t.Failed() {
				return
			}
		}
		t.Logf("%d steps", steps)
	})
}

// world is the model.
type world struct {
	s        *Store
	org      licensing.OrgID
	now      time.Time
	people   []*mPerson
	licenses []licensing.LicenseID
	parent   map[licensing.LicenseID]licensing.LicenseID
	mailless licensing.LicenseID
	contacts map[licensing.LicenseID]map[licensing.ContactKind]*mPerson
	active   map[licensing.LicenseID]bool // had an active admin after the step before
	left     bool                         // somebody left the tenant in this step
	told     map[licensing.UserID]numbered
}

// numbered is what a downstream system must know of somebody at a time, and its number then.
type numbered struct {
	at      time.Time
	version int64
	grants  string
}

type mPerson struct {
	id         licensing.UserID
	email      licensing.Email
	name       string
	object     licensing.ObjectID // "": external
	known      bool               // has a profile row
	bound      bool               // to the directory's object
	present    bool               // in the directory
	inTenant   bool
	registered bool
	invitation licensing.InvitationState
	expires    time.Time
	held       map[licensing.LicenseID]*mHeld
	inherit    map[licensing.LicenseID]bool
	barred     map[string]bool  // contacts that may not opt in, since he left: License ID and kind
	ended      map[mNaming]bool // an admin deleted him as this contact (R80)
}

// mNaming is a place of a contact.
type mNaming struct {
	license licensing.LicenseID
	kind    licensing.ContactKind
}

type mHeld struct {
	state    licensing.AssignmentState
	due      time.Time
	attempts int
	roles    map[licensing.Role]*mRole

	suspended bool // has left since (R86)
}

type mRole struct {
	billTo    bool
	effective bool
	suspended bool // was effective when he left
}

func newWorld(r *rapid.T, s *Store) *world {
	w := &world{s: s, org: licensing.OrgID(uuid.NewString()), now: start,
		active: map[licensing.LicenseID]bool{}, parent: map[licensing.LicenseID]licensing.LicenseID{},
		contacts: map[licensing.LicenseID]map[licensing.ContactKind]*mPerson{}}
	prefix := strings.ToUpper(string(newRequest())[:8]) + "-"
	for _, l := range []licensing.LicenseID{"P", "Q", "R", "S", "N"} {
		w.licenses = append(w.licenses, licensing.LicenseID(prefix)+l)
		w.contacts[licensing.LicenseID(prefix)+l] = map[licensing.ContactKind]*mPerson{}
	}
	p, q, below, alone, n := w.licenses[0], w.licenses[1], w.licenses[2], w.licenses[3], w.licenses[4]
	w.parent[q], w.parent[below], w.parent[n], w.mailless = p, q, p, n
	domain := strings.ToLower(prefix) + "contoso.example"
	in := licensing.Intake{ID: newRequest(), Org: w.org, Name: "Model", Domains: []string{domain}}
	for i := range 6 {
		m := &mPerson{name: fmt.Sprintf("Person %d", i), held: map[licensing.LicenseID]*mHeld{},
			inherit: map[licensing.LicenseID]bool{}, ended: map[mNaming]bool{}, barred: map[string]bool{},
			inTenant: true}
		m.email = licensing.Email(fmt.Sprintf("p%d@fabrikam.example", i))
		if i < 3 {
			m.email, m.object, m.present = licensing.Email(fmt.Sprintf("p%d@%s", i, domain)),
				licensing.ObjectID(fmt.Sprintf("o-%d", i)), i < 2
		}
		if m.present {
			in.Directory = append(in.Directory,
				licensing.DirectoryPerson{ObjectID: m.object, Email: m.email, Name: m.name})
		}
		w.people = append(w.people, m)
	}
	first := map[licensing.LicenseID][]int{p: {0, 3}, q: {1}, below: {1}, alone: {0}, n: {1, 3}}
	for _, l := range w.licenses {
		g := w.agreement(l)
		for _, i := range first[l] {
			m := w.people[i]
			g.Administrators = append(g.Administrators,
				licensing.ContractAdministrator{SignIn: m.email, Name: m.name, Registered: start.Add(-day)})
			m.known, m.bound, m.registered = true, m.object != "", true
			m.held[l] = &mHeld{state: licensing.AssignmentActive,
				roles: map[licensing.Role]*mRole{licensing.Administrator: {effective: true}}}
		}
		in.Agreements = append(in.Agreements, g)
	}
	if _, err := s.atTime(w.now).Apply(context.Background(), in); err != nil {
		r.Fatal(err)
	}
	for _, m := range w.people {
		w.identify(r, m)
	}
	return w
}

// views are the rows as they show at the model's time.
func (w *world) views() *views.Views {
	return views.New(w.s.Reader().At(func() time.Time { return w.now }))
}

func (w *world) agreement(l licensing.LicenseID) licensing.ContractAgreement {
	return licensing.ContractAgreement{License: l, Program: "MPSA", Parent: w.parent[l],
		ProcessedAt: start.Add(-30 * day), NoInvitation: l == w.mailless}
}

// identify learns the store's id of a profile that the model says there is.
func (w *world) identify(r *rapid.T, m *mPerson) {
	if !m.known || m.id != "" {
		return
	}
	id, err := w.views().UserBySignIn(context.Background(), w.org, m.email)
	if err != nil {
		r.Fatalf("%s: %v", m.name, err)
	}
	m.id = id
}

// What the model says of people.

func (m *mPerson) tenant() bool { return m.object == "" || m.inTenant }

func (m *mPerson) has(l licensing.LicenseID, role licensing.Role) *mRole {
	if h := m.held[l]; h != nil {
		return h.roles[role]
	}
	return nil
}

func (m *mPerson) admin(l licensing.LicenseID) bool {
	g := m.has(l, licensing.Administrator)
	return m.registered && m.tenant() && g != nil && g.effective
}

func (w *world) above(l licensing.LicenseID) (out []licensing.LicenseID) {
	for p := w.parent[l]; p != ""; p = w.parent[p] {
		out = append(out, p)
	}
	return out
}

func (w *world) names(m *mPerson, l licensing.LicenseID) bool {
	c := w.contacts[l]
	return c[licensing.PrimaryContact] == m || c[licensing.NoticesContact] == m ||
		c[licensing.OnlineAdministratorContact] == m
}

func (w *world) inherits(m *mPerson, l licensing.LicenseID) bool {
	return m.registered && m.tenant() && m.has(l, licensing.InvoiceReader) == nil &&
		slices.ContainsFunc(w.above(l),
			func(p licensing.LicenseID) bool { return m.inherit[p] && w.names(m, p) })
}

func (w *world) administers(m *mPerson, l licensing.LicenseID) bool {
	return m.admin(l) || w.inherits(m, l) || slices.ContainsFunc(w.above(l), m.admin)
}

func (w *world) otherAdmins(m *mPerson, l licensing.LicenseID) bool {
	return slices.ContainsFunc(w.people, func(o *mPerson) bool { return o != m && o.admin(l) })
}

func (w *world) invited(m *mPerson) bool {
	return m.invitation == licensing.InvitationOpen && w.now.Before(m.expires)
}

func (w *world) may(m *mPerson, l licensing.LicenseID, p licensing.Permission) bool {
	if !m.known || !m.registered || !m.tenant() {
		return false
	}
	if w.inherits(m, l) && licensing.Administrator.Permits(p) {
		return true
	}
	for role, g := range rolesOf(m.held[l]) {
		if g.effective && role.Permits(p) {
			return true
		}
	}
	return false
}

func rolesOf(h *mHeld) map[licensing.Role]*mRole {
	if h == nil {
		return nil
	}
	return h.roles
}

func (w *world) status(m *mPerson, l licensing.LicenseID) licensing.Status {
	h := m.held[l]
	switch {
	case !m.tenant() || h.suspended:
		return licensing.StatusUserNotFound
	case h.state == licensing.AssignmentFailed:
		return licensing.StatusFailed
	case h.state == licensing.AssignmentPropagating && w.now.After(h.due.Add(time.Hour)):
		return licensing.StatusFailed
	case h.state == licensing.AssignmentPropagating:
		return licensing.StatusAssignmentInProgress
	case h.state == licensing.AssignmentActive:
		return licensing.StatusActive
	case m.invitation == licensing.InvitationOpen:
		return licensing.StatusInvitationSent
	case m.invitation == licensing.InvitationExpired:
		return licensing.StatusInvitationExpired
	}
	return licensing.StatusFailed
}

// wish is a change that somebody wants.
type wish struct {
	by          *mPerson // nil: the contract
	to          *mPerson
	license     licensing.LicenseID
	add, remove []licensing.Role
	billTo      bool
	deleting    bool
}

// judge says what becomes of a wish: "" and an outcome, or the rule that refuses it.
func (w *world) judge(x wish) (rule string, out licensing.Outcome) {
	m, h := x.to, x.to.held[x.license]
	if x.by != nil && !w.administers(x.by, x.license) {
		return "R43", ""
	}
	state, lost := licensing.AssignmentNone, false
	if h != nil {
		state = h.state
		lost = state == licensing.AssignmentPropagating && w.now.After(h.due.Add(time.Hour))
		if lost {
			state = licensing.AssignmentFailed
		}
	}
	if state == licensing.AssignmentPropagating && x.by != nil && !x.deleting && !x.givesBack() {
		return "R52", ""
	}
	kept, removed, added := map[licensing.Role]*mRole{}, 0, 0
	for role, g := range rolesOf(h) {
		if !slices.Contains(x.remove, role) {
			kept[role] = g
			continue
		}
		removed++
	}
	for _, role := range sortedRoles(rolesOf(h)) {
		g := rolesOf(h)[role]
		switch {
		case !slices.Contains(x.remove, role):
		case g.billTo && x.by != nil && !x.deleting:
			return "R18", ""
		case role != licensing.Administrator:
		case x.by == m:
			return "R31", ""
		case m.admin(x.license) && !w.otherAdmins(m, x.license):
			return "R33", ""
		}
	}
	if w.inherits(m, x.license) && slices.Contains(x.remove, licensing.Administrator) &&
		m.has(x.license, licensing.Administrator) == nil {
		return "R87", ""
	}
	for _, role := range x.add {
		if m.has(x.license, role) != nil {
			continue
		}
		added++
		if role == licensing.Administrator && kept[licensing.InvoiceReader] != nil ||
			role == licensing.InvoiceReader && kept[licensing.Administrator] != nil {
			return "R19", ""
		}
		if role == licensing.InvoiceReader && w.inherits(m, x.license) {
			rule = "R92"
		}
	}
	if rule != "" {
		return rule, ""
	}
	out = w.outcome(x, state, lost, kept, added, removed)
	gives := out == licensing.Assigned || out == licensing.Invited || out == licensing.Joined
	if gives && x.by != nil && !m.tenant() {
		return "R57", ""
	}
	return "", out
}

func sortedRoles(in map[licensing.Role]*mRole) []licensing.Role {
	return slices.Sorted(maps.Keys(in))
}

func (w *world) outcome(
	x wish, state licensing.AssignmentState, lost bool, kept map[licensing.Role]*mRole, added, removed int,
) licensing.Outcome {
	waiting := added
	back := x.givesBack()
	for _, g := range kept {
		if !g.effective && (back || !g.suspended) {
			waiting++
		}
	}
	renew := len(x.add) > 0 || lost && x.to.tenant()
	again := renew && state == licensing.AssignmentFailed && waiting > 0
	anew := renew && !x.to.registered && !w.invited(x.to) && waiting > 0 && state != licensing.AssignmentNone
	switch {
	case added+removed == 0 && !again && !anew && !back:
		return licensing.Unchanged
	case len(kept)+added == 0:
		return licensing.Changed
	case !x.to.registered && added == 0 && !anew && !back:
		return licensing.Changed
	case !x.to.registered && w.invited(x.to):
		return licensing.Joined
	case !x.to.registered:
		return licensing.Invited
	case state == licensing.AssignmentFailed && waiting > 0 && !again:
		return licensing.Changed
	case waiting > 0:
		return licensing.Assigned
	}
	return licensing.Changed
}

// do carries a wish out, and says what became of it.
func (w *world) do(x wish) (rule string, out licensing.Outcome) {
	m := x.to
	if x.license == w.mailless && len(x.add) > 0 && !m.registered {
		m.registered = true
		if rule, out := w.judge(x); rule != "" || out != licensing.Assigned {
			m.registered = false
		} else {
			defer w.takeUp(m)
		}
	}
	rule, out = w.judge(x)
	if rule != "" || out == licensing.Unchanged {
		return rule, out
	}
	w.create(m)
	if x.givesBack() {
		w.giveBack(m, x.license, false)
	}
	h := m.held[x.license]
	if h == nil {
		h = &mHeld{roles: map[licensing.Role]*mRole{}}
		m.held[x.license] = h
	}
	if h.state == licensing.AssignmentPropagating && w.now.After(h.due.Add(time.Hour)) {
		h.state = licensing.AssignmentFailed
		h.attempts++
	}
	for _, role := range x.remove {
		delete(h.roles, role)
	}
	for _, role := range x.add {
		if h.roles[role] == nil {
			h.roles[role] = &mRole{billTo: x.billTo}
		}
	}
	switch out {
	case licensing.Invited:
		m.invitation, m.expires, h.state = licensing.InvitationOpen, w.now.Add(30*day),
			licensing.AssignmentPending
	case licensing.Joined:
		h.state = licensing.AssignmentPending
	case licensing.Assigned:
		h.state, h.due = licensing.AssignmentPropagating, w.now.Add(2*time.Hour)
	case licensing.Changed:
		w.changed(m, h)
	}
	if len(h.roles) == 0 {
		delete(m.held, x.license)
	}
	if !m.registered && len(m.held) == 0 && m.invitation != "" &&
		m.invitation != licensing.InvitationAccepted {
		m.invitation = licensing.InvitationCancelled
	}
	return rule, out
}

func (w *world) changed(m *mPerson, h *mHeld) {
	waiting := slices.ContainsFunc(sortedRoles(h.roles),
		func(r licensing.Role) bool { return !h.roles[r].effective })
	switch {
	case !m.registered:
		h.state = licensing.AssignmentPending
	case !waiting:
		h.state, h.attempts = licensing.AssignmentActive, 0
	}
}

func (w *world) create(m *mPerson) {
	if m.known {
		return
	}
	m.known, m.bound, m.inTenant = true, m.present, m.object == "" || m.present
}

// takeUp puts in progress what waited for a registration.
func (w *world) takeUp(m *mPerson) {
	if m.invitation != "" && m.invitation != licensing.InvitationCancelled {
		m.invitation = licensing.InvitationAccepted
	}
	for _, h := range m.held {
		if h.state == licensing.AssignmentPending {
			h.state, h.due = licensing.AssignmentPropagating, w.now.Add(2*time.Hour)
		}
	}
}

// The commands.

var someRoles = []licensing.Role{licensing.Administrator, licensing.InvoiceReader, licensing.BenefitsReader,
	licensing.LicensePositionReader}

func (w *world) anybody(r *rapid.T, what string) *mPerson {
	return w.people[rapid.IntRange(0, len(w.people)-1).Draw(r, what)]
}

func (w *world) anyLicense(r *rapid.T, what string) licensing.LicenseID {
	return rapid.SampledFrom(w.licenses).Draw(r, what)
}

// caller is mostly somebody who may.
func (w *world) caller(r *rapid.T, l licensing.LicenseID) *mPerson {
	return w.mostly(r, "by", func(m *mPerson) bool { return w.administers(m, l) })
}

func (w *world) userID(m *mPerson) licensing.UserID {
	if m.known {
		return m.id
	}
	return licensing.UserID(uuid.NewString())
}

func (w *world) personChange(m *mPerson, access ...licensing.AccessChange) licensing.PersonChange {
	return licensing.PersonChange{SignIn: m.email, Name: m.name, Access: access}
}

func (w *world) save(r *rapid.T) {
	l := w.anyLicense(r, "license")
	x := wish{by: w.caller(r, l), to: w.anybody(r, "to"), license: l}
	x.add = rapid.SliceOfNDistinct(rapid.SampledFrom(someRoles), 0, 2,
		rapid.ID[licensing.Role]).Draw(r, "add")
	x.remove = rapid.SliceOfNDistinct(rapid.SampledFrom(someRoles), 0, 2,
		rapid.ID[licensing.Role]).Draw(r, "remove")
	w.saved(r, x, licensing.AccessChange{License: l, Add: x.add, Remove: x.remove})
}

// saved has the store do what the model does.
func (w *world) saved(r *rapid.T, x wish, c licensing.AccessChange) {
	sv := licensing.Save{ID: newRequest(), Org: w.org, Admin: w.userID(x.by),
		People: []licensing.PersonChange{w.personChange(x.to, c)}}
	if _, err := sv.Check(policy()); err != nil {
		return // not well formed
	}
	answer, err := w.s.atTime(w.now).Save(context.Background(), sv)
	if !x.by.known || !x.by.registered || !x.by.tenant() || !w.administers(x.by, x.license) {
		w.refusedBy(r, err, "R43")
		return
	}
	if err != nil {
		r.Fatal(err)
	}
	p := answer.People[0]
	if !x.to.known && x.to.object != "" && !x.to.present {
		w.refusedBy(r, p.Error, "R63")
		return
	}
	if p.Error != nil {
		r.Fatal(p.Error)
	}
	rule, out := "", licensing.Outcome("")
	if c.From != nil {
		rule, x = w.expand(x, c)
	}
	if rule == "" {
		rule, out = w.do(x)
	}
	w.verdict(r, p.Verdicts[0], rule, out)
	w.identify(r, x.to)
}

func (w *world) verdict(r *rapid.T, v licensing.Verdict, rule string, out licensing.Outcome) {
	got := ""
	if v.Error != nil {
		got = v.Error.Rule
	}
	if got != rule || rule == "" && v.Outcome != out {
		r.Fatalf("the store says %s %v, the model %s %s", v.Outcome, v.Error, out, rule)
	}
}

func (w *world) refusedBy(r *rapid.T, err error, rule string) {
	var e *licensing.Error
	if !errors.As(err, &e) || e == nil || e.Rule != rule {
		r.Fatalf("got %v, the model refuses by %s", err, rule)
	}
}

// same compares a refusal of the store with the model's, "" for none.
func (w *world) agrees(r *rapid.T, err error, rule string) bool {
	if rule != "" {
		w.refusedBy(r, err, rule)
		return false
	}
	if err != nil {
		r.Fatalf("refused by the store, not by the model: %v", err)
	}
	return true
}

func (w *world) paste(r *rapid.T) {
	l := w.anyLicense(r, "license")
	c := licensing.AccessChange{License: l, From: &licensing.RoleSource{License: w.anyLicense(r, "from"),
		Replace: rapid.Bool().Draw(r, "replace")}}
	if whose := w.anybody(r, "whose"); whose.known && rapid.Bool().Draw(r, "of somebody") {
		c.From.User = whose.id
	}
	w.saved(r, wish{by: w.caller(r, l), to: w.anybody(r, "to"), license: l}, c)
}

// expand turns a copy into what it adds and removes.
func (w *world) expand(x wish, c licensing.AccessChange) (string, wish) {
	source := x.to
	for _, m := range w.people {
		if c.From.User != "" && m.id == c.From.User {
			source = m
		}
	}
	isParent := false
	for _, p := range w.parent {
		isParent = isParent || p == c.License
	}
	var copied []licensing.Role
	for role, g := range rolesOf(source.held[c.From.License]) {
		if !g.billTo && !g.suspended {
			copied = append(copied, role)
		}
	}
	switch {
	case !w.administers(x.by, c.From.License):
		return "R43", x
	case isParent && !c.From.Replace:
		return "R77", x
	case len(copied) == 0:
		return "R72", x
	}
	for _, role := range copied {
		if held := x.to.has(c.License, role); held == nil || !held.effective && !held.billTo {
			x.add = append(x.add, role)
		}
	}
	for role, g := range rolesOf(x.to.held[c.License]) {
		if c.From.Replace && !g.billTo && source.has(c.From.License, role) == nil {
			x.remove = append(x.remove, role)
		}
	}
	return "", x
}

// mostly draws somebody, nearly always one of those whom the condition holds for, if there are any.
func (w *world) mostly(r *rapid.T, what string, who func(*mPerson) bool) *mPerson {
	some := slices.DeleteFunc(slices.Clone(w.people), func(m *mPerson) bool { return !who(m) })
	if len(some) == 0 || rapid.IntRange(0, 7).Draw(r, "whoever") == 0 {
		return w.anybody(r, what)
	}
	return some[rapid.IntRange(0, len(some)-1).Draw(r, what)]
}

func (w *world) register(r *rapid.T) {
	m := w.mostly(r, "who", w.invited)
	if !m.known || m.invitation == "" {
		return
	}
	st, err := w.views().InvitationStatusOf(context.Background(), w.org, m.id)
	if err != nil {
		r.Fatal(err)
	}
	who := licensing.Identity{Email: m.email}
	if m.bound || m.present {
		who.ObjectID = m.object
	}
	_, err = w.s.atTime(w.now).Register(context.Background(), licensing.Registration{Request: newRequest(),
		Invitation: st.Run.Invitation, Generation: st.Run.Generation, Identity: who})
	rule := ""
	switch {
	case m.invitation == licensing.InvitationAccepted:
		rule = "R29"
	case m.invitation == licensing.InvitationCancelled:
		rule = "R82"
	case m.invitation == licensing.InvitationExpired, !w.now.Before(m.expires):
		rule = "R56"
	case m.bound && !m.tenant():
		rule = "R84"
	}
	if err != nil && rule == "" {
		r.Logf("the model has the invitation %s, registered %v, holds %d", m.invitation, m.registered,
			len(m.held))
	}
	if w.agrees(r, err, rule) {
		m.registered = true
		w.takeUp(m)
		if m.object != "" && !m.bound && m.present {
			m.bound, m.inTenant = true, true
		}
	}
}

// wait lets time pass, and what is due happen.
func (w *world) wait(r *rapid.T) {
	hours := rapid.SampledFrom([]int{1, 1, 2, 2, 4, 30 * 24}).Draw(r, "hours")
	w.now = w.now.Add(time.Duration(hours) * time.Hour)
	for _, m := range w.people {
		if m.invitation == licensing.InvitationOpen && !w.now.Before(m.expires) {
			st, err := w.views().InvitationStatusOf(context.Background(), w.org, m.id)
			if err != nil {
				r.Fatal(err)
			}
			run := st.Run
			_, err = w.s.atTime(w.now).Expire(context.Background(), run.Invitation, run.Generation)
			if err != nil {
				r.Fatal(err)
			}
			m.invitation = licensing.InvitationExpired
		}
		w.settle(r, m)
	}
}

func (w *world) settle(r *rapid.T, m *mPerson) {
	for _, l := range w.licenses {
		h := m.held[l]
		if h == nil || h.state != licensing.AssignmentPropagating || w.now.Before(h.due) {
			continue
		}
		var row struct {
			Change licensing.ChangeID `db:"change_id"`
			Due    timestamp          `db:"due_at"`
		}
		err := w.s.reads.Get(&row,
			w.s.reads.Rebind(`SELECT change_id, due_at FROM assignments
				WHERE user_id = ? AND license_id = ?`), m.id, l)
		if err != nil {
			r.Fatal(err)
		}
		how := rapid.IntRange(0, 5).Draw(r, "how it ends")
		if how == 0 {
			continue // the run was lost
		}
		if how == 1 {
			err = w.s.atTime(w.now).Fail(context.Background(), m.id, row.Change, row.Due.Time, "no")
		} else {
			_, err = w.s.atTime(w.now).Activate(context.Background(), m.id, row.Change, row.Due.Time)
		}
		if err != nil {
			r.Fatal(err)
		}
		for _, all := range w.licenses { // a change settles everything of its own that is due
			o := m.held[all]
			if o == nil || o.state != licensing.AssignmentPropagating || o.due.After(h.due) ||
				!w.sameChange(r, m, all, row.Change) {
				continue
			}
			if how == 1 {
				o.state = licensing.AssignmentFailed
				o.attempts++
				continue
			}
			o.state, o.attempts = licensing.AssignmentActive, 0
			for _, g := range o.roles {
				g.effective, g.suspended = !o.suspended, o.suspended
			}
		}
	}
}

func (w *world) sameChange(r *rapid.T, m *mPerson, l licensing.LicenseID, c licensing.ChangeID) bool {
	var change licensing.ChangeID
	err := w.s.reads.Get(&change,
		w.s.reads.Rebind(`SELECT COALESCE(change_id, '') FROM assignments
			WHERE user_id = ? AND license_id = ?`), m.id, l)
	if err != nil {
		r.Fatal(err)
	}
	return change == c
}

// command draws a caller and a target; the target is hidden from who administers nothing of it.
func (w *world) command(r *rapid.T) (by, to *mPerson, c licensing.Command, mine []licensing.LicenseID) {
	to = w.mostly(r, "to", func(m *mPerson) bool {
		return len(m.held) > 0 && (m.invitation != "" || rapid.Bool().Draw(r, "registered long ago"))
	})
	by = w.mostly(r, "by", func(m *mPerson) bool {
		return slices.ContainsFunc(w.licenses,
			func(l licensing.LicenseID) bool { return to.held[l] != nil && w.administers(m, l) })
	})
	for _, l := range w.licenses {
		if to.held[l] != nil && w.administers(by, l) {
			mine = append(mine, l)
		}
	}
	slices.Sort(mine) // the order of the verdicts
	return by, to, licensing.Command{Request: newRequest(), Org: w.org, User: w.userID(to),
		By: w.userID(by)}, mine
}

func (w *world) reset(r *rapid.T) {
	_, to, c, mine := w.command(r)
	_, err := w.s.atTime(w.now).Reset(context.Background(), c)
	rule := ""
	switch {
	case len(mine) == 0:
		rule = "R43"
	case to.invitation == "":
		rule = "R58"
	case to.registered:
		rule = "R62"
	case !to.tenant():
		rule = "R57"
	case to.invitation == licensing.InvitationCancelled:
		rule = "R58"
	case to.invitation == licensing.InvitationOpen && w.now.Before(to.expires) &&
		w.now.Before(to.expires.Add(policy().ResendEvery-30*day)): // the cool-down
		rule = "R58"
	}
	if w.agrees(r, err, rule) {
		to.invitation, to.expires = licensing.InvitationOpen, w.now.Add(30*day)
	}
}

func (w *world) cancel(r *rapid.T) {
	_, to, c, mine := w.command(r)
	out, err := w.s.atTime(w.now).Cancel(context.Background(), c)
	rule := ""
	switch {
	case len(mine) == 0:
		rule = "R43"
	case to.invitation == "":
		rule = "R58"
	case to.registered:
		rule = "R62"
	}
	if !w.agrees(r, err, rule) {
		return
	}
	for _, l := range mine {
		delete(to.held, l)
	}
	if len(to.held) == 0 {
		to.invitation = licensing.InvitationCancelled
	}
	if out.Remaining != len(to.held) {
		r.Fatalf("%+v, the model has %d left", out, len(to.held))
	}
}

func (w *world) delete(r *rapid.T) {
	by, to, c, mine := w.command(r)
	out, err := w.s.atTime(w.now).Delete(context.Background(), c)
	ends, rule := w.endings(by, to), ""
	inherits := func(l licensing.LicenseID) bool { return w.inherits(to, l) && by.admin(l) }
	switch {
	case len(mine)+len(ends) > 0:
	case slices.ContainsFunc(w.licenses, inherits):
		rule = "R87"
	default:
		rule = "R43"
	}
	if !w.agrees(r, err, rule) {
		return
	}
	slices.Sort(ends)
	if !slices.Equal(out.Ended, ends) {
		r.Fatalf("%+v, the model ends %v", out, ends)
	}
	for _, l := range w.licenses {
		for kind, m := range w.contacts[l] {
			if m == to && kind != licensing.BillToContact && w.administers(by, l) {
				defer func() { to.ended[mNaming{l, kind}] = true }()
			}
		}
	}
	for n, l := range mine {
		// Each is judged as the License IDs before it have left the
		// caller: authority is that of the beginning.
		x := wish{by: by, to: to, license: l, remove: sortedRoles(to.held[l].roles), deleting: true}
		rule, outcome := w.judgeDeletion(x)
		if rule == "" {
			delete(to.held, l)
		}
		w.verdict(r, out.Verdicts[n], rule, outcome)
	}
	if !to.registered && len(to.held) == 0 && to.invitation != "" &&
		to.invitation != licensing.InvitationAccepted {
		to.invitation = licensing.InvitationCancelled
	}
	for _, l := range ends {
		to.inherit[l] = false
	}
}

// endings is from which agreements a deletion ends what somebody inherits.
func (w *world) endings(by, to *mPerson) (out []licensing.LicenseID) {
	for l, inherit := range to.inherit {
		if inherit && w.administers(by, l) {
			out = append(out, l)
		}
	}
	return out
}

// judgeDeletion is judge for somebody who has authority.
func (w *world) judgeDeletion(x wish) (string, licensing.Outcome) {
	if x.by == x.to && slices.Contains(x.remove, licensing.Administrator) {
		return "R31", ""
	}
	if x.to.admin(x.license) && !w.otherAdmins(x.to, x.license) {
		return "R33", ""
	}
	return "", licensing.Changed
}

// tenant has somebody leave the tenant or return.
func (w *world) tenant(r *rapid.T) {
	m := w.mostly(r, "who", func(m *mPerson) bool { return m.object != "" && !m.present })
	if m.object == "" {
		return
	}
	m.present, w.left = !m.present, true
	_, err := w.s.atTime(w.now).Directory(context.Background(),
		licensing.DirectoryChange{ID: newRequest(), Org: w.org,
			People: []licensing.DirectoryPerson{
				{ObjectID: m.object, Email: m.email, Name: m.name, Left: !m.present},
			}})
	if err != nil {
		r.Fatal(err)
	}
	switch {
	case !m.known:
	case !m.present && m.bound:
		w.leave(m)
	case m.present && m.bound:
		m.inTenant = true // what he had stays suspended
	case m.present && !m.bound:
		m.bound, m.inTenant = true, true
	}
}

func (w *world) recheck(r *rapid.T) {
	by, to, c, _ := w.command(r)
	_, err := w.s.atTime(w.now).Recheck(context.Background(), c)
	var mine, back []licensing.LicenseID
	for _, l := range w.licenses {
		if (to.held[l] == nil && !w.isContact(to, l)) || !w.administers(by, l) {
			continue
		}
		mine = append(mine, l)
		if w.suspended(to, l) {
			back = append(back, l)
		}
	}
	rule := ""
	switch {
	case len(mine) == 0:
		rule = "R43"
	case to.tenant() && len(back) == 0:
		rule = "R57"
	case !to.present:
		rule = "R86"
	}
	if w.agrees(r, err, rule) {
		to.bound, to.inTenant = true, true
		for _, l := range back {
			w.giveBack(to, l, true)
		}
	}
}

// leave takes the effect of everything that somebody has (R86).
func (w *world) leave(m *mPerson) {
	m.inTenant = false
	for _, h := range m.held {
		h.suspended = true
		for _, g := range h.roles {
			g.suspended, g.effective = g.suspended || g.effective, false
		}
	}
	for l := range m.inherit {
		m.inherit[l] = false
	}
	for _, l := range w.licenses {
		for kind, who := range w.contacts[l] {
			if who == m {
				m.barred[string(l)+string(kind)] = true
			}
		}
	}
}

// giveBack ends that, on one License ID.
func (w *world) giveBack(m *mPerson, l licensing.LicenseID, atOnce bool) {
	for kind := range w.contacts[l] {
		delete(m.barred, string(l)+string(kind))
	}
	h := m.held[l]
	if h == nil {
		return
	}
	h.suspended = false
	for _, g := range h.roles {
		g.effective, g.suspended = g.effective || atOnce && g.suspended, false
	}
}

// givesBack says whether the wish would end it where he has something.
func (x wish) givesBack() bool {
	h := x.to.held[x.license]
	return x.by != nil && h != nil && h.suspended && len(x.add) > 0
}

func (w *world) isContact(m *mPerson, l licensing.LicenseID) bool {
	for _, who := range w.contacts[l] {
		if who == m {
			return true
		}
	}
	return false
}

func (w *world) suspended(m *mPerson, l licensing.LicenseID) bool {
	if h := m.held[l]; h != nil && h.suspended {
		return true
	}
	for kind, who := range w.contacts[l] {
		if who == m && m.barred[string(l)+string(kind)] {
			return true
		}
	}
	return false
}

// contact names a contact, as a partner.
func (w *world) contact(r *rapid.T) {
	l, m := w.anyLicense(r, "license"), w.mostly(r, "contact", func(m *mPerson) bool { return m.registered })
	kind := rapid.SampledFrom([]licensing.ContactKind{licensing.PrimaryContact,
		licensing.OnlineAdministratorContact, licensing.BillToContact}).Draw(r, "kind")
	out, err := w.s.atTime(w.now).ChangeContact(context.Background(),
		licensing.ContactChange{ID: newRequest(), Org: w.org, Licenses: []licensing.LicenseID{l},
			Contact: licensing.Contact{Kind: kind, Business: m.email, SignIn: m.email, Name: m.name}})
	if err != nil {
		r.Fatal(err)
	}
	former := w.contacts[l][kind]
	want := map[bool]licensing.ContactOutcome{true: licensing.ContactUnchanged,
		false: licensing.ContactNamed}[former == m]
	if out.Contacts[0].Outcome != want {
		r.Fatalf("%+v, the model says %s", out.Contacts, want)
	}
	if former == m {
		return
	}
	w.create(m)
	if role := kind.Role(); role != "" {
		x := wish{to: m, license: l, add: []licensing.Role{role}, billTo: kind == licensing.BillToContact}
		if role == licensing.Administrator {
			x.remove = []licensing.Role{licensing.InvoiceReader}
		}
		rule, outcome := w.do(x)
		w.verdict(r, out.People[0].Verdicts[0], rule, outcome)
	}
	w.identify(r, m)
	if kind == licensing.BillToContact {
		for _, o := range w.people {
			if g := o.has(l, licensing.InvoiceReader); g != nil && g.billTo && o != m {
				w.do(wish{to: o, license: l, remove: []licensing.Role{licensing.InvoiceReader}})
			}
		}
		if g := m.has(l, licensing.InvoiceReader); g != nil {
			g.billTo = true
		}
	}
	w.contacts[l][kind] = m
	delete(m.ended, mNaming{l, kind})
	delete(m.barred, string(l)+string(kind))
	if former != nil && !w.names(former, l) {
		former.inherit[l] = false
	}
}

func (w *world) prefer(r *rapid.T) {
	l := w.licenses[rapid.SampledFrom([]int{0, 0, 0, 1, 1, 3}).Draw(r, "license")]
	m := w.mostly(r, "who", func(m *mPerson) bool { return w.names(m, l) && m.registered })
	want := rapid.IntRange(0, 3).Draw(r, "inherit") > 0
	_, err := w.s.atTime(w.now).SetPreference(context.Background(), licensing.PreferenceChange{
		Request: newRequest(), Org: w.org, User: w.userID(m), License: l, Inherit: want,
	})
	rule := ""
	parents, fresh := slices.Collect(maps.Values(w.parent)), false
	for kind, c := range w.contacts[l] {
		fresh = fresh || c == m && kind != licensing.BillToContact && !m.ended[mNaming{l, kind}]
	}
	switch {
	case !m.known || !m.registered || !m.tenant() || !w.names(m, l) || w.suspended(m, l):
		rule = "R90"
		if licensing.RefusalOf(err) != nil && licensing.RefusalOf(err).Rule == "R43" {
			rule = "R43" // where nothing of it is his: see TestR90_OnlyARegistered…
		}
	case want && !slices.Contains(parents, l):
		rule = "R88"
	case want && !fresh:
		rule = "R80"
	}
	if w.agrees(r, err, rule) {
		m.inherit[l] = want
	}
}

// move puts an agreement below another one, or below none.
func (w *world) move(r *rapid.T) {
	l := w.anyLicense(r, "license")
	p, q := w.licenses[0], w.licenses[1]
	// where it stood first
	parent := map[licensing.LicenseID]licensing.LicenseID{q: p, w.licenses[2]: q, w.mailless: p}[l]
	if rapid.IntRange(0, 2).Draw(r, "elsewhere") == 0 {
		parent = rapid.SampledFrom(append([]licensing.LicenseID{""}, w.licenses...)).Draw(r, "parent")
	}
	if l == w.licenses[3] {
		return // one stays alone
	}
	a := w.agreement(l)
	a.Parent = parent
	_, err := w.s.atTime(w.now).PutAgreement(context.Background(),
		licensing.AgreementPut{ID: newRequest(), Org: w.org, Agreement: a})
	rule := ""
	if parent == l || parent != "" && slices.Contains(w.above(parent), l) {
		rule = "R41"
	}
	if w.agrees(r, err, rule) {
		w.parent[l] = parent
	}
}

// compare looks at the store from outside, after each step.
func (w *world) compare(r *rapid.T) {
	for range 3 {
		m, l := w.anybody(r, "whose access"), w.anyLicense(r, "where")
		p := rapid.SampledFrom([]licensing.Permission{licensing.ManageAssignments, licensing.ViewOrders,
			licensing.ListInvoices, licensing.ManageBenefits}).Draw(r, "may")
		got, err := w.views().Access(context.Background(), w.org, w.userID(m), l, p)
		if err != nil {
			r.Fatal(err)
		}
		if got.Allowed != w.may(m, l, p) {
			r.Fatalf("%s, %s on %s: the store says %+v, the model %v", m.name, p, l, got, w.may(m, l, p))
		}
	}
	w.compareList(r, w.anybody(r, "whose list"))
	w.numbers(r)
	w.invariants(r)
}

func (w *world) compareList(r *rapid.T, by *mPerson) {
	page, err := w.views().Users(context.Background(), w.org, w.userID(by),
		licensing.UserFilter{})
	if err != nil {
		r.Fatal(err)
	}
	got := map[string]string{}
	for _, u := range page.Users {
		got[u.Name] = string(u.Status) + " " + fmt.Sprint(u.Roles)
	}
	want := map[string]string{}
	for _, m := range w.people {
		var all []licensing.Status
		var roles []licensing.Role
		for l, h := range m.held {
			if by.known && by.admin(l) {
				all = append(all, w.status(m, l))
				roles = append(roles, sortedRoles(h.roles)...)
			}
		}
		for _, l := range w.licenses {
			if by.known && by.admin(l) && w.inherits(m, l) {
				if m.held[l] == nil {
					all = append(all, licensing.StatusActive)
				}
				roles = append(roles, licensing.Administrator)
			}
		}
		if len(all) > 0 {
			want[m.name] = string(licensing.MostUrgent(all...)) + " " + fmt.Sprint(licensing.SortRoles(roles))
		}
	}
	if !maps.Equal(got, want) {
		r.Fatalf("the list of %s is %v, the model has %v", by.name, got, want)
	}
}

// invariants are what must hold whatever the model says (R19, R33, R52, R84, R92).
// numbers expects that whoever's effective grants are others than before the step has a higher number (L08).
func (w *world) numbers(r *rapid.T) {
	before := w.told
	w.told = map[licensing.UserID]numbered{}
	for _, m := range w.people {
		if !m.known {
			continue
		}
		id := w.userID(m)
		if old, ok := before[id]; ok {
			now := w.numbered(r, id, old.at)
			if now.version < old.version || now.grants != old.grants && now.version == old.version {
				r.Fatalf("%s: %+v became %+v", m.name, old, now)
			}
		}
		w.told[id] = w.numbered(r, id, w.now)
	}
}

func (w *world) numbered(r *rapid.T, id licensing.UserID, at time.Time) numbered {
	e, err := w.s.Effective(context.Background(), id, at)
	if err != nil {
		r.Fatal(err)
	}
	out := numbered{at: at, grants: fmt.Sprint(e.Email, e.Object, e.Grants)}
	err = w.s.reader.Read(context.Background(), "read number", func(q *rows.Query) error {
		return q.Get(&out.version, `SELECT version FROM users WHERE id = ?`, id)
	})
	if err != nil {
		r.Fatal(err)
	}
	if out.version == 0 && len(e.Grants) == 0 {
		out.grants = "" // nobody is told of somebody who never registered
	}
	return out
}

func (w *world) invariants(r *rapid.T) {
	var both int
	err := w.s.reads.Get(&both, w.s.reads.Rebind(`
		SELECT COUNT(*)
		FROM grants a
		JOIN grants b ON b.user_id = a.user_id AND b.license_id = a.license_id AND b.role = 'invoice_reader'
		JOIN users u ON u.id = a.user_id
		WHERE a.role = 'administrator' AND u.org_id = ?`), w.org)
	if err != nil || both > 0 {
		r.Fatalf("R19: %d, %v", both, err)
	}
	for _, l := range w.licenses {
		active := false
		for _, m := range w.people {
			active = active || m.admin(l)
			if w.inherits(m, l) && m.has(l, licensing.InvoiceReader) != nil {
				r.Fatalf("R92: %s on %s", m.name, l)
			}
		}
		if w.active[l] && !active && !w.left {
			r.Fatalf("R33: %s lost its last admin by an edit", l)
		}
		w.active[l] = active
	}
	w.left = false
}
