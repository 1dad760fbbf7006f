// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package serve_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keyhold/api"
)

// committed lists the routes of the document that lies in the repository, which is what other people read.
func committed(t *testing.T) []route {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join("..", "..", "api", "openapi.json"))), &doc); err != nil {
		t.Fatal(err)
	}
	var out []route
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			out = append(out, route{strings.ToUpper(method), path})
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d routes were found", len(out))
	}
	return out
}

// refusal is an answer that is a problem.
type refusal struct{ kind, rule string }

func (r *refusal) Error() string { return strings.TrimSpace(r.kind + " " + r.rule) }

// problemIn is the problem that an answer tells, nil if it is none.
func problemIn(body []byte) error {
	var p struct{ Type, Rule string }
	if json.Unmarshal(body, &p) != nil || !strings.HasPrefix(p.Type, "urn:keyhold:") {
		return nil
	}
	return &refusal{strings.TrimPrefix(p.Type, "urn:keyhold:"), p.Rule}
}

// answered is the refusal in an error of a client.
func answered(err error) error {
	var p *api.Problem
	if errors.As(err, &p) {
		return &refusal{string(api.KindOf(p)), string(p.Rule)}
	}
	return err
}

// errNothing says that an answer holds nothing of the household that was meant.
var errNothing = errors.New("nothing of theirs")

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
