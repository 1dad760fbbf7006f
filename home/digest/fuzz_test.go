// SPDX-License-Identifier: Apache-2.0

package digest

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzChallenge answers what cameras ask over HTTP: what it says fits into a header.
func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="a, b", nonce="n", qop="auth", algorithm=MD5, opaque="o"`)
	f.Add(`Digest realm=a,nonce="`)
	f.Fuzz(func(t *testing.T, in string) {
		c := Read([]string{in})
		if c == nil {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/a", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Authorize(r, "anna", "secret"); err != nil {
			t.Fatal(err)
		}
		said := r.Header.Get("Authorization")
		if strings.ContainsAny(said, "\r\n\x00") || strings.Contains(said, "secret") && !strings.Contains(in, "secret") || len(said) > 2*maxChallenge+512 {
			t.Fatalf("%q is answered by %q", in, said)
		}
	})
}
