// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestGuessesSilenceNoDoorbell(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	rung := 0
	d, err := New(t.Context(), Config{
		Address: "127.0.0.1:0", Hooks: "127.0.0.1:0", Key: key, Now: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Hook: func(r *http.Request) bool {
			if r.URL.Path != "/bell/own" {
				return false
			}
			rung++
			return true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	// Over TLS and without it there are the same addresses.
	for name, way := range map[string]http.Handler{"with TLS": d.server.Handler, "without": d.hooks.server.Handler} {
		post := func(path string) int {
			w := httptest.NewRecorder()
			way.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, http.NoBody))
			if w.Header().Get("Connection") != "close" {
				t.Errorf("%s: the next press could be lost in the connection of this one", name)
			}
			return w.Code
		}
		refused := false
		for range 3 * atOnce {
			switch status := post("/bell/guess"); status {
			case http.StatusNotFound:
			case http.StatusTooManyRequests:
				refused = true
			default:
				t.Fatalf("%s: a guess is answered %d", name, status)
			}
		}
		if !refused {
			t.Errorf("%s: guesses have no bound", name)
		}
		before := rung
		for range 2 * hooksAtOnce {
			if status := post("/bell/own"); status != http.StatusNoContent {
				t.Fatalf("%s: a doorbell is answered %d after guesses", name, status)
			}
		}
		if n := rung - before; n != 2*hooksAtOnce {
			t.Errorf("%s: %d requests rang %d times", name, 2*hooksAtOnce, n)
		}
	}
}
