// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"keyhold/api"
	"keyhold/cloud/serve"
)

// FuzzAnyRequest holds the door to one thing: whatever comes, the answer is no fault of ours, and every refusal is a
// problem document.
func FuzzAnyRequest(f *testing.F) {
	s, err := serve.Open(f.Context(), serve.Config{
		Data: f.TempDir(), Log: slog.New(slog.DiscardHandler),
		Limits: serve.Limits{Stranger: endless, Address: endless, Household: endless},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	box := strings.Repeat("a", 52)
	for _, seed := range []struct{ method, target, header, body string }{
		{"GET", "/v1/info", "", ""},
		{"POST", "/v1/households", "", `{"payload":"","payloadType":"","signatures":[]}`},
		{"POST", "/v1/fetch", "", `{"payload":"e30=","payloadType":"application/vnd.keyhold.fetch.v1+json","signatures":[]}`},
		{"PUT", "/v1/households/" + box + "/objects/cam_a/1/obj_a", base64.StdEncoding.EncodeToString([]byte(`{}`)), "x"},
		{"PUT", "/v1/households/" + box + "/mail/hub", "%%%", "x"},
		{"GET", "/v1/fetched/a/tiles/run_a/0/0/1", "", ""},
		{"GET", "/v1/fetched/a/pages/run_a/household/epo_a/-1", "bytes=0-", ""},
		{"GET", "/v1/drops/" + box + "?after=-1&wait=0", "AA==", ""},
		{"POST", "/v1/drops/" + box, "", "hello"},
		{"GET", "/v1/sheets/" + box, "", ""},
		{"GET", "/v1/receipts/" + box, "", ""},
		{"POST", "/v1/households", "", `{"roster":["e30="]}`},
		{"PUT", "/v1/households/" + box + "/labels/cam_aaaaaaaaaaaaaaaaaaaaaaaaaa", base64.StdEncoding.EncodeToString([]byte(`{}`)), "x"},
		{"PUT", "/v1/households/" + box + "/erase/current", base64.StdEncoding.EncodeToString([]byte(`{}`)), "{}"},
		{"GET", "/v1/socket", "", ""},
		{"GET", "/../v1/info?%zz", "", ""},
	} {
		f.Add(seed.method, seed.target, seed.header, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, method, target, header string, body []byte) {
		u, err := url.Parse(target)
		if err != nil || u.Query().Get("wait") > "0" || method == "" || strings.ContainsAny(method, " \t\r\n") {
			return // not a request, or one that only waits
		}
		u.Scheme, u.Host = "http", "cloud.example"
		req, err := http.NewRequestWithContext(t.Context(), method, u.String(), bytes.NewReader(body))
		if err != nil {
			return
		}
		req.RemoteAddr = "192.0.2.1:1"
		for _, name := range []string{api.StatementHeader, api.DropTokenHeader, "Range", "Accept", "Content-Type"} {
			req.Header.Set(name, header)
		}
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, req)
		res := rec.Result()
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode >= http.StatusInternalServerError {
			t.Fatalf("%s %q: %s %s", method, target, res.Status, b)
		}
		if res.StatusCode < http.StatusBadRequest || u.Path == "/v1/socket" || res.Header.Get("Content-Range") != "" {
			return
		}
		var p api.Problem
		if err := json.Unmarshal(b, &p); method != http.MethodHead && (err != nil || p.ID == "" || p.Status != res.StatusCode) {
			t.Fatalf("%s %q: %s is no problem document: %s", method, target, res.Status, b)
		}
	})
}

var endless = serve.Rate{PerSecond: 1e9, Burst: 1 << 30}
