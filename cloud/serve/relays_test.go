// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the form of relays
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/api/relay"
	"keyhold/cloud/serve"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// relays makes the question for relays.
func (h *household) relays(household id.Household, by api.Signer) []byte {
	return must(dsse.Signed(request.ThingRelays, &request.Relays{
		At: h.now(), From: by.From, Household: household, Nonce: noise(16), To: h.c.to,
	}, by.From, by.Key)).Encode()
}

// relays are groups for those who ask for relays.
func (x *crowd) relays(route) []askers {
	strangers := askers{}
	for name, as := range x.strangers(func(s *side) id.Device { return s.owner.keys.ID }) {
		b := x.a.household.relays(id.Household(as.household), as.by)
		strangers[name] = must(http.NewRequestWithContext(x.a.t.Context(), http.MethodPost, x.a.c.base+"/v1/relays", bytes.NewReader(b)))
	}
	return []askers{strangers}
}

// A hub and its devices are given relays, and the cloud's own works. Others are given with the secret that they share.
func TestRelaysAreGivenToMembers(t *testing.T) {
	secret := []byte("shared with another relay")
	c := startWith(t, serve.Config{Data: t.TempDir(), Relay: serve.RelayConfig{
		Listen: "127.0.0.1:0", More: []string{"turn:relay.example:3478?transport=udp"}, Secret: secret,
	}})
	s := newSide(t, c)
	names := []string{}
	for _, by := range []api.Signer{s.byHub(), s.byOwner()} {
		list := must(s.api.Relays(t.Context(), s.relays(s.id, by)))
		if len(list) != 2 || !strings.HasPrefix(list[0].URLs[0], "turn:127.0.0.1:") || !slices.Equal(list[1].URLs, []string{"turn:relay.example:3478?transport=udp"}) {
			t.Fatalf("%s was given %+v", by.From, list)
		}
		for _, r := range list {
			names = append(names, r.Username)
			if until := r.Until - s.now(); until <= 0 || until > (10*time.Minute).Milliseconds() {
				t.Errorf("it may be begun with for %d ms", until)
			}
		}
		m := hmac.New(sha1.New, secret)
		m.Write([]byte(list[1].Username))
		if list[1].Credential != base64.StdEncoding.EncodeToString(m.Sum(nil)) {
			t.Errorf("the other relay would not take %q for %q", list[1].Credential, list[1].Username)
		}
		w, err := relay.Open(t.Context(), list[0])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.Close() })
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 4 {
		t.Errorf("of the names some are the same: %q", names)
	}

	for name, refused := range map[string]struct {
		by   api.Signer
		want rule.Name
	}{
		"the sheet":        {api.Signer{From: id.Sheet, Key: s.sheet}, rule.Field},
		"a device unknown": {newDevice(s.owner.person).signer(), rule.Signature},
	} {
		_, err := s.api.Relays(t.Context(), s.relays(s.id, refused.by))
		var p *api.Problem
		if !errors.As(err, &p) || p.Rule != refused.want {
			t.Errorf("%s: %v, want %s", name, err, refused.want)
		}
	}
	once := s.relays(s.id, s.byOwner())
	must(s.api.Relays(t.Context(), once))
	if _, err := s.api.Relays(t.Context(), once); api.KindOf(err) != api.Conflict {
		t.Errorf("the same question again: %v", err)
	}
}

// Without a relay there are none, which is no error.
func TestACloudWithoutRelaysSaysSo(t *testing.T) {
	s := newSide(t, start(t))
	if list := must(s.api.Relays(t.Context(), s.relays(s.id, s.byOwner()))); len(list) != 0 {
		t.Errorf("it gives %+v", list)
	}
}
