// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"crypto/rand"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

func TestAFullDiskIsSaidInWords(t *testing.T) {
	var free atomic.Int64
	c := startWith(t, serve.Config{Data: t.TempDir(), Space: func() (int64, error) { return free.Load(), nil }})
	h := newHousehold(t, c)
	name := api.ObjectName(h.camera, h.hour(), must(id.NewObject(rand.Reader)))
	body := noise(1000)
	err := h.put(request.WriteObjects, name, body)
	wantKind(t, err, api.Unavailable)
	if p, ok := asProblem(err); !ok || !strings.Contains(p.Title, "disk is full") || p.ID == "" {
		t.Errorf("%v", err)
	}
	// What is small is still taken, and people still read.
	if err := h.put(request.WriteNames, api.Current, noise(9)); err != nil {
		t.Error(err)
	}
	h.sync(h.byOwner())
	free.Store(1 << 40)
	if err := h.put(request.WriteObjects, name, body); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestAHouseholdStoresNoMoreThanItMay(t *testing.T) {
	c := startWith(t, serve.Config{Data: t.TempDir(), HouseholdLimit: 8000})
	h, other := newHousehold(t, c), newHousehold(t, c)
	h.putObject(noise(5000))
	full := func(err error) {
		t.Helper()
		if p, ok := asProblem(err); !ok || p.Kind() != api.TooMany || p.Rule != rule.Quota {
			t.Errorf("%v, want too_many by quota", err)
		}
	}
	last := must(id.NewObject(rand.Reader))
	name := api.ObjectName(h.camera, h.hour(), last)
	body := noise(3000)
	full(h.put(request.WriteObjects, name, append(body, 0)))
	for range 2 { // the second is a repeat, which needs no room
		if err := h.put(request.WriteObjects, name, body); err != nil {
			t.Fatal(err)
		}
	}
	full(h.put(request.WriteObjects, api.ObjectName(h.camera, h.hour(), must(id.NewObject(rand.Reader))), noise(1)))
	// What goes with footage has a little more, and what is there once has no bound here.
	page := func(hours int64) string { return api.PageName(h.run, h.camera, h.epoch, h.hour()+hours) }
	if err := h.put(request.WritePages, page(0), noise(1000)); err != nil {
		t.Errorf("a page of a full household: %v", err)
	}
	full(h.put(request.WritePages, page(1), noise(1)))
	if err := h.put(request.WriteNames, api.Current, noise(2000)); err != nil {
		t.Errorf("names of a full household: %v", err)
	}
	other.putObject(noise(5000)) // each has its own
	c.Advance(31 * 24 * time.Hour)
	if err := c.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.putObject(noise(7000)) // what went made room
}
