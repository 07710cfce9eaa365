package templates

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"
)

var void = []string{"br", "hr", "meta", "input"}

// checkHTML parses a document and says what nobody should send: unbalanced markup, anything that is fetched
// or runs, an address other than the given ones, a missing language or title, headings out of order.
func checkHTML(t testing.TB, doc string, addresses ...string) *html.Node {
	t.Helper()
	if err := balanced(doc); err != nil {
		t.Error(err)
	}
	root, err := html.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	level, ones := 0, 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script", "img", "link", "object", "embed", "svg", "video", "audio", "base", "picture", "source":
			t.Errorf("there is a <%s>", n.Data)
		case "html":
			if attr(n, "lang") != "en" {
				t.Error("the language is not given")
			}
		case "h1", "h2", "h3":
			l := int(n.Data[1] - '0')
			if l > level+1 {
				t.Errorf("<%s> %q follows a heading of level %d", n.Data, textOf(n), level)
			}
			level = l
			if l == 1 {
				ones++
			}
		case "style":
			if css := textOf(n); strings.Contains(css, "url(") || strings.Contains(css, "@import") {
				t.Error("the style fetches something")
			}
		}
		checkAttributes(t, n, addresses)
	}
	if ones != 1 {
		t.Errorf("there are %d <h1>, want 1", ones)
	}
	if strings.TrimSpace(textOf(find(root, "title"))) == "" {
		t.Error("there is no title")
	}
	if h := find(root, "h1"); strings.TrimSpace(textOf(h)) == "" {
		t.Error("the heading is empty")
	}
	return root
}

func checkAttributes(t testing.TB, n *html.Node, addresses []string) {
	t.Helper()
	for _, a := range n.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"),
			slices.Contains([]string{"style", "src", "srcset", "background", "ping"}, a.Key):
			t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
		case (a.Key == "href" || a.Key == "action") && !slices.Contains(addresses, a.Val):
			t.Errorf("<%s> leads to %q", n.Data, a.Val)
		}
	}
}

func balanced(doc string) error {
	z := html.NewTokenizer(strings.NewReader(doc))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				return fmt.Errorf("%v stay open", open)
			}
			return nil
		case html.StartTagToken:
			if name, _ := z.TagName(); !slices.Contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				return fmt.Errorf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

func find(root *html.Node, tag string) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == tag {
			return n
		}
	}
	return &html.Node{}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// shape lists the elements of a document with the names of their attributes: what data must not change.
func shape(t testing.TB, doc string) (out []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			s := n.Data
			for _, a := range n.Attr {
				s += " " + a.Key
			}
			out = append(out, s)
		}
	}
	return out
}

// wordsOf splits what is read into words, without regard to signs, layout and case.
func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r)
	})
}

// readable is the text of a mail's HTML body as it is seen, without the preheader.
func readable(root *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && (n.Data == "head" || attr(n, "class") == "preheader") {
			return
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		if n.Type == html.ElementNode &&
			!slices.Contains([]string{"bdi", "a", "time", "strong", "span"}, n.Data) {
			b.WriteByte('\n')
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
	}
	walk(root)
	return b.String()
}
