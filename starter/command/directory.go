package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) directory() *cobra.Command {
	var file string
	var p licensing.DirectoryPerson
	var object, email string
	c := &cobra.Command{
		Use:   "directory",
		Short: "what the tenant says of its people: came, renamed, left, returned (R47, R84–R86)",
		Example: `  starter directory --org contoso.example --object-id o-1 --email alex@contoso.example --name "Alex Wilber" --left
  starter directory --org contoso.example -f people.yaml

people.yaml:
  - {object_id: o-1, email: alex@contoso.example, name: Alex Wilber, left: true}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			people := []licensing.DirectoryPerson{{ObjectID: licensing.ObjectID(object), Email: licensing.Email(email), Name: p.Name, Left: p.Left}}
			if file != "" {
				var rows []personInDirectory
				if err := readYAML(file, &rows); err != nil {
					return err
				}
				people = directoryPeople(rows)
			}
			return a.partner(ctx, a.changing, func(s *session, id licensing.RequestID) error {
				out, err := s.client.Directory(ctx, licensing.DirectoryChange{ID: id, Org: s.org, People: people})
				if err != nil {
					return err
				}
				return a.answer(out, func(w io.Writer) {
					fmt.Fprintf(w, "%d people changed; %d VL users lost their access, %d are back and wait for a re-check\n", out.Changed, len(out.Left), len(out.Returned))
					orphansText(w, out.Orphaned)
				})
			})
		},
	}
	fl := c.Flags()
	fl.StringVarP(&file, "file", "f", "", "YAML list of people; - for standard input")
	fl.StringVar(&object, "object-id", "", "the person's immutable id in the directory")
	fl.StringVar(&email, "email", "", "sign-in e-mail")
	fl.StringVar(&p.Name, "name", "", "full name")
	fl.BoolVar(&p.Left, "left", false, "the person is no longer in the tenant")
	return c
}
