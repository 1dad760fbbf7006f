// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package serve_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"keyhold/api"
	"keyhold/internal/crimes"
	"keyhold/statement/rule"
)

// errAlike says that answers do not differ by a byte of body or headers.
var errAlike = errors.New("alike")

// told compares the answers to all that must not be told apart on some routes; nil says that some differ.
func (x *crowd) told(t *testing.T, of func(route) bool) error {
	t.Helper()
	compared := 0
	for _, r := range committed(t) {
		if !of(r) || alike[r.String()] == nil {
			continue
		}
		for _, group := range alike[r.String()](x, r) {
			first := ""
			for _, req := range group {
				got := seen(x.a.c, req)
				if first == "" {
					first = got
				}
				if compared++; got != first {
					return nil
				}
			}
		}
	}
	if compared < 10 {
		t.Fatalf("only %d answers were compared: that shows nothing", compared)
	}
	return errAlike
}

// welcomed asks as the one who belongs there, who is given what they ask for.
func (x *crowd) welcomed(of func(route) bool) error {
	for _, r := range committed(x.a.t) {
		if !of(r) || r.kind() != "" {
			continue
		}
		welcome := given
		if r.path == "/v1/relays" || r.path == "/v1/pushes" {
			welcome = relayed // nothing of the household is in that
		}
		if err := welcome(x.a, x.a.ask(r, x.a.at(r))); err != nil {
			return fmt.Errorf("%s: %w", r, err)
		}
	}
	return nil
}

// TestCrimesOfAsking tries to find out what is there by asking for it, on every route where something could be told:
// what exists and what does not have to be the same in every byte of body and headers.
func TestCrimesOfAsking(t *testing.T) {
	fetched := func(r route) bool { return strings.HasPrefix(r.path, api.FetchedPrefix) }
	signed := func(r route) bool {
		return r.kind() != "" || r.path == "/v1/fetch" || r.path == "/v1/relays" || r.path == "/v1/pushes"
	}
	var rows []*crimes.Row
	for _, one := range []struct {
		name string
		off  rule.Name
		of   func(route) bool
	}{
		{"a stranger asks whether a household or a device is there", rule.Household, signed},
		{"a stranger asks whether an address was ever good", rule.Household, fetched},
		{"a member asks whether something of another household is there", rule.WrongHousehold, fetched},
	} {
		row := crimes.New(one.name, one.off)
		rows = append(rows, row)
		t.Run(one.name, func(t *testing.T) {
			c := start(t)
			x := newCrowd(t, c)
			err := x.told(t, one.of)
			row.Tried(t, err, said(err), errAlike.Error())
			t.Run("without the check", func(t *testing.T) {
				crimes.Switch(t, one.off)
				err := x.told(t, one.of)
				row.Unchecked(t, err, said(err))
			})
			err = x.welcomed(one.of)
			row.Honest(t, err, said(err))
		})
	}
	crimes.Report(t, "cloud", rows)
}
