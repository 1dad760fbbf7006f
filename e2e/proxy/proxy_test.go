// SPDX-License-Identifier: Apache-2.0

package proxy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"keyhold/e2e/proxy"
)

var object = bytes.Repeat([]byte("0123456789abcdef"), 1000)

// cloud is a small server with the shapes of the real one.
func cloud(t *testing.T, name string) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	n := 0
	mux.HandleFunc("POST /v1/fetch", func(w http.ResponseWriter, r *http.Request) {
		n++
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, `{"from":%q,"n":%d,"asked":%q}`, name, n, body)
	})
	mux.HandleFunc("GET /v1/fetched/x/objects/{id}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(object))
	})
	mux.HandleFunc("GET /v1/socket", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		kind, body, err := c.Read(r.Context())
		if err == nil {
			err = c.Write(r.Context(), kind, append([]byte(name+" heard "), body...))
		}
		if err != nil {
			t.Error(err)
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func start(t *testing.T, target string) *proxy.Proxy {
	t.Helper()
	p, err := proxy.Start(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// ask sends one request and returns status and body.
func ask(t *testing.T, method, address, body, span string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if span != "" {
		req.Header.Set("Range", span)
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestWithNothingSwitchedOnAllPassesUnchanged(t *testing.T) {
	t.Parallel()
	p := start(t, cloud(t, "a").URL)
	if status, text := ask(t, "POST", p.URL()+"/v1/fetch", "q", ""); status != 200 || text != `{"from":"a","n":1,"asked":"q"}` {
		t.Errorf("%d %s", status, text)
	}
	if status, text := ask(t, "GET", p.URL()+"/v1/fetched/x/objects/obj_a", "", "bytes=16-47"); status != 206 || text != string(object[16:48]) {
		t.Errorf("%d %s", status, text)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+p.Address()+"/v1/socket", nil) //nolint:bodyclose // the library closes it
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := c.Read(ctx); err != nil || string(text) != "a heard hello" {
		t.Errorf("%s %v", text, err)
	}
	if p.Touched() != 0 || len(p.Seen()) != 3 {
		t.Errorf("touched %d, seen %q", p.Touched(), p.Seen())
	}
}

func TestTampersTouchWhatTheyAreAfter(t *testing.T) {
	t.Parallel()
	p := start(t, cloud(t, "a").URL)
	get := func(span string) (int, string) { return ask(t, "GET", p.URL()+"/v1/fetched/x/objects/obj_a", "", span) }
	whole := string(object)
	other := strings.ToUpper(whole)
	for name, c := range map[string]struct {
		tamper proxy.Tamper
		span   string
		good   func(int, string) bool
	}{
		"bit":          {proxy.FlipBit(proxy.Objects), "", func(s int, b string) bool { return s == 200 && len(b) == len(whole) && b != whole }},
		"truncate":     {proxy.Truncate(proxy.Objects), "", func(s int, b string) bool { return s == 200 && len(b) == len(whole)*2/3 }},
		"drop":         {proxy.Drop(proxy.Object("obj_a")), "", func(s int, b string) bool { return s == 404 && strings.Contains(b, "not_found") }},
		"swap":         {proxy.Whole(proxy.Objects, func(*proxy.Exchange) []byte { return []byte(other) }), "", func(s int, b string) bool { return s == 200 && b == other }},
		"swap, a part": {proxy.Whole(proxy.Objects, func(*proxy.Exchange) []byte { return []byte(other) }), "bytes=26-27", func(s int, b string) bool { return s == 206 && b == "AB" }},
	} {
		p.Use(nil, c.tamper)
		if status, body := get(c.span); !c.good(status, body) || p.Touched() != 1 {
			t.Errorf("%s: status %d, %d bytes, touched %d", name, status, len(body), p.Touched())
		}
	}
	p.Use(nil, proxy.Drop(proxy.Object("obj_b")))
	if status, body := get(""); status != 200 || body != whole || p.Touched() != 0 {
		t.Errorf("another object was touched: %d", status)
	}
}

func TestThePastIsGivenAgain(t *testing.T) {
	t.Parallel()
	p := start(t, cloud(t, "a").URL)
	past := proxy.NewPast(proxy.Fetches, func(e *proxy.Exchange) string { return string(e.Request) })
	fresh := proxy.Edit(proxy.Fetches, func(f map[string]json.RawMessage) bool { f["now"] = json.RawMessage("7"); return true })
	p.Use(nil, proxy.All(past.Tamper, fresh))
	ask(t, "POST", p.URL()+"/v1/fetch", "q", "")
	past.Freeze()
	for question, want := range map[string]string{
		"q": `{"asked":"q","from":"a","n":1,"now":7}`,
	} {
		if _, text := ask(t, "POST", p.URL()+"/v1/fetch", question, ""); text != want {
			t.Errorf("%s, want %s", text, want)
		}
	}
	if _, text := ask(t, "POST", p.URL()+"/v1/fetch", "new", ""); !strings.Contains(text, `"n":3`) {
		t.Errorf("a new question got %s", text)
	}
}

func TestRouteSendsElsewhere(t *testing.T) {
	t.Parallel()
	p := start(t, cloud(t, "a").URL)
	route, err := proxy.Elsewhere(cloud(t, "b").URL, "/v1/fetch")
	if err != nil {
		t.Fatal(err)
	}
	p.Use(route, nil)
	if _, text := ask(t, "POST", p.URL()+"/v1/fetch", "q", ""); !strings.Contains(text, `"from":"b"`) || p.Touched() != 1 {
		t.Errorf("%s, touched %d", text, p.Touched())
	}
	p.Use(nil, nil)
	if _, text := ask(t, "POST", p.URL()+"/v1/fetch", "q", ""); !strings.Contains(text, `"from":"a"`) {
		t.Errorf("after switching off: %s", text)
	}
}
