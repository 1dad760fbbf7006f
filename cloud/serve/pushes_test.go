// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// nobodyThere is a push service where nobody answers.
const nobodyThere = "http://127.0.0.1:1"

// proof has the form of one; only push services look at what it says.
var proof = "vapid t=" + strings.Repeat("a", 20) + "." + strings.Repeat("b", 20) + "." + strings.Repeat("c", 86) + ", k=" + strings.Repeat("d", 87)

// push makes the hub's wish that a message be brought somewhere.
func (h *household) push(household id.Household, by api.Signer, endpoint string, spoil ...func(*request.Push)) []byte {
	p := &request.Push{
		At: h.now(), Body: noise(request.PushSize), Endpoint: endpoint, From: by.From, Household: household, Nonce: noise(16), Proof: proof, To: h.c.to,
		TTL: 60, Urgency: request.UrgencyHigh,
	}
	for _, f := range spoil {
		f(p)
	}
	return must(dsse.Signed(request.ThingPush, p, by.From, by.Key)).Encode()
}

// pushes are groups for those who would send.
func (x *crowd) pushes(route) []askers {
	strangers := askers{}
	for name, as := range x.strangers(func(*side) id.Device { return id.Hub }) {
		b := x.a.push(id.Household(as.household), api.Signer{From: id.Hub, Key: as.by.Key}, nobodyThere+"/p")
		strangers[name] = must(http.NewRequestWithContext(x.a.t.Context(), http.MethodPost, x.a.c.base+"/v1/pushes", bytes.NewReader(b)))
	}
	return []askers{strangers}
}

// The hub's messages come to a push service as they are, once each, and are bounded; nobody else's do.
func TestPushesAreTheHubs(t *testing.T) {
	bodies := make(chan []byte, 10)
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies <- b
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(there.Close)
	limits := serve.DefaultLimits
	limits.Push = serve.Rate{PerSecond: 0.1, Burst: 2}
	c := startWith(t, serve.Config{Data: t.TempDir(), PushHosts: []string{there.URL}, Limits: limits})
	s := newSide(t, c)
	ask := func(b []byte) rule.Name {
		t.Helper()
		got, err := s.api.Push(t.Context(), b)
		var p *api.Problem
		if errors.As(err, &p) {
			return p.Rule
		}
		if err != nil || got.Outcome != api.PushSent {
			t.Fatalf("%+v, %v", got, err)
		}
		return ""
	}
	once := s.push(s.id, s.byHub(), there.URL+"/p")
	if r := ask(once); r != "" {
		t.Fatalf("refused: %s", r)
	}
	if got := <-bodies; len(got) != request.PushSize {
		t.Errorf("%d bytes came", len(got))
	}
	for name, refused := range map[string]struct {
		b    []byte
		want rule.Name
	}{
		"a device":              {s.push(s.id, s.byOwner(), there.URL+"/p"), rule.Field},
		"another household":     {s.push(s.id, newSide(t, c).byHub(), there.URL+"/p"), rule.Signature},
		"another size":          {s.push(s.id, s.byHub(), there.URL+"/p", func(p *request.Push) { p.Body = p.Body[1:] }), rule.Field},
		"a header more":         {s.push(s.id, s.byHub(), there.URL+"/p", func(p *request.Push) { p.Proof += "\r\nX: y" }), rule.Field},
		"an urgency of its own": {s.push(s.id, s.byHub(), there.URL+"/p", func(p *request.Push) { p.Urgency = "now" }), rule.Field},
		"for days":              {s.push(s.id, s.byHub(), there.URL+"/p", func(p *request.Push) { p.TTL = request.MaxTTL + 1 }), rule.Field},
		"an address too long": {s.push(s.id, s.byHub(), there.URL+"/p", func(p *request.Push) {
			p.Endpoint += strings.Repeat("p", request.MaxEndpoint)
		}), rule.Field},
		"for another cloud": {s.push(s.id, s.byHub(), there.URL+"/p", func(p *request.Push) { p.To = noise(32) }), rule.Audience},
	} {
		if r := ask(refused.b); r != refused.want {
			t.Errorf("%s: %q, want %s", name, r, refused.want)
		}
	}
	if _, err := s.api.Push(t.Context(), once); api.KindOf(err) != api.Conflict {
		t.Errorf("the same again: %v", err)
	}
	if _, err := s.api.Push(t.Context(), s.push(s.id, s.byHub(), there.URL+"/p")); api.KindOf(err) != api.TooMany {
		t.Errorf("more than it may: %v", err)
	}
	if len(bodies) != 0 {
		t.Errorf("%d more came", len(bodies))
	}
}
