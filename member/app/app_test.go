// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"keyhold/member/app"
)

// serve starts the app in front of a cloud and returns its address.
func serve(t *testing.T, cloud http.Handler) string {
	t.Helper()
	operator := httptest.NewServer(cloud)
	t.Cleanup(operator.Close)
	files := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "the app") })
	s, err := app.New(t.Context(), "127.0.0.1:0", operator.URL, files, operator.Client().Transport, slog.New(slog.DiscardHandler))
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
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
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
	files := http.NotFoundHandler()
	s, err := app.New(t.Context(), "127.0.0.1:0", "http://127.0.0.1:1", files, new(http.Transport), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	status, body := get(t, s.Address()+"/v1/info", nil)
	if status != http.StatusBadGateway || !strings.Contains(body, "urn:keyhold:unavailable") {
		t.Errorf("%d %q", status, body)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestItIsServedOnThisComputerAlone(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.org:0"} {
		if _, err := app.New(t.Context(), listen, "http://cloud.example", http.NotFoundHandler(), nil, slog.Default()); !errors.Is(err, app.ErrNotLoopback) {
			t.Errorf("%s: %v", listen, err)
		}
	}
	for _, cloud := range []string{"", "cloud.example", "file:///etc", "http://"} {
		if _, err := app.New(t.Context(), "127.0.0.1:0", cloud, http.NotFoundHandler(), nil, slog.Default()); err == nil {
			t.Errorf("%q is taken as a cloud", cloud)
		}
	}
}
