package templates

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// hostileName tries everything that a browser might act on.
const hostileName = shownOfHostileName + "\"'><svg onload=alert(3)> {{alert(4)}} \u202eecalevoL"

// shownOfHostileName is the part of it that must be read as it is.
const shownOfHostileName = "<script>alert(1)</script><img src=x onerror=alert(2)>"

// TestBrowserShowsMailsAndPages looks at mails and pages with the eyes of a real browser, in light and dark:
// nothing runs, a hostile name is text, everything fits a telephone and can be read.
func TestBrowserShowsMailsAndPages(t *testing.T) {
	site := newSite(t)
	schemes := map[string]string{"light": "preferredColorScheme=1", "dark": "preferredColorScheme=0"}
	for scheme, flag := range schemes {
		t.Run(scheme, func(t *testing.T) {
			b := openBrowser(t, chromedp.Flag("blink-settings", flag))
			dark := evaluate[bool](b, `matchMedia("(prefers-color-scheme: dark)").matches`)
			if dark != (scheme == "dark") {
				t.Fatalf("the browser's scheme is not %s", scheme)
			}
			for path := range site.docs {
				b.open(site.url+path, 320)
				b.checkReadable(path)
				shown := evaluate[string](b, `document.body.innerText`)
				if !strings.Contains(shown, shownOfHostileName) {
					t.Errorf("%s: the hostile name is not shown as text:\n%s", path, shown)
				}
				if got := evaluate[int](b, `document.querySelectorAll("script, img, svg").length`); got != 0 {
					t.Errorf("%s: %d elements came from a name", path, got)
				}
			}
			b.checkQuiet()
			if got := site.strays(); len(got) > 0 {
				t.Errorf("the browser asked for %v", got)
			}
		})
	}
}

func TestBrowserShowsTheMailInItsFrameUnderThePolicy(t *testing.T) {
	site := newSite(t)
	b := openBrowser(t, chromedp.Flag("blink-settings", "preferredColorScheme=1"))
	b.open(site.url+"/page/sample-mail", 1400)
	n := 0
	// A frame is painted when it has loaded.
	for end := time.Now().Add(20 * time.Second); n < 2000 && time.Now().Before(end); {
		shot, err := chromedp.Run(b.ctx, chromedp.Screenshot(chromedp.CSS("iframe")))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			t.Fatal(err)
		}
		n = pointsOf(picture, 0x0b, 0x57, 0xd0)
	}
	if n < 2000 {
		t.Errorf("the frame shows %d points of the button's colour: the mail's style does not apply", n)
	}
	b.checkQuiet()
}

func TestBrowserRegistersOnlyByTheButton(t *testing.T) {
	site := newSite(t)
	b := openBrowser(t)
	b.open(site.url+"/page/sample-invitation", 375)
	if len(site.posted()) != 0 {
		t.Fatal("showing the page posted something")
	}
	if err := chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS("button"))); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(b.ctx, chromedp.WaitVisible(chromedp.CSS(".good"))); err != nil {
		t.Fatal(err)
	}
	if got := site.posted(); len(got) != 1 || got[0] != "k1.abc.1.def ada@contoso.example" {
		t.Errorf("posted: %q", got)
	}
	b.checkQuiet()
}

func pointsOf(m image.Image, r, g, b uint32) (n int) {
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			if pr, pg, pb, _ := m.At(x, y).RGBA(); pr>>8 == r && pg>>8 == g && pb>>8 == b {
				n++
			}
		}
	}
	return n
}

// site serves the mails as they are, and the pages under their policy.
type site struct {
	url  string
	docs map[string]string // with the hostile name

	mu    sync.Mutex
	posts []string
	stray []string
}

func newSite(t *testing.T) *site {
	s := &site{docs: map[string]string{}}
	for kind, m := range named(hostileName) {
		s.docs["/mail/"+kind] = m.mail(t).HTML
	}
	for name, doc := range hostilePages(t, hostileName) {
		s.docs["/page/"+name] = doc
	}
	samples := samplePages(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doc, ok := s.docs[r.URL.Path]
		if name, sample := strings.CutPrefix(r.URL.Path, "/page/sample-"); sample {
			doc, ok = samples[name]
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case r.Method == http.MethodPost && r.URL.Path == "/register":
			s.posts = append(s.posts, r.PostFormValue(FieldToken)+" "+r.PostFormValue(FieldSignIn))
			doc = samples["result"]
		case r.URL.Path == "/favicon.ico":
			w.WriteHeader(http.StatusNoContent)
			return
		case !ok || r.Method != http.MethodGet:
			s.stray = append(s.stray, r.Method+" "+r.URL.Path)
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if strings.HasPrefix(r.URL.Path, "/page/") {
			w.Header().Set("Content-Security-Policy", CSP()) // a mail has none: it must be harmless by itself
		}
		fmt.Fprint(w, doc)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *site) posted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts
}

func (s *site) strays() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stray
}

// browser is one tab that records what a mail or page must not do.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu   sync.Mutex
	loud []string
}

func openBrowser(t *testing.T, opts ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	path := chromium()
	if path == "" {
		if os.Getenv("VL_TEST_FORCE") == "1" {
			t.Fatal("no chromium is installed")
		}
		t.Skip("no chromium is installed: apt-get install chromium")
	}
	dir, err := os.MkdirTemp("", "templates-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(t, dir) })
	opts = append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(dir),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	}, opts...)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	return b
}

func chromium() string {
	names := []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome",
		"headless-shell"}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// removeAll removes a profile that a browser which is just ending may still write to.
func removeAll(t *testing.T, dir string) {
	var err error
	for range 50 {
		if err = os.RemoveAll(dir); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Log(err)
}

// hear records dialogs and what the browser complains of, such as a policy that was broken.
func (b *browser) hear(ev any) {
	kind := fmt.Sprintf("%T", ev)
	events := []string{"JavascriptDialogOpening", "ExceptionThrown", "ConsoleAPICalled",
		"log.EventEntryAdded"}
	for _, loud := range events {
		if strings.Contains(kind, loud) {
			text, _ := json.Marshal(ev)
			b.mu.Lock()
			b.loud = append(b.loud, kind+" "+string(text))
			b.mu.Unlock()
		}
	}
}

func (b *browser) checkQuiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.loud {
		b.t.Errorf("the browser reports %s", l)
	}
}

func (b *browser) open(url string, width int64) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("open %s: %v", url, err)
	}
}

func evaluate[T any](b *browser, js string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// checkReadable measures what is seen: nothing wider than the window, letters of 16 px at least, contrast of
// WCAG AA.
func (b *browser) checkReadable(name string) {
	b.t.Helper()
	beyond := `document.documentElement.scrollWidth - document.documentElement.clientWidth`
	if got := evaluate[int](b, beyond); got > 0 {
		b.t.Errorf("%s: it is %d px wider than the window of 320 px", name, got)
	}
	for _, fault := range evaluate[[]string](b, measure) {
		b.t.Errorf("%s: %s", name, fault)
	}
}

const measure = `(() => {
	const numbers = c => c.match(/[\d.]+/g).map(Number);
	const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
	const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = numbers(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	const faults = [];
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let seen = 0;
	for (let n; n = texts.nextNode();) {
		const e = n.parentElement;
		if (!n.data.trim() || !e.getClientRects().length) continue;
		seen++;
		const style = getComputedStyle(e), what = n.data.trim().slice(0, 40);
		if (parseFloat(style.fontSize) < 16) faults.push(style.fontSize + ": " + what);
		const [a, b] = [light(numbers(style.color)), light(behind(e))].sort((x, y) => y - x);
		const contrast = (a + 0.05) / (b + 0.05);
		if (contrast < 4.5) faults.push("contrast " + contrast.toFixed(2) + ": " + what);
	}
	if (!seen) faults.push("nothing is shown");
	return faults;
})()`
