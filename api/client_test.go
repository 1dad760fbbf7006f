// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/statement/id"
)

func client(t *testing.T, h http.HandlerFunc) *api.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &api.Client{Base: server.URL, HTTP: server.Client()}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	var knocked atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		knocked.Add(1)
		fmt.Fprint(w, `{"to":"AA==","now":1,"retention_days":30}`)
	}))
	t.Cleanup(inside.Close)
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect} {
		c := client(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside.URL+"/v1/info", status) })
		calls := map[string]func(context.Context) error{
			"info": func(ctx context.Context) error { _, err := c.Info(ctx); return err },
			"drop": func(ctx context.Context) error { return c.Drop(ctx, "box", []byte("x")) },
			"object": func(ctx context.Context) error {
				r, err := c.Object(ctx, api.FetchedPrefix+"x", "obj_x", 0, -1)
				if err == nil {
					_ = r.Close()
				}
				return err
			},
			"socket": func(ctx context.Context) error { _, err := c.Socket(ctx, []byte("{}")); return err },
		}
		for name, call := range calls {
			if err := call(t.Context()); err == nil {
				t.Errorf("%s: %d is taken for an answer", name, status)
			}
		}
	}
	if n := knocked.Load(); n > 0 {
		t.Errorf("the client knocked %d times where the cloud sent it", n)
	}
}

func TestAnAddressIsAPathOfTheCloud(t *testing.T) {
	for address, ok := range map[string]bool{
		"/v1/fetched/abc234":           true,
		"":                             false,
		"/v1/fetched/":                 false,
		"@elsewhere.example/x":         false,
		".elsewhere.example/x":         false,
		"/v1/fetched/../households":    false,
		"/v1/fetched/x?y":              false,
		"https://elsewhere.example/v1": false,
	} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"address":%q}`, address) })
		_, err := c.Sync(t.Context(), []byte("{}"))
		if (err == nil) != ok {
			t.Errorf("sync with %q: %v", address, err)
		}
		_, err = c.Footage(t.Context(), []byte("{}"))
		if (err == nil) != ok {
			t.Errorf("footage with %q: %v", address, err)
		}
	}
}

func TestARefusalKeepsItsKind(t *testing.T) {
	for _, c := range []struct {
		status      int
		body, media string
		want        api.Kind
	}{
		{404, `{"type":"urn:keyhold:not_found","title":"no","status":404,"rule":"","id":"x"}`, "application/problem+json", api.NotFound},
		{503, "<html>", "text/html", api.Unavailable},
		{502, "<html>", "text/html", api.Unavailable},
		{418, "<html>", "text/html", api.Internal},
		{500, `{"type":"urn:keyhold:denied"}`, "text/plain", api.Internal},
	} {
		cl := client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.media)
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		})
		_, err := cl.Sheet(t.Context(), id.HashOf())
		if got := api.KindOf(err); got != c.want {
			t.Errorf("%d %s: kind %q, want %q (%v)", c.status, c.body, got, c.want, err)
		}
	}
}

func TestNamesUnderLocalhostAreThisComputer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"now":7}`) }))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	way := api.Transport(time.Minute)
	t.Cleanup(way.CloseIdleConnections)
	c := &api.Client{Base: "http://cloud.localhost:" + port, HTTP: &http.Client{Transport: way}}
	if info, err := c.Info(t.Context()); err != nil || info.Now != 7 {
		t.Errorf("%+v, %v", info, err)
	}
}
