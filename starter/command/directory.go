package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// directory takes in what the tenant says about its people (R47, R84–R86).
func (a *app) directory() *cobra.Command {
	var file string
	var one directoryFile
	c := &cobra.Command{
		Use:   "directory",
		Short: "Report that people joined, were renamed, left or returned, as the tenant",
		Example: `  starter directory --org contoso.example --object-id o-jo --email jo@contoso.example \
    --name "Jo Brown" --left
  starter directory --org contoso.example -f people.yaml

people.yaml:
  - {object_id: o-jo, email: jo@contoso.example, name: Jo Brown, left: true}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			rows := []directoryFile{one}
			if file != "" {
				rows = nil
				if err := a.readYAML(file, &rows); err != nil {
					return err
				}
			}
			in := licensing.DirectoryChange{People: directoryPeople(rows)}
			check := func(licensing.Policy) error {
				if _, odd := licensing.Tidy(in.People); file == "" && odd[0] != nil {
					return odd[0].In("people[0]")
				}
				_, err := in.Check()
				return err
			}
			return a.asPartner(ctx, a.checked(check, a.openWriter), func(s *session) error {
				in.ID, in.Org = a.request(), s.org
				out, err := s.client.Directory(ctx, in)
				if err != nil {
					return err
				}
				err = a.print(out, func(w io.Writer) { a.writeDirectory(w, out) })
				if err == nil && len(out.Odd) > 0 {
					return errPrinted
				}
				return err
			})
		},
	}
	fl := c.Flags()
	fl.StringVarP(&file, "file", "f", "", "YAML list of people; - for standard input")
	fl.StringVar(&one.ObjectID, "object-id", "",
		"the person's object ID in the directory, which never changes")
	fl.StringVar(&one.Email, "email", "", "sign-in email")
	fl.StringVar(&one.Name, "name", "", "full name")
	fl.BoolVar(&one.Left, "left", false, "the person is no longer in the tenant")
	return c
}

func (a *app) writeDirectory(w io.Writer, out licensing.DirectoryAnswer) {
	fmt.Fprintf(w, "%s changed. %s lost access. %s returned and can be restored by a re-check.\n",
		count(out.Changed, "person", "people"), count(len(out.Left), "VL user", "VL users"),
		count(len(out.Returned), "VL user", "VL users"))
	a.writeOrphans(w, out.Orphaned)
	writeOdd(w, out.Odd)
}
