package store

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"vlroles/licensing"
)

func TestR43_WhatACallerMayNotSeeIsRefusedInTheSameWordsAsWhatThereIsNot(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		nobody := licensing.UserID(uuid.NewString())
		for name, call := range map[string]func(u licensing.UserID) error{
			"view": func(u licensing.UserID) error {
				_, err := h.User(t.Context(), h.Org, h.ID("grace"), u)
				return err
			},
			"reset": func(u licensing.UserID) error {
				_, err := s.atTime(h.Now).Reset(t.Context(), h.Command("grace", u))
				return err
			},
			"delete": func(u licensing.UserID) error {
				_, err := s.atTime(h.Now).Delete(t.Context(), h.Command("grace", u))
				return err
			},
			"recheck": func(u licensing.UserID) error {
				_, err := s.atTime(h.Now).Recheck(t.Context(), h.Command("grace", u))
				return err
			},
			"edit": func(u licensing.UserID) error {
				v := h.Verdict("grace", licensing.PersonChange{User: u, Name: "x", Business: "x@y.example"})
				return v.Error
			},
		} {
			t.Run(name, func(t *testing.T) {
				hidden, missing := call(kim), call(nobody)
				if licensing.KindOf(hidden) != licensing.NotFound {
					t.Fatal(hidden)
				}
				same(t, "words", fmt.Sprint(hidden), fmt.Sprint(missing))
			})
		}
	})
}

// TestR35_EveryMethodOfTheStoreWritesOrSaysWhoReads makes whoever adds a read decide who may see its answer.
func TestR35_EveryMethodOfTheStoreWritesOrSaysWhoReads(t *testing.T) {
	kinds := map[string]string{
		"Verify": "judged as the save that it stands for",

		"Outbox": "for the system", "Effective": "for the downstream system",
		"Tell": "for the downstream system", "Told": "write", "Surpass": "write",
		"OrganizationsAfter": "for the system", "Present": "for the system",

		"Save": "write", "Register": "write", "Resend": "write", "Reset": "write", "Cancel": "write",
		"Remind": "write",
		"Expire": "write", "Break": "write", "Activate": "write", "Fail": "write", "Apply": "write",
		"PutAgreement": "write", "ChangeContact": "write", "Directory": "write", "Recheck": "write",
		"Delete":  "write",
		"Appoint": "write", "SetPreference": "write", "StartHandOver": "write", "AgreeHandOver": "write",
		"CancelHandOver": "write", "AdvanceHandOver": "write", "ClearOutbox": "write",
		"Erase": "write", "EraseDue": "write",
		"ClaimMail": "write", "SettleMail": "write", "GiveUpMail": "write",

		"Ping": "no rows", "Close": "no rows", "Migrate": "no rows",
		"Reader": "package views decides who may see what (its TestR35_EveryReadIsWalkedOrSaysWhyNot)",
	}
	for m := range reflect.TypeFor[*Store]().Methods() {
		if kinds[m.Name] == "" {
			t.Errorf("Store.%s is new: a read for people belongs into package views; "+
				"else say here who sees its answer", m.Name)
		}
		delete(kinds, m.Name)
	}
	for name := range kinds {
		t.Errorf("Store.%s is gone", name)
	}
}
