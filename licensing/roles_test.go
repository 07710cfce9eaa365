package licensing

import (
	"slices"
	"strings"
	"testing"
)

// permits fails the test unless the role permits exactly these.
func permits(t *testing.T, r Role, want ...Permission) {
	t.Helper()
	for _, p := range Permissions() {
		if got := r.Permits(p); got != slices.Contains(want, p) {
			t.Errorf("%s permits %s: %t", r, p, got)
		}
	}
	if got := len(r.Info().Permissions); got != len(want) {
		t.Errorf("%s has %d permissions, want %d", r, got, len(want))
	}
}

func TestR01_PermissionsAreAClosedSet(t *testing.T) {
	want := []string{"manage_assignments", "view_contracts", "view_orders", "view_contract_keys",
		"create_license_summaries",
		"download_software", "view_product_keys", "manage_activation", "manage_benefits",
		"reserve_online_services", "manage_subscriptions", "list_invoices", "download_invoices"}
	if got := len(Permissions()); got != len(want) {
		t.Fatalf("%d permissions, want %d", got, len(want))
	}
	for _, s := range want {
		if p, err := ParsePermission(" " + strings.ToUpper(s) + " "); err != nil || string(p) != s {
			t.Errorf("%s is read as %q, %v", s, p, err)
		}
	}
	for name, s := range map[string]string{
		"nothing is no permission":                  "",
		"a right in the directory is no permission": "user.write",
		"a role is no permission":                   "administrator",
		"everything at once is no permission":       "*",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePermission(s)
			e := refusal(t, err, Invalid, "R01")
			for _, p := range want {
				if !strings.Contains(e.Message, p) {
					t.Errorf("the refusal doesn't name %s", p)
				}
			}
		})
	}
}

func TestR01_WhatIsHandedOutCannotBeChanged(t *testing.T) {
	Roles()[0].Permissions[0] = DownloadInvoices
	Roles()[1] = RoleInfo{}
	InvoiceReader.Info().Permissions[0] = ManageAssignments
	if Administrator.Permits(DownloadInvoices) || InvoiceReader.Permits(ManageAssignments) ||
		Roles()[1].Role != LicensePositionReader {
		t.Error("a caller's change reached the roles")
	}
}

func TestR10_ExactlySevenRoles(t *testing.T) {
	want := []Role{Administrator, LicensePositionReader, ProductDownloadManager, ProductKeysReader,
		BenefitsReader, OnlineServicesManager, InvoiceReader}
	names := []string{"Administrator", "License position reader", "Product download manager",
		"Product keys reader", "Benefits reader", "Online services manager", "Invoice Reader"}
	all := Roles()
	if len(all) != 7 {
		t.Fatalf("%d roles", len(all))
	}
	for i, r := range all {
		if r.Role != want[i] || r.Name != names[i] || r.Role.Info().Name != names[i] {
			t.Errorf("role %d is %s %q", i, r.Role, r.Name)
		}
	}
	for name, s := range map[string]string{
		"nothing is no role":               "",
		"blanks and dashes are no role":    " -_ ",
		"a tenant's role is no role":       "Global Administrator",
		"a part of a name is no role":      "admin",
		"two roles at once are no role":    "administrator,invoice_reader",
		"a permission is no role":          "manage_assignments",
		"a misspelt role is no role":       "Licence position reader",
		"a role with more behind it isn't": "administratorx",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRole(s)
			e := refusal(t, err, Invalid, "R10")
			for _, r := range want {
				if !strings.Contains(e.Message, string(r)) {
					t.Errorf("the refusal doesn't name %s", r)
				}
			}
		})
	}
	if i := Role("owner").Info(); i.Role != "owner" || i.Name != "owner" || len(i.Permissions) != 0 ||
		Role("owner").Permits(ViewContracts) {
		t.Errorf("an unknown role is shown as %+v", i)
	}
}

func TestR11_AdministratorMayDoAllButInvoices(t *testing.T) {
	var want []Permission
	for _, p := range Permissions() {
		if p != ListInvoices && p != DownloadInvoices {
			want = append(want, p)
		}
	}
	permits(t, Administrator, want...)
	for _, r := range Roles()[1:] {
		if r.Role.Permits(ManageAssignments) {
			t.Errorf("%s manages assignments too", r.Name)
		}
	}
}

func TestR12_LicensePositionReader(t *testing.T) {
	permits(t, LicensePositionReader, ViewContracts, ViewOrders, ViewContractKeys, CreateLicenseSummaries)
}

func TestR13_ProductDownloadManager(t *testing.T) {
	permits(t, ProductDownloadManager, ViewContracts, DownloadSoftware)
}

func TestR14_ProductKeysReader(t *testing.T) {
	permits(t, ProductKeysReader, ViewContracts, ViewContractKeys, ManageActivation, ViewProductKeys)
}

func TestR15_BenefitsReader(t *testing.T) {
	permits(t, BenefitsReader, ViewContracts, ManageBenefits)
}

func TestR16_OnlineServicesManager(t *testing.T) {
	permits(t, OnlineServicesManager, ViewContracts, ViewOrders, ReserveOnlineServices, ManageActivation,
		ManageSubscriptions)
}

func TestR17_InvoiceReader(t *testing.T) {
	permits(t, InvoiceReader, ViewContracts, ListInvoices, DownloadInvoices)
}

func TestR21_RetiredNamesAreAliases(t *testing.T) {
	for _, c := range []struct {
		vlsc string
		role Role
	}{
		{"Administrator", Administrator}, {"Licensing Info Viewer", LicensePositionReader},
		{"Download", ProductDownloadManager},
		{"Product Keys", ProductKeysReader}, {"Software Assurance Manager", BenefitsReader},
		{"Online Services Manager", OnlineServicesManager},
	} {
		if c.role.Info().VLSC != c.vlsc {
			t.Errorf("%s is shown beside %q, want %q", c.role, c.role.Info().VLSC, c.vlsc)
		}
		dashed := strings.ReplaceAll(c.vlsc, " ", "-")
		for _, s := range []string{c.vlsc, strings.ToUpper(c.vlsc), " " + dashed + " ", string(c.role),
			c.role.Info().Name} {
			if got, err := ParseRole(s); err != nil || got != c.role {
				t.Errorf("%q is read as %q, %v, want %s", s, got, err, c.role)
			}
		}
	}
	if InvoiceReader.Info().VLSC != "" {
		t.Error("Invoice Reader had no VLSC name")
	}
}

func TestSortRolesPutsEachOnceInTheOrderOfTheList(t *testing.T) {
	got := SortRoles([]Role{InvoiceReader, BenefitsReader, "owner", Administrator, BenefitsReader})
	if !slices.Equal(got, []Role{Administrator, BenefitsReader, InvoiceReader}) {
		t.Errorf("got %v", got)
	}
}
