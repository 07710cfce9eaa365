package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// folders are those whose files are mutated, from the cheapest to test on.
var folders = []string{"licensing", "store/rows", "store/views", "store"}

// mutant is one change of one file. Its name stays when the lines around it move.
type mutant struct {
	File string
	Line int
	Name string
	edit edit
	// the lines of its function; zero where it stands outside of functions
	within span
}

// mutantsOf returns the mutants of a module, in the order of folders, files and lines.
func mutantsOf(root string) ([]mutant, error) {
	var out []mutant
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				return nil, err
			}
			path := folder + "/" + filepath.Base(f)
			some, err := mutantsIn(path, string(text))
			if err != nil {
				return nil, err
			}
			out = append(out, some...)
		}
	}
	return out, nil
}

// mutantsIn returns the mutants of one file.
func mutantsIn(path, text string) ([]mutant, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, text: text, fset: fset, file: file, all: strings.HasPrefix(path, "licensing/")}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			before := len(s.out)
			s.find(nameOf(d), d)
			for n := range s.out[before:] {
				s.out[before+n].within = span{fset.Position(d.Pos()).Line, fset.Position(d.End()).Line}
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					s.find(v.Names[0].Name, v)
				}
			}
		}
	}
	number(s.out)
	return s.out, nil
}

// nameOf is a function's name, with the type that it is a method of.
func nameOf(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	of := d.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if id, ok := of.(*ast.Ident); ok {
		return id.Name + "." + d.Name.Name
	}
	return d.Name.Name
}

// number tells mutants of the same name apart.
func number(all []mutant) {
	seen := map[string]int{}
	for n := range all {
		name := all[n].Name
		if seen[name]++; seen[name] > 1 {
			all[n].Name += " #" + strconv.Itoa(seen[name])
		}
	}
}

// text is the mutated file.
func (m mutant) text() (string, error) {
	text, err := os.ReadFile(m.File)
	if err != nil {
		return "", err
	}
	return string(text[:m.edit.from]) + m.edit.with + string(text[m.edit.to:]), nil
}
