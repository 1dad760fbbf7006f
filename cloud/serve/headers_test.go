// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestEveryAnswerHasTheStrictHeaders(t *testing.T) {
	c := start(t)
	a := newSide(t, c)
	want := map[string]string{
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
	}
	check := func(what string, req *http.Request) {
		t.Helper()
		req.Header.Set("Cookie", "session=stolen")
		req.Header.Set("Origin", "https://elsewhere.example")
		res := c.do(req)
		for name, value := range want {
			if got := res.header.Get(name); got != value {
				t.Errorf("%s: %s is %q", what, name, got)
			}
		}
		policy := res.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy lacks %s", what, part)
			}
		}
		for name := range res.header {
			if name == "Set-Cookie" || strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: it sets %s", what, name)
			}
		}
		if len(res.body) > 0 && res.header.Get("Content-Type") == "" {
			t.Errorf("%s: a body of no type", what)
		}
	}
	for _, r := range routes(t, c) {
		check(r.String(), a.ask(r, a.at(r)))
		nothing := ids{}
		for _, p := range r.params() {
			nothing[p] = "x"
		}
		check(r.String()+" with what is no id", a.ask(r, nothing))
		for _, method := range []string{http.MethodOptions, http.MethodDelete, http.MethodHead} {
			check(method+" "+r.path, must(http.NewRequestWithContext(t.Context(), method, c.base+r.fill(a.at(r)), nil)))
		}
	}
	for _, path := range []string{"/", "/v1/", "/v1/nothing", "//v1/info", "/v1/../v1/info", "/index.html"} {
		check(path, must(http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+path, nil)))
	}
}
