package licensing

import (
	"slices"
	"strings"
)

// Role is one of the seven roles (R10).
type Role string

// The seven roles, a closed set.
const (
	Administrator          Role = "administrator"
	LicensePositionReader  Role = "license_position_reader"
	ProductDownloadManager Role = "product_download_manager"
	ProductKeysReader      Role = "product_keys_reader"
	BenefitsReader         Role = "benefits_reader"
	OnlineServicesManager  Role = "online_services_manager"
	InvoiceReader          Role = "invoice_reader"
)

// Permission is one thing that a role lets its holder do; nothing else is ever issued (R01).
type Permission string

// The permissions, a closed set (R11–R17).
const (
	ManageAssignments      Permission = "manage_assignments"
	ViewContracts          Permission = "view_contracts"
	ViewOrders             Permission = "view_orders"
	ViewContractKeys       Permission = "view_contract_keys"
	CreateLicenseSummaries Permission = "create_license_summaries"
	DownloadSoftware       Permission = "download_software"
	ViewProductKeys        Permission = "view_product_keys"
	ManageActivation       Permission = "manage_activation"
	ManageBenefits         Permission = "manage_benefits"
	ReserveOnlineServices  Permission = "reserve_online_services"
	ManageSubscriptions    Permission = "manage_subscriptions"
	ListInvoices           Permission = "list_invoices"
	DownloadInvoices       Permission = "download_invoices"
)

// RoleInfo is what people see of a role.
type RoleInfo struct {
	Role        Role         `json:"role"`
	Name        string       `json:"name"`           // "License position reader"
	VLSC        string       `json:"vlsc,omitempty"` // the retired name (R21); none for Invoice Reader
	Permissions []Permission `json:"permissions"`
}

var roles = []RoleInfo{
	{Administrator, "Administrator", "Administrator", []Permission{
		ManageAssignments, ViewContracts, ViewOrders, ViewContractKeys, CreateLicenseSummaries,
		DownloadSoftware,
		ViewProductKeys, ManageActivation, ManageBenefits, ReserveOnlineServices, ManageSubscriptions}},
	{LicensePositionReader, "License position reader", "Licensing Info Viewer", []Permission{
		ViewContracts, ViewOrders, ViewContractKeys, CreateLicenseSummaries}},
	{ProductDownloadManager, "Product download manager", "Download", []Permission{
		ViewContracts, DownloadSoftware}},
	{ProductKeysReader, "Product keys reader", "Product Keys", []Permission{
		ViewContracts, ViewContractKeys, ManageActivation, ViewProductKeys}},
	{BenefitsReader, "Benefits reader", "Software Assurance Manager", []Permission{
		ViewContracts, ManageBenefits}},
	{OnlineServicesManager, "Online services manager", "Online Services Manager", []Permission{
		ViewContracts, ViewOrders, ReserveOnlineServices, ManageActivation, ManageSubscriptions}},
	{InvoiceReader, "Invoice Reader", "", []Permission{
		ViewContracts, ListInvoices, DownloadInvoices}},
}

// Roles returns the seven roles in the order in which people see them.
func Roles() []RoleInfo {
	out := slices.Clone(roles)
	for i := range out {
		out[i].Permissions = slices.Clone(out[i].Permissions)
	}
	return out
}

// Permissions returns every permission there is, in a stable order.
func Permissions() []Permission {
	var all []Permission
	for _, r := range roles {
		for _, p := range r.Permissions {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// ParsePermission reads a permission; an unknown one is an Invalid *Error that names the valid ones (R01).
func ParsePermission(s string) (Permission, error) {
	p := Permission(strings.ToLower(strings.TrimSpace(s)))
	all := Permissions()
	if slices.Contains(all, p) {
		return p, nil
	}
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = string(p)
	}
	return "", Refuse(Invalid, "R01", "unknown permission; valid values: %s", strings.Join(names, ", "))
}

// ParseRole reads a role by its identifier, its name or its retired VLSC name (R21). Case, dashes,
// underscores and spaces don't matter. An unknown role is an Invalid *Error that names the valid ones (R10).
func ParseRole(s string) (Role, error) {
	fold := strings.NewReplacer("-", "", "_", "", " ", "").Replace
	want := strings.ToLower(fold(strings.TrimSpace(s)))
	for _, r := range roles {
		for _, n := range []string{string(r.Role), r.Name, r.VLSC} {
			if want != "" && strings.ToLower(fold(n)) == want {
				return r.Role, nil
			}
		}
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r.Role)
	}
	return "", Refuse(Invalid, "R10", "unknown role; valid values: %s", strings.Join(names, ", "))
}

// Info returns what people see of r, or a RoleInfo with just the role where r is none of the seven.
func (r Role) Info() RoleInfo {
	for _, i := range roles {
		if i.Role == r {
			i.Permissions = slices.Clone(i.Permissions)
			return i
		}
	}
	return RoleInfo{Role: r, Name: string(r)}
}

// Permits says whether the role lets its holder do p.
func (r Role) Permits(p Permission) bool { return slices.Contains(r.Info().Permissions, p) }

// SortRoles returns the roles without repetition in the order of [Roles].
func SortRoles(in []Role) []Role {
	var out []Role
	for _, i := range roles {
		if slices.Contains(in, i.Role) {
			out = append(out, i.Role)
		}
	}
	return out
}
