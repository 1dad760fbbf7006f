// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const testPage = `<!doctype html><html data-place="operator"><title>Keyhold</title></html>`

func testApp() fstest.MapFS {
	return fstest.MapFS{
		"index.html":       {Data: []byte(testPage)},
		"assets/app-1a.js": {Data: []byte("export{}")},
		"icon.svg":         {Data: []byte("<svg/>")},
		".gitkeep":         {Data: []byte{}},
	}
}

func get(t *testing.T, place Place, method, target string) *http.Response {
	t.Helper()
	h, err := newHandler(testApp(), place)
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, target, nil))
	return rec.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryAnswerCarriesTheStrictHeaders(t *testing.T) {
	for _, target := range []string{"/", "/join", "/assets/app-1a.js", "/icon.svg", "/missing"} {
		r := get(t, Operator, "GET", target)
		for _, pair := range headers {
			if got := r.Header.Get(pair[0]); got != pair[1] {
				t.Errorf("%s: %s is %q", target, pair[0], got)
			}
		}
	}
	for _, loose := range []string{"unsafe-inline", "unsafe-eval", "http:", "https:", "*"} {
		if strings.Contains(ContentSecurityPolicy, loose) {
			t.Errorf("the policy lets in %s", loose)
		}
	}
}

func TestThePageSaysOnWhoseMachineItIs(t *testing.T) {
	for _, target := range []string{"/", "/join", "/index.html"} {
		if got := body(t, get(t, Operator, "GET", target)); got != testPage {
			t.Errorf("operator %s: %q", target, got)
		}
		if got := body(t, get(t, Own, "GET", target)); !strings.Contains(got, `data-place="own"`) {
			t.Errorf("own %s: %q", target, got)
		}
	}
	if _, err := newHandler(testApp(), "elsewhere"); err == nil {
		t.Error("an unknown place was accepted")
	}
	if _, err := newHandler(fstest.MapFS{"index.html": {Data: []byte("<html>")}}, Own); err == nil {
		t.Error("a page without the mark was accepted")
	}
}

func TestOnlyBuiltFilesAreServed(t *testing.T) {
	for target, want := range map[string]int{
		"/":                 200,
		"/assets/app-1a.js": 200,
		"/icon.svg":         200,
		"/assets/":          404,
		"/assets":           404,
		"/.gitkeep":         404,
		"/states.html":      404,
		"/../embed.go":      404,
		"/history":          404,
	} {
		if r := get(t, Operator, "GET", target); r.StatusCode != want {
			t.Errorf("%s: %d, want %d", target, r.StatusCode, want)
		}
	}
	if r := get(t, Operator, "POST", "/"); r.StatusCode != 405 {
		t.Errorf("POST: %d", r.StatusCode)
	}
}

func TestWhatMayBeKept(t *testing.T) {
	for target, want := range map[string]string{
		"/":                 "no-store",
		"/assets/app-1a.js": "public, max-age=31536000, immutable",
		"/icon.svg":         "no-cache",
	} {
		if got := get(t, Operator, "GET", target).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

func TestAProgramCompiledBeforeTheAppWasBuiltSaysWhatToDo(t *testing.T) {
	_, err := built(fstest.MapFS{"app/dist/.gitkeep": {Data: []byte{}}})
	if !errors.Is(err, ErrNotBuilt) || !strings.Contains(err.Error(), "npm run build") {
		t.Fatalf("got %v", err)
	}
}
