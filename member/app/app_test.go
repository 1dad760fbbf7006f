// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"keyhold/api"
	"keyhold/member/app"
)

// serve starts the app in front of a cloud and returns its address.
func serve(t *testing.T, cloud http.Handler) string {
	t.Helper()
	operator := httptest.NewServer(cloud)
	t.Cleanup(operator.Close)
	files := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "the app") })
	return start(t, app.Config{Cloud: operator.URL, Files: files})
}

// start runs the app until the test ends and returns its address.
func start(t *testing.T, c app.Config) string {
	t.Helper()
	c.Listen, c.Transport, c.Log = "127.0.0.1:0", api.Transport(10*time.Second), slog.New(slog.DiscardHandler)
	s, err := app.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("stop: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the app does not stop")
		}
	})
	return s.Address()
}

func get(t *testing.T, address string, change func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestOnlyThisComputersOwnPagesAreAnswered(t *testing.T) {
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Origin", "Cookie", "Referer", "Accept-Language"} {
			if r.Header.Get(name) != "" {
				t.Errorf("the cloud is told the browser's %s", name)
			}
		}
		w.Header().Set("Set-Cookie", "a=b")
		fmt.Fprint(w, "the cloud: "+r.URL.Path)
	}))
	for _, c := range []struct {
		name, path, host, origin string
		status                   int
		body                     string
	}{
		{"the app", "/", "", "", 200, "the app"},
		{"the cloud behind it", "/v1/info", "", "", 200, "the cloud: /v1/info"},
		{"where that cloud is", "/cloud", "", "", 200, "http://127.0.0.1:"},
		{"from its own page", "/v1/info", "", address, 200, "the cloud"},
		{"by number", "/", strings.TrimPrefix(strings.Replace(address, "localhost", "127.0.0.1", 1), "http://"), "", 200, "the app"},
		{"a name bent to this computer", "/", "evil.example", "", 403, "only as localhost"},
		{"a bent name with our port", "/v1/info", "evil.example:" + address[strings.LastIndex(address, ":")+1:], "", 403, "only as localhost"},
		{"from somebody else's page", "/v1/info", "", "http://evil.example", 403, "only its own pages"},
		{"from a file", "/v1/info", "", "null", 403, "only its own pages"},
		{"from another port of this computer", "/v1/info", "", "http://localhost:1", 403, "only its own pages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := get(t, address+c.path, func(r *http.Request) {
				if c.host != "" {
					r.Host = c.host
				}
				if c.origin != "" {
					r.Header.Set("Origin", c.origin)
				}
				r.Header.Set("Cookie", "x=y")
				r.Header.Set("Accept-Language", "de")
			})
			if status != c.status || !strings.Contains(body, c.body) {
				t.Errorf("%d %q, want %d %q", status, body, c.status, c.body)
			}
		})
	}
}

func TestTheSocketIsPassedOn(t *testing.T) {
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer conn.CloseNow()
		kind, text, err := conn.Read(r.Context())
		if err == nil {
			err = conn.Write(r.Context(), kind, append(text, " heard"...))
		}
		if err != nil {
			t.Errorf("echo: %v", err)
		}
		_, _, _ = conn.Read(r.Context()) // stays open until the app is stopped
	}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(address, "http")+"/v1/socket", &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {address}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if res.Body != nil {
		defer res.Body.Close()
	}
	if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := conn.Read(ctx); err != nil || string(text) != "hello heard" {
		t.Errorf("%q: %v", text, err)
	}
}

func TestAnAbsentCloudIsSaidAsTheCloudWould(t *testing.T) {
	address := start(t, app.Config{Cloud: "http://127.0.0.1:1", Files: http.NotFoundHandler()})
	status, body := get(t, address+"/v1/info", nil)
	if status != http.StatusBadGateway || !strings.Contains(body, "urn:keyhold:unavailable") {
		t.Errorf("%d %q", status, body)
	}
}

func TestItIsServedOnThisComputerAlone(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.org:0"} {
		if _, err := app.New(t.Context(), app.Config{Listen: listen, Cloud: "http://cloud.example", Files: http.NotFoundHandler(), Log: slog.Default()}); !errors.Is(err, app.ErrNotLoopback) {
			t.Errorf("%s: %v", listen, err)
		}
	}
	for _, cloud := range []string{"", "cloud.example", "file:///etc", "http://"} {
		if _, err := app.New(t.Context(), app.Config{Listen: "127.0.0.1:0", Cloud: cloud, Files: http.NotFoundHandler(), Log: slog.Default()}); err == nil {
			t.Errorf("%q is taken as a cloud", cloud)
		}
	}
}

// aCloud answers like one, and counts what it is asked besides.
type aCloud struct {
	*httptest.Server
	asked atomic.Int32
}

func newCloud(t *testing.T, more http.HandlerFunc) *aCloud {
	t.Helper()
	c := &aCloud{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/info" {
			_ = json.NewEncoder(w).Encode(api.Info{To: make([]byte, 32), Now: 1, RetentionDays: 30})
			return
		}
		c.asked.Add(1)
		more(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

// ask posts the address of a cloud, as a page at origin does, and returns what it is told.
func ask(t *testing.T, address, cloud, origin string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/at", strings.NewReader(cloud))
	if err != nil {
		t.Fatal(err)
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestAnotherCloudIsReachedByItsAddress(t *testing.T) {
	first := newCloud(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "first "+r.URL.Path) })
	other := newCloud(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "other "+r.URL.Path) })
	var said []string
	address := start(t, app.Config{Cloud: first.URL + "/", Files: http.NotFoundHandler(), Another: func(cloud string) { said = append(said, cloud) }})

	if status, path := ask(t, address, first.URL, address); status != 200 || path != "" {
		t.Errorf("the cloud named at start: %d %q", status, path)
	}
	status, path := ask(t, address, other.URL, address)
	if status != 200 || path != "/at/0" {
		t.Fatalf("%d %q", status, path)
	}
	if status, again := ask(t, address, other.URL, address); status != 200 || again != path {
		t.Errorf("the same once more: %d %q", status, again)
	}
	if status, body := get(t, address+path+"/v1/sheets/x", nil); status != 200 || body != "other /v1/sheets/x" {
		t.Errorf("%d %q", status, body)
	}
	if status, body := get(t, address+"/v1/sheets/x", nil); status != 200 || body != "first /v1/sheets/x" {
		t.Errorf("%d %q", status, body)
	}
	if fmt.Sprint(said) != fmt.Sprint([]string{other.URL}) {
		t.Errorf("said were %q", said)
	}
	for _, wrong := range []string{"/at/0/", "/at/0/metrics", "/at/0/v1/../metrics", "/at/1/v1/info", "/at/-1/v1/info", "/at/x/v1/info"} {
		if status, body := get(t, address+wrong, nil); status == 200 {
			t.Errorf("%s: %d %q", wrong, status, body)
		}
	}
	if n := other.asked.Load(); n != 1 {
		t.Errorf("the other cloud was asked %d things", n)
	}
}

func TestNothingElseIsReached(t *testing.T) {
	first := newCloud(t, func(http.ResponseWriter, *http.Request) {})
	address := start(t, app.Config{Cloud: first.URL, Files: http.NotFoundHandler()})
	for _, wrong := range []string{
		"", "cloud.example", "ftp://cloud.example", "file:///etc/passwd", "http://cloud.example", "http://192.168.1.1", "http://10.0.0.7:80",
		"http://169.254.169.254", "http://localhost.example", "https://", "https://cloud.example/", "https://cloud.example/v1", "https://cloud.example?x",
		"https://cloud.example#x", "https://user@cloud.example", "https://user:word@cloud.example", "https://Cloud.example", "https://cloud.example:0",
		"https://cloud.example:70000", "https://cloud.example:", "http://[::2]", "http://0.0.0.0:1", " https://cloud.example", "https://" + strings.Repeat("a", 3000),
	} {
		if status, body := ask(t, address, wrong, address); status != http.StatusBadRequest {
			t.Errorf("%.40q: %d %q", wrong, status, body)
		}
	}
	for _, right := range []string{"https://cloud.example", "https://cloud.example:8443", "https://192.168.1.9", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "http://mine.localhost:1"} {
		if status, body := ask(t, address, right, address); status != 200 {
			t.Errorf("%q: %d %q", right, status, body)
		}
	}
	for name, origin := range map[string]string{"nobody": "", "a page of somebody else": "https://evil.example", "another port": "http://localhost:1", "a file": "null"} {
		if status, body := ask(t, address, "https://evil.example", origin); status != http.StatusForbidden {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}

	// What is no cloud is asked one thing, and hears nothing of what a page sends.
	printer := newCloud(t, nil)
	printer.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		printer.asked.Add(1)
		if r.URL.Path != "/v1/info" || r.Method != http.MethodGet || r.ContentLength > 0 {
			t.Errorf("it is asked %s %s", r.Method, r.URL.Path)
		}
		fmt.Fprint(w, `{"status":"out of paper"}`)
	})
	_, path := ask(t, address, printer.URL, address)
	if status, body := get(t, address+path+"/v1/anything", nil); status != http.StatusBadGateway || strings.Contains(body, "paper") {
		t.Errorf("%d %q", status, body)
	}
	if printer.asked.Load() != 1 {
		t.Errorf("it was asked %d times", printer.asked.Load())
	}

	// There is an end to how many.
	last := 0
	for n := range 40 {
		if last, _ = ask(t, address, fmt.Sprintf("https://c%d.example", n), address); last != 200 {
			break
		}
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the last was answered %d", last)
	}
}

// Attack: a cloud sends a member to a place that nobody of the household named, or orders the browser to do something.
// Nothing but its data gets through. Without the check the browser would follow, and clear its keys.
func TestACloudOrdersNothing(t *testing.T) {
	elsewhere := newCloud(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "elsewhere") })
	hostile := newCloud(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for name, value := range map[string]string{
			"Clear-Site-Data": `"storage"`, "Set-Cookie": "a=b", "Refresh": "0;url=https://evil.example", "Link": "</v1/x>; rel=preload",
			"Service-Worker-Allowed": "/", "Access-Control-Allow-Origin": "*", "Content-Security-Policy": "default-src *", "Content-Type": "text/html",
		} {
			h.Set(name, value)
		}
		if r.URL.Path == "/v1/away" {
			h.Set("Location", elsewhere.URL+"/v1/anything")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
		fmt.Fprint(w, "<script src=/v1/x></script>")
	})
	address := start(t, app.Config{Cloud: hostile.URL, Files: http.NotFoundHandler()})
	second := start(t, app.Config{Cloud: elsewhere.URL, Files: http.NotFoundHandler()})
	_, path := ask(t, second, hostile.URL, second)
	for _, way := range []string{address, second + path} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, way+"/v1/page", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := new(http.Client).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		for _, name := range []string{"Clear-Site-Data", "Set-Cookie", "Refresh", "Link", "Service-Worker-Allowed", "Access-Control-Allow-Origin", "Location"} {
			if res.Header.Get(name) != "" {
				t.Errorf("the browser is told %s", name)
			}
		}
		if kind, policy := res.Header.Get("Content-Type"), res.Header.Get("Content-Security-Policy"); kind != "application/octet-stream" || policy != "default-src 'none'; sandbox" {
			t.Errorf("a page would come as %q under %q", kind, policy)
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Error("the browser would guess")
		}
		if status, body := get(t, way+"/v1/away", nil); status != http.StatusBadGateway || body == "elsewhere" {
			t.Errorf("%d %q", status, body)
		}
	}
	if n := elsewhere.asked.Load(); n != 0 {
		t.Errorf("the place elsewhere was asked %d things", n)
	}
	if n := hostile.asked.Load(); n != 4 {
		t.Errorf("the hostile cloud was asked %d things", n)
	}
}
