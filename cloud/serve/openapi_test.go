// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write api/openapi.json from the server")

func TestTheCommittedDocumentIsTheServers(t *testing.T) {
	c := start(t)
	res, err := c.web.Do(must(http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/v1/openapi.json", nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "api", "openapi.json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("api/openapi.json is not what the server says: run `go test ./cloud/serve -run Document -update`, then `npm run generate -w api` in web/")
	}
}
