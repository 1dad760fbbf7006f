// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"testing"

	"keyhold/api"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// A hub that somebody put in could otherwise say that seven days, or three, have passed.
func TestALinkFromTheFutureIsNotStored(t *testing.T) {
	h := newHousehold(t, start(t))
	d := newDevice(h.owner.person)
	for _, c := range []struct {
		ahead int64
		kind  api.Kind
	}{{request.Window + 60_000, api.Unauthenticated}, {request.Window - 60_000, ""}} {
		e := must(h.chain.NewLink(h.now()+c.ahead, roster.AddDevice{Device: d.keys, Person: d.person}))
		for _, s := range []api.Signer{h.byOwner(), d.signer(), h.byHub()} {
			e.Sign(s.From, s.Key)
		}
		_, whole := h.api.RegisterChain(t.Context(), [][]byte{h.chain.Chain[0], e.Encode()})
		if c.kind != "" {
			wantKind(t, whole, c.kind)
		}
		err := h.put(request.WriteRoster, api.RosterName(1), e.Encode())
		if api.KindOf(err) != c.kind {
			t.Errorf("%d ms ahead: %v", c.ahead, err)
		}
		if p, ok := asProblem(err); ok && p.Rule != rule.Time {
			t.Errorf("%d ms ahead: rule %s", c.ahead, p.Rule)
		}
	}
}
