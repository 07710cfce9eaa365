package main

import (
	"regexp"
	"strings"
)

// edit replaces text[from:to].
type edit struct {
	from, to int
	with     string
	what     string // how the mutant is told
}

// lexeme is a word, a quoted text or a single sign of SQL, and how deep in brackets it stands.
type lexeme struct {
	text     string
	from, to int
	depth    int
}

var sqlLexeme = regexp.MustCompile(`'[^']*'|[A-Za-z_:][\w.]*|\d+|--[^\n]*|\S`)

func lexemes(sql string) []lexeme {
	var out []lexeme
	depth := 0
	for _, at := range sqlLexeme.FindAllStringIndex(sql, -1) {
		t := lexeme{text: sql[at[0]:at[1]], from: at[0], to: at[1], depth: depth}
		switch {
		case strings.HasPrefix(t.text, "--"):
			continue
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
			t.depth = depth
		}
		out = append(out, t)
	}
	return out
}

// closing are the words that end a condition of a query.
var closing = map[string]bool{
	"GROUP": true, "ORDER": true, "LIMIT": true, "RETURNING": true, "UNION": true, "JOIN": true, "LEFT": true,
	"INNER": true, "CROSS": true, "WHERE": true, "FOR": true, "ON": true, "SET": true, "DO": true,
	"HAVING": true, "WINDOW": true, "OFFSET": true, "SELECT": true, "THEN": true,
}

// opening are the words that stand at the beginning of a whole statement: its text is no condition.
var opening = map[string]bool{
	"SELECT": true, "INSERT": true, "UPDATE": true, "DELETE": true, "WITH": true, "FROM": true, "CREATE": true,
	"LOCK": true, "PRAGMA": true, "JOIN": true, "LEFT": true, "ORDER": true, "GROUP": true,
}

// predicates returns an edit for each single predicate of the conditions in a piece of SQL. A predicate
// between ANDs becomes always true, a side of an OR never true. Its placeholders stay.
func predicates(sql string) []edit {
	ts := lexemes(sql)
	var out []edit
	for n, t := range ts {
		follows := n+1 < len(ts)
		conflict := follows && (ts[n+1].text == "CONFLICT" || ts[n+1].text == "UPDATE" || ts[n+1].text == "DELETE")
		if t.text == "WHERE" || t.text == "HAVING" || t.text == "ON" && !conflict {
			out = append(out, condition(sql, ts, n+1)...)
		}
	}
	if len(ts) > 0 && !opening[ts[0].text] && !closing[ts[0].text] {
		out = append(out, loose(sql, ts)...)
	}
	return out
}

// loose returns the predicates of a piece of SQL that is a condition, or begins within one.
func loose(sql string, ts []lexeme) []edit {
	for _, t := range ts {
		if closing[t.text] && t.depth == 0 {
			break
		}
		if (t.text == "AND" || t.text == "OR") && t.depth == 0 {
			return condition(sql, ts, 0)
		}
	}
	return nil
}

// condition returns the predicates of the condition that begins at a lexeme.
func condition(sql string, ts []lexeme, begin int) []edit {
	if begin >= len(ts) {
		return nil
	}
	depth := ts[begin].depth
	if ts[begin].text == ")" {
		return nil
	}
	var out []edit
	first, before := begin, ""
	between, cases := false, 0
	flush := func(end int, after string) {
		out = append(out, operand(sql, ts[first:end], before, after)...)
		first, before = end+1, after
	}
	n := begin
	for ; n < len(ts); n++ {
		t := ts[n]
		if t.depth < depth || t.text == ")" && t.depth == depth-1 {
			break
		}
		if t.depth > depth {
			continue
		}
		switch {
		case t.text == "CASE":
			cases++
		case t.text == "END":
			cases--
		case cases > 0:
		case t.text == "BETWEEN":
			between = true
		case t.text == "AND" && between:
			between = false
		case t.text == "AND" || t.text == "OR":
			flush(n, t.text)
			continue
		case closing[t.text] || t.text == ";" || t.text == ",":
			flush(n, "")
			return out
		}
	}
	flush(n, "")
	return out
}

// operand returns the edits of one side of AND and OR: itself, and what it holds in brackets.
func operand(sql string, ts []lexeme, before, after string) []edit {
	if len(ts) == 0 || len(ts) == 1 && ts[0].text == "true" { // what a JOIN without a condition says
		return nil
	}
	from, to := ts[0].from, ts[len(ts)-1].to
	text := sql[from:to]
	var out []edit
	say := strings.Join(strings.Fields(text), " ")
	if before == "OR" || after == "OR" {
		out = append(out, edit{from, to, "(" + text + " AND 1 = 0)", "never " + say})
	} else {
		out = append(out, edit{from, to, "(" + text + " OR 1 = 1)", "drop " + say})
	}
	inner := 0
	if ts[0].text == "NOT" && len(ts) > 1 {
		inner = 1
	}
	last := ts[len(ts)-1]
	group := ts[inner].text == "(" && last.text == ")" && closes(ts[inner:])
	if group && inner+1 < len(ts) && ts[inner+1].text != "SELECT" {
		out = append(out, condition(sql, ts, inner+1)...)
	}
	return out
}

// closes says whether the bracket that begins ts is closed by its last lexeme and not before.
func closes(ts []lexeme) bool {
	for n, t := range ts {
		if t.text == ")" && t.depth == ts[0].depth {
			return n == len(ts)-1
		}
	}
	return false
}
