package local

import (
	"context"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// Contoso is the demonstration's organization: an MBSA with agreements below it, of which E2003 was processed
// just now.
func Contoso(now time.Time) licensing.Intake {
	return licensing.Intake{
		ID: licensing.RequestID(uuid.NewString()), Org: "5b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d0001",
		Name: "Contoso Ltd.", Domains: []string{"contoso.example"},
		Directory: []licensing.DirectoryPerson{
			{ObjectID: "o-alex", Email: "alex@contoso.example", Name: "Alex Wilber"},
			{ObjectID: "o-dana", Email: "dana@contoso.example", Name: "Dana Swope"},
			{ObjectID: "o-kim", Email: "kim@contoso.example", Name: "Kim Akers"},
			{ObjectID: "o-jo", Email: "jo@contoso.example", Name: "Jo Brown"},
			{ObjectID: "o-tom", Email: "tom@contoso.example", Name: "Tom Perham"},
			{ObjectID: "o-noor", Email: "noor@contoso.example", Name: "Noor Haddad"},
		},
		Agreements: contosoAgreements(now),
	}
}

func contosoAgreements(now time.Time) []licensing.ContractAgreement {
	registered, long := now.AddDate(0, 0, -200), now.AddDate(0, 0, -300)
	admin := func(email licensing.Email, name string) []licensing.ContractAdministrator {
		return []licensing.ContractAdministrator{{SignIn: email, Name: name, Registered: registered}}
	}
	alex, dana := admin("alex@contoso.example", "Alex Wilber"), admin("dana@contoso.example", "Dana Swope")
	return []licensing.ContractAgreement{
		{License: "M2000", Program: "Microsoft Business and Services Agreement",
			ProcessedAt: long, Administrators: alex},
		{License: "E2001", Program: "Enterprise Agreement", Parent: "M2000",
			ProcessedAt: long, Administrators: alex},
		{License: "E2002", Program: "Select Plus", Parent: "M2000",
			ProcessedAt: long, Administrators: dana},
		{License: "E2003", Program: "Enterprise Agreement", Parent: "M2000",
			ProcessedAt: now, Administrators: alex},
	}
}

// addContoso adds the organization, unless there is one.
func (s *Stack) addContoso(ctx context.Context) error {
	all, err := s.Views.Organizations(ctx)
	if err != nil || len(all) > 0 {
		return err
	}
	_, err = s.Client.Apply(ctx, Contoso(time.Now().UTC()))
	return err
}
