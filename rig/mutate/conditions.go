package main

import (
	"go/ast"
	"go/token"
	"strings"
)

// source is one file and what the mutants of it need.
type source struct {
	path string
	text string
	fset *token.FileSet
	file *ast.File
	all  bool // all conditions, not only those that aren't about errors
	out  []mutant
}

func (s *source) at(p token.Pos) int { return s.fset.Position(p).Offset }

func (s *source) read(n ast.Node) string { return s.text[s.at(n.Pos()):s.at(n.End())] }

// add notes a mutant that puts something in the place of a node.
func (s *source) add(in string, n ast.Node, with, what string) {
	s.out = append(s.out, s.mutant(in, n.Pos(), edit{s.at(n.Pos()), s.at(n.End()), with, what}))
}

func (s *source) mutant(in string, p token.Pos, e edit) mutant {
	what := strings.Join(strings.Fields(e.what), " ")
	if len(what) > 120 {
		what = what[:120] + "…"
	}
	return mutant{File: s.path, Line: s.fset.Position(p).Line, Name: s.path + " " + in + " " + what, edit: e}
}

// find collects the mutants of a declaration called in.
func (s *source) find(in string, d ast.Node) {
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			s.literal(in, n)
		case *ast.IfStmt:
			s.branch(in, n)
		case *ast.CaseClause:
			s.cases(in, n)
		case *ast.ForStmt:
			return true
		case *ast.BinaryExpr:
			s.binary(in, n)
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				s.add(in, n, "("+s.read(n.X)+")", "without ! "+s.read(n))
			}
		case *ast.CallExpr:
			s.call(in, n)
		}
		return true
	})
}

// literal collects the predicates of SQL in a text of Go.
func (s *source) literal(in string, l *ast.BasicLit) {
	if l.Kind != token.STRING || strings.Contains(l.Value, `\`) {
		return
	}
	base := s.at(l.Pos())
	for _, e := range predicates(l.Value[1 : len(l.Value)-1]) {
		line := strings.Count(l.Value[:e.from+1], "\n")
		e.from, e.to = base+1+e.from, base+1+e.to
		m := s.mutant(in, l.Pos(), e)
		m.Line += line
		s.out = append(s.out, m)
	}
}

// branch negates the condition of an if. One that asks whether a rule of licensing refused is dropped instead.
func (s *source) branch(in string, n *ast.IfStmt) {
	cond := s.read(n.Cond)
	guards := n.Init != nil && strings.Contains(s.read(n.Init), "licensing.")
	switch {
	case isError(n.Cond) && guards:
		s.add(in, n.Cond, "false && ("+cond+")", "not asked: "+s.read(n.Init))
	case isError(n.Cond) && !s.all:
	case isFlipped(n.Cond), withError(n.Cond):
	default:
		s.add(in, n.Cond, "!("+cond+")", "not: if "+cond)
	}
}

// cases negates the conditions of a switch without a value.
func (s *source) cases(in string, n *ast.CaseClause) {
	for _, e := range n.List {
		if !isCondition(e) || isFlipped(e) {
			continue
		}
		s.add(in, e, "!("+s.read(e)+")", "not: case "+s.read(e))
	}
}

// flips are the operators that stand in the place of one.
var flips = map[token.Token][]token.Token{
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL},
	token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR},
	token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
}

func (s *source) binary(in string, n *ast.BinaryExpr) {
	x, y := s.read(n.X), s.read(n.Y)
	without := map[token.Token]string{token.LAND: " || true)", token.LOR: " && false)"}[n.Op]
	for _, side := range []ast.Expr{n.X, n.Y} {
		if without != "" && !isError(side) {
			s.add(in, side, "(("+s.read(side)+")"+without, "without "+s.read(side)+" in: "+s.read(n))
		}
	}
	if isError(n) {
		return
	}
	for _, other := range flips[n.Op] {
		s.add(in, n, x+" "+other.String()+" "+y, other.String()+" in: "+s.read(n))
	}
}

// call moves a comparison of times by one instant, and lets what licensing refuses pass.
func (s *source) call(in string, n *ast.CallExpr) {
	f, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	other := map[string]string{"Before": "After", "After": "Before"}[f.Sel.Name]
	if other != "" && len(n.Args) == 1 {
		s.add(in, n, "!"+s.read(f.X)+"."+other+"("+s.read(n.Args[0])+")", "the instant itself: "+s.read(n))
	}
	if of, ok := f.X.(*ast.Ident); ok && of.Name == "licensing" && strings.HasPrefix(f.Sel.Name, "May") {
		s.add(in, n, "func(error) error { return nil }("+s.read(n)+")", "nobody asks "+s.read(n))
	}
}

// isError says whether a condition is nothing but "there is an error", or that there is none.
func isError(e ast.Expr) bool {
	b, ok := e.(*ast.BinaryExpr)
	if !ok || b.Op != token.NEQ && b.Op != token.EQL {
		return false
	}
	x, ok := b.X.(*ast.Ident)
	y, nothing := b.Y.(*ast.Ident)
	return ok && nothing && y.Name == "nil" && (x.Name == "err" || strings.HasSuffix(x.Name, "Err"))
}

// withError says whether a condition is that there is an error, or something else: to negate it would be to
// drop the error.
func withError(e ast.Expr) bool {
	b, ok := e.(*ast.BinaryExpr)
	return ok && (b.Op == token.LOR || b.Op == token.LAND) && (isError(b.X) || isError(b.Y))
}

// isFlipped says whether a condition is negated by another operator already.
func isFlipped(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return flips[e.Op] != nil
	case *ast.UnaryExpr:
		return e.Op == token.NOT
	}
	return false
}

// isCondition says whether an expression of a case is a condition and no value.
func isCondition(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return e.Op == token.LAND || e.Op == token.LOR || flips[e.Op] != nil
	case *ast.UnaryExpr:
		return e.Op == token.NOT
	case *ast.CallExpr:
		return true
	}
	return false
}
