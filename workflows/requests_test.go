package workflows_test

import (
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"vlroles/licensing"
	"vlroles/worker/engine/enginetest"
	"vlroles/workflows"
)

func outside(kind licensing.ContactKind, name string) licensing.Contact {
	return licensing.Contact{Kind: kind, Business: licensing.Email(name + "@fabrikam.example"), Name: name}
}

// put takes an agreement in that was processed long ago.
func put(
	t *testing.T,
	s *enginetest.Env,
	l, parent licensing.LicenseID,
	contacts ...licensing.Contact,
) licensing.IntakeAnswer {
	t.Helper()
	out, err := s.Flows.PutAgreement(
		s.Ctx(),
		licensing.AgreementPut{ID: enginetest.Request(), Org: s.Org, Agreement: licensing.ContractAgreement{
			License: l, Program: "MPSA", Parent: parent, ProcessedAt: time.Now().Add(-1000 * time.Hour),
			Contacts: contacts}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func may(
	t *testing.T,
	s *enginetest.Env,
	u licensing.UserID,
	l licensing.LicenseID,
	p licensing.Permission,
) licensing.Answer {
	t.Helper()
	a, err := s.Views.Access(s.Ctx(), s.Org, u, l, p)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// active waits until somebody may do something.
func active(
	t *testing.T, s *enginetest.Env, u licensing.UserID, l licensing.LicenseID, p licensing.Permission,
) {
	t.Helper()
	s.Until(string(p)+" on "+string(l), func() bool { return may(t, s, u, l, p).Allowed })
}

// TestRequests walks every path of partners, tenants and hand-overs once, on real components.
func TestRequests(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t, enginetest.Options{})

	t.Run(
		"R25 R27 R28 an agreement's contacts are invited, "+
			"and whoever gets a forwarded mail becomes admin instead", func(t *testing.T) {
			out := put(
				t,
				s,
				"C1",
				"",
				outside(licensing.PrimaryContact, "pat"),
				outside(licensing.BillToContact, "bill"),
			)
			if out.Work != 2 || len(out.Contacts) != 2 {
				t.Fatalf("%+v", out)
			}
			pat := out.Contacts[0].User
			r := s.Registration(s.Mail("pat", "welcome", 1), "amy@fabrikam.example")
			r.Identity.Name = "Amy"
			who, err := s.Flows.Register(s.Ctx(), r)
			if err != nil || who.User == pat {
				t.Fatal(who, err)
			}
			s.Mail("pat", "forwarded", 1)
			s.Mail("amy", "registered", 1)
			active(t, s, who.User, "C1", licensing.ManageAssignments)
			h, status := s.Closed(workflows.InvitationID(pat))
			completed(t, status)
			kept(t, "invitation-forwarded", h)
			h, _ = s.Closed(workflows.AgreementID("C1"))
			kept(t, "agreement", h)

			// R27: no second welcome mail
			later := put(t, s, "C2", "", outside(licensing.NoticesContact, "pat"))
			if v := later.People[0]; v.User != who.User || v.Verdicts[0].Outcome != licensing.Assigned {
				t.Fatalf("%+v", later)
			}
			s.Mail("pat", "changes", 1) // at the address on the contract
			count(t, s, "pat", "welcome", 1)
		},
	)

	t.Run(
		"R28 what an admin gave stays with the addressee, whose run goes on with an invitation of its own",
		func(t *testing.T) {
			out := put(
				t,
				s,
				"C6",
				"",
				outside(licensing.BillToContact, "zoe"),
				outside(licensing.PrimaryContact, "xia"),
			)
			_, people := s.Save(enginetest.Person("zoe", enginetest.Add("E1")))
			zoe := people[0].User
			if out.Contacts[1].User != zoe || people[0].Verdicts[0].Outcome != licensing.Joined {
				t.Fatalf("%+v, %+v", out, people)
			}
			r := s.Registration(s.Mail("zoe", "welcome", 1), "yan@fabrikam.example")
			r.Identity.Name = "Yan"
			yan, err := s.Flows.Register(s.Ctx(), r)
			if err != nil || yan.User == zoe || yan.Again.Generation != 1 {
				t.Fatal(yan, err)
			}
			s.Mail("zoe", "forwarded", 1)
			active(t, s, yan.User, "C6", licensing.ListInvoices)
			if _, err := s.Flows.Register(s.Ctx(),
				s.Registration(s.Mail("zoe", "welcome", 2), "zoe@fabrikam.example")); err != nil {
				t.Fatal(err)
			}
			active(t, s, zoe, "E1", licensing.DownloadSoftware)
			h, status := s.Closed(workflows.InvitationID(zoe))
			completed(t, status)
			kept(t, "invitation-forwarded-in-part", h)
		},
	)

	t.Run("R03 two requests for one License ID at once are carried out one after the other",
		func(t *testing.T) {
			answers := make(chan error, 4)
			for n := range 4 {
				go func() {
					_, err := s.Flows.PutAgreement(
						s.Ctx(),
						licensing.AgreementPut{ID: enginetest.Request(), Org: s.Org,
							Agreement: licensing.ContractAgreement{
								License: "C3", Program: "MPSA", ProcessedAt: time.Now(),
								Contacts: []licensing.Contact{
									outside(licensing.PrimaryContact, string(rune('p'+n))+"rimary"),
								}}},
					)
					answers <- err
				}()
			}
			for range 4 {
				if err := <-answers; err != nil {
					t.Error(err)
				}
			}
			s.Closed(workflows.AgreementID("C3"))
			_, err := s.Flows.PutAgreement(
				s.Ctx(),
				licensing.AgreementPut{
					ID:  enginetest.Request(),
					Org: s.Org,
					Agreement: licensing.ContractAgreement{License: "C4", Program: "MPSA",
						ProcessedAt: time.Now()},
				},
			)
			refusedBy(t, err, licensing.Invalid, "R25")
			h, status := s.Closed(workflows.AgreementID("C4"))
			completed(t, status)
			kept(t, "agreement-refused", h)
		})

	t.Run("R34 a contact is replaced, Invoice Reader moves", func(t *testing.T) {
		before := put(
			t,
			s,
			"C5",
			"",
			outside(licensing.PrimaryContact, "prim"),
			outside(licensing.BillToContact, "payer"),
		)
		payer := before.Contacts[1].User
		s.Register("payer")
		active(t, s, payer, "C5", licensing.ListInvoices)
		c := licensing.ContactChange{
			ID:      enginetest.Request(),
			Org:     s.Org,
			Contact: outside(licensing.BillToContact, "next"),
			From:    "payer@fabrikam.example",
		}
		out, err := s.Flows.ChangeContact(s.Ctx(), c)
		if err != nil || out.Contacts[0].Former != payer {
			t.Fatalf("%+v, %v", out, err)
		}
		if may(t, s, payer, "C5", licensing.ListInvoices).Allowed {
			t.Fatal("the former Bill To contact still reads invoices (R18)")
		}
		s.Mail("payer", "changes", 1)
		s.Mail("next", "welcome", 1)
		h, _ := s.Closed("contact/" + string(c.ID))
		kept(t, "contact", h)
	})

	t.Run("R80 R82 a user who is deleted in the middle of a propagation ends with its run",
		func(t *testing.T) {
			slow := enginetest.New(t,
				enginetest.Options{Policy: func(p *licensing.Policy) { p.Propagation = time.Hour }})
			_, people := slow.Save(enginetest.Person("kim", enginetest.Add("E1")))
			kim := people[0].User
			slow.Register("kim")
			c := slow.Command(kim)
			out, err := slow.Flows.Delete(slow.Ctx(), c)
			if err != nil || out.Verdicts[0].Outcome != licensing.Changed {
				t.Fatalf("%+v, %v", out, err)
			}
			h, status := slow.Closed(workflows.InvitationID(kim))
			if status != enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED {
				t.Fatal(status)
			}
			kept(t, "invitation-deleted-in-progress", h)
			h, _ = slow.Closed("delete/" + string(c.Request))
			kept(t, "delete", h)
			slow.Mail("kim", "changes", 1)

			_, people = slow.Save(enginetest.Person("lee", enginetest.Add("E1")))
			r := slow.Registration(slow.Mail("lee", "welcome", 1), "lee@fabrikam.example")
			if _, err := slow.Flows.Delete(slow.Ctx(), slow.Command(people[0].User)); err != nil {
				t.Fatal(err)
			}
			_, err = slow.Flows.Register(slow.Ctx(), r)
			refusedBy(t, err, licensing.Gone, "R82")
			slow.Closed(workflows.InvitationID(people[0].User))
		})

	t.Run("R84 R86 a person leaves the tenant, is back, and is re-checked", func(t *testing.T) {
		noor := licensing.DirectoryPerson{ObjectID: "noor", Email: "noor@contoso.example",
			Name: "Noor Haddad"}
		tell := func(left bool) licensing.DirectoryAnswer {
			noor.Left = left
			out, err := s.Flows.Directory(
				s.Ctx(),
				licensing.DirectoryChange{ID: enginetest.Request(), Org: s.Org,
					People: []licensing.DirectoryPerson{noor}},
			)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		tell(false)
		_, people := s.Save(
			licensing.PersonChange{SignIn: noor.Email,
				Access: []licensing.AccessChange{enginetest.Add("E1")}},
		)
		id := people[0].User
		if _, err := s.Flows.Register(s.Ctx(),
			s.Registration(s.Mail("noor@contoso.example", "welcome", 1), noor.Email)); err != nil {
			t.Fatal(err)
		}
		active(t, s, id, "E1", licensing.DownloadSoftware)
		if out := tell(true); len(out.Left) != 1 || may(t, s, id, "E1", licensing.DownloadSoftware).Allowed {
			t.Fatalf("%+v", out)
		}
		tell(false)
		c := s.Command(id)
		if out, err := s.Flows.Recheck(s.Ctx(), c); err != nil || len(out.Licenses) != 1 ||
			!may(t, s, id, "E1", licensing.DownloadSoftware).Allowed {
			t.Fatal(out, err)
		}
		h, _ := s.Closed("recheck/" + string(c.Request))
		kept(t, "recheck", h)
	})

	t.Run("R33 the last admin leaves: operators find the run, and support seats somebody",
		func(t *testing.T) {
			own := enginetest.New(t, enginetest.Options{})
			d := licensing.DirectoryChange{
				ID:  enginetest.Request(),
				Org: own.Org,
				People: []licensing.DirectoryPerson{
					{ObjectID: "alex", Email: "alex@contoso.example", Name: "Alex Wilber", Left: true},
				},
			}
			out, err := own.Flows.Directory(own.Ctx(), d)
			if err != nil || len(out.Orphaned) != 2 {
				t.Fatalf("%+v, %v", out, err)
			}
			h, _ := own.Closed("directory/" + string(d.ID))
			kept(t, "directory-orphaned", h)
			if got := status(own, "directory/"+string(d.ID)); got != workflows.StatusOrphaned {
				t.Fatal(got)
			}
			seat := licensing.Appointment{
				ID:      enginetest.Request(),
				Org:     own.Org,
				License: "E1",
				Person:  enginetest.Person("new"),
				Reason:  "case 1",
			}
			if answer, err := own.Flows.Appoint(own.Ctx(), seat); err != nil || !answer.People[0].Accepted() {
				t.Fatal(answer, err)
			}
			own.Register("new")
			h, _ = own.Closed("seat/" + string(seat.ID))
			kept(t, "seat", h)
		})

	t.Run("R88 a contact opts in and out", func(t *testing.T) {
		prim := put(t, s, "P1", "", outside(licensing.PrimaryContact, "heir")).Contacts[0].User
		put(t, s, "P2", "P1", outside(licensing.PrimaryContact, "low"))
		s.Register("heir")
		p := licensing.PreferenceChange{
			Request: enginetest.Request(),
			Org:     s.Org,
			User:    prim,
			License: "P1",
			Inherit: true,
		}
		if out, err := s.Flows.SetPreference(s.Ctx(), p); err != nil || out.Below != 1 {
			t.Fatal(out, err)
		}
		if a := may(t, s, prim, "P2", licensing.ViewOrders); !a.Allowed || a.Above != "P1" {
			t.Fatalf("%+v", a)
		}
		h, _ := s.Closed("preference/" + string(p.Request))
		kept(t, "preference", h)
	})

	t.Run("R30 R31 R32 a hand-over waits for the successor, who agrees and takes over", func(t *testing.T) {
		put(t, s, "H1", "", outside(licensing.PrimaryContact, "old"))
		put(t, s, "H2", "", outside(licensing.PrimaryContact, "old"))
		old := s.Register("old").User
		active(t, s, old, "H1", licensing.ManageAssignments)
		active(t, s, old, "H2", licensing.ManageAssignments)
		h := licensing.HandOver{
			ID:        enginetest.Request(),
			Org:       s.Org,
			Admin:     old,
			Successor: enginetest.Person("sam"),
			Licenses:  []licensing.LicenseID{"H1", "H2", "E1"},
		}
		out, err := s.Flows.HandOver(s.Ctx(), h)
		if err != nil || out.View.Waiting() != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		s.Mail("sam", "handover", 1)
		sam := out.People[0].User
		agree := licensing.HandOverCommand{Request: enginetest.Request(), Org: s.Org, HandOver: h.ID, By: sam}
		_, err = s.Flows.AgreeHandOver(s.Ctx(), agree)
		refusedBy(t, err, licensing.Conflict, "R30") // has not registered
		s.Register("sam")
		agree.Request = enginetest.Request()
		if v, err := s.Flows.AgreeHandOver(s.Ctx(), agree); err != nil || v.State == licensing.HandOverOpen {
			t.Fatal(v, err)
		}
		history, status := s.Closed(workflows.HandOverID(h.ID))
		completed(t, status)
		kept(t, "handover", history)
		if may(t, s, old, "H1", licensing.ManageAssignments).Allowed ||
			!may(t, s, sam, "H2", licensing.ManageAssignments).Allowed {
			t.Fatal("not handed over")
		}
		s.Mail("old", "changes", 1)
		_, err = s.Flows.CancelHandOver(
			s.Ctx(),
			licensing.HandOverCommand{Request: enginetest.Request(), Org: s.Org, HandOver: h.ID, By: sam},
		)
		refusedBy(t, err, licensing.Conflict, "R32")

		again := licensing.HandOver{
			ID:        enginetest.Request(),
			Org:       s.Org,
			Admin:     sam,
			Successor: enginetest.Person("tim"),
			Licenses:  []licensing.LicenseID{"H1"},
		}
		if _, err := s.Flows.HandOver(s.Ctx(), again); err != nil {
			t.Fatal(err)
		}
		v, err := s.Flows.CancelHandOver(
			s.Ctx(),
			licensing.HandOverCommand{Request: enginetest.Request(), Org: s.Org, HandOver: again.ID, By: sam},
		)
		if err != nil || v.State != licensing.HandOverCancelled {
			t.Fatal(v, err)
		}
		history, _ = s.Closed(workflows.HandOverID(again.ID))
		kept(t, "handover-cancelled", history)
	})

	t.Run("R76 where nobody is invited an open invitation ends with the assignment", func(t *testing.T) {
		out, err := s.Flows.PutAgreement(
			s.Ctx(),
			licensing.AgreementPut{ID: enginetest.Request(), Org: s.Org,
				Agreement: licensing.ContractAgreement{
					License: "N1", Program: "Enterprise Agreement",
					ProcessedAt: time.Now().Add(-1000 * time.Hour), NoInvitation: true,
					Contacts: []licensing.Contact{
						{Kind: licensing.PrimaryContact, Business: "alex@contoso.example", Name: "Alex"},
					}}},
		)
		if err != nil || out.People[0].Verdicts[0].Outcome != licensing.Assigned {
			t.Fatalf("%+v, %v", out, err)
		}
		s.Becomes(s.Admin, "N1", licensing.StatusActive)
		_, people := s.Save(enginetest.Person("max", enginetest.Add("E1")))
		r := s.Registration(s.Mail("max", "welcome", 1), "max@fabrikam.example")
		s.Save(enginetest.Person("max", enginetest.Add("N1")))
		s.Becomes(people[0].User, "E1", licensing.StatusActive)
		s.Becomes(people[0].User, "N1", licensing.StatusActive)
		_, err = s.Flows.Register(s.Ctx(), r)
		refusedBy(t, err, licensing.Gone, "R29")
		h, _ := s.Closed(workflows.InvitationID(people[0].User))
		kept(t, "invitation-taken-up-by-assignment", h)
	})
}
