// SPDX-License-Identifier: Apache-2.0

package pair_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/member/device"
	"keyhold/member/droptest"
	"keyhold/member/pair"
	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// hub is the hub's side of pairing, as far as a device sees it.
type hub struct {
	t       *testing.T
	cloud   *droptest.Cloud
	sign    ed25519.PrivateKey
	mail    *box.Key
	code    pairing.Code
	answers func(genesis *dsse.Envelope) (string, *dsse.Envelope)
}

func newHub(t *testing.T, cloud *droptest.Cloud) *hub {
	t.Helper()
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	seed := make([]byte, 32)
	_, err = rand.Read(seed)
	check(t, err)
	mail, err := box.NewKey(seed)
	check(t, err)
	h := &hub{t: t, cloud: cloud, sign: sign, mail: mail}
	h.code = pairing.Code{Fingerprint: h.keys().Fingerprint(), Secret: seed[:16]}
	h.answers = func(e *dsse.Envelope) (string, *dsse.Envelope) { e.Sign(id.Hub, h.sign); return "", e }
	return h
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *hub) keys() roster.HubKeys {
	return roster.HubKeys{HPKE: h.mail.Public(), Sign: h.sign.Public().(ed25519.PublicKey)}
}

func (h *hub) toDevice() []byte { return pairing.Derive(h.code.Secret, pairing.PairToDevice) }
func (h *hub) toHub() []byte    { return pairing.Derive(h.code.Secret, pairing.PairToHub) }

func (h *hub) offer(keys roster.HubKeys) {
	b, err := canon.Marshal(map[string]any{"hub": keys})
	check(h.t, err)
	h.cloud.Put(h.toDevice(), b)
}

// serve answers the first proposal.
func (h *hub) serve(ctx context.Context) {
	for len(h.cloud.In(h.toHub())) == 0 {
		if ctx.Err() != nil {
			return
		}
		time.Sleep(time.Millisecond) // polling, until the test ends
	}
	name := pairing.Box(h.toHub())
	plain, err := h.mail.Open(box.Context{"purpose": "pairing"}, box.Context{"box": name}, h.cloud.In(h.toHub())[0].Body)
	if err != nil {
		h.t.Errorf("the proposal does not open: %v", err)
		return
	}
	var p struct {
		DeviceName string `json:"device_name"`
		Genesis    []byte `json:"genesis"`
		HMAC       []byte `json:"hmac"`
		PersonName string `json:"person_name"`
		Zone       string `json:"zone"`
	}
	var g roster.Genesis
	e := &dsse.Envelope{}
	if err = canon.Unmarshal(plain, &p); err == nil {
		e, err = dsse.Parse(p.Genesis)
	}
	if err == nil {
		err = errors.Join(e.Read(roster.ThingGenesis, &g), pairing.CheckMAC(p.HMAC, h.code.Secret, pairing.PairMAC, e.PAE()))
	}
	if err != nil || p.PersonName != "Anna" || p.DeviceName != "laptop" || p.Zone != "Europe/Berlin" {
		h.t.Errorf("the proposal is %+v: %v", p, err)
		return
	}
	word, answer := h.answers(e)
	body, err := canon.Marshal(map[string]any{"error": word, "genesis": answer.Encode()})
	if err == nil {
		body, err = box.Seal(g.Device.Reader, box.Context{"purpose": "paired"}, box.Context{"box": pairing.Box(h.toDevice())}, body)
	}
	if err != nil {
		h.t.Errorf("answer: %v", err)
		return
	}
	h.cloud.Put(h.toDevice(), []byte("noise from somebody who knows the box"))
	h.cloud.Put(h.toDevice(), body)
}

// pairs runs the device's side and returns the folder it would live in.
func (h *hub) pairs(confirm func([]string) error) (string, *roster.State, error) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	done := make(chan struct{})
	go func() { defer close(done); h.serve(ctx) }()
	defer func() { cancel(); <-done }()
	m := &pair.Maker{
		Client: h.cloud.Client, Now: time.Now, Rand: rand.Reader, Step: func(string) {},
		Confirm: func(words []string, _ id.Household) error { return confirm(words) },
	}
	dir := filepath.Join(h.t.TempDir(), "device")
	_, state, err := m.Make(ctx, pair.Wish{Code: h.code.String(), PersonName: "Anna", DeviceName: "laptop", Zone: "Europe/Berlin", Dir: dir})
	return dir, state, err
}

func TestAHouseholdBegins(t *testing.T) {
	h := newHub(t, droptest.New(t))
	h.cloud.Put(h.toDevice(), []byte("noise"))
	h.offer(h.keys())
	var words []string
	dir, state, err := h.pairs(func(w []string) error { words = slices.Clone(w); return nil })
	check(t, err)
	if len(words) != 24 {
		t.Errorf("the sheet has %d words", len(words))
	}
	f, err := device.Open(dir)
	check(t, err)
	home, err := f.Household()
	check(t, err)
	if home.Household != state.Household || len(home.Roster) != 1 {
		t.Errorf("the folder says %+v", home)
	}
}

func TestAnotherHubGetsNothing(t *testing.T) {
	cloud := droptest.New(t)
	h, other := newHub(t, cloud), newHub(t, cloud)
	h.offer(other.keys())
	dir, _, err := h.pairs(func([]string) error { t.Error("words are shown although the hub is another"); return nil })
	if rule.Of(err) != rule.HubKeys {
		t.Errorf("refused as %q: %v", rule.Of(err), err)
	}
	nothing(t, h, dir)
}

func TestWithoutTheSheetNothingIsSent(t *testing.T) {
	h := newHub(t, droptest.New(t))
	h.offer(h.keys())
	forgot := errors.New("not the words")
	dir, _, err := h.pairs(func([]string) error { return forgot })
	if !errors.Is(err, forgot) {
		t.Error(err)
	}
	nothing(t, h, dir)
}

func nothing(t *testing.T, h *hub, dir string) {
	t.Helper()
	if n := len(h.cloud.In(h.toHub())); n != 0 {
		t.Errorf("%d messages were sent to the hub", n)
	}
	if err := device.Free(dir); err != nil {
		t.Errorf("a device was made: %v", err)
	}
}

func TestOnlyThisGenesisCounts(t *testing.T) {
	stranger := newHub(t, droptest.New(t))
	for _, c := range []struct {
		name    string
		answers func(h *hub, e *dsse.Envelope) (string, *dsse.Envelope)
		rule    rule.Name
	}{
		{"the hub has not signed", func(_ *hub, e *dsse.Envelope) (string, *dsse.Envelope) { return "", e }, rule.Signer},
		{"signed by another", func(_ *hub, e *dsse.Envelope) (string, *dsse.Envelope) { e.Sign(id.Hub, stranger.sign); return "", e }, rule.Signature},
		{"another genesis", func(h *hub, e *dsse.Envelope) (string, *dsse.Envelope) {
			e.Payload = bytes.Clone(e.Payload)
			if letter := &e.Payload[len(e.Payload)/2]; *letter == 'A' { // of a key, in base64
				*letter = 'B'
			} else {
				*letter = 'A'
			}
			e.Sign(id.Hub, h.sign)
			return "", e
		}, rule.Household},
		{"refused", func(_ *hub, e *dsse.Envelope) (string, *dsse.Envelope) { return "used", e }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHub(t, droptest.New(t))
			h.answers = func(e *dsse.Envelope) (string, *dsse.Envelope) { return c.answers(h, e) }
			h.offer(h.keys())
			dir, _, err := h.pairs(func([]string) error { return nil })
			if err == nil || rule.Of(err) != c.rule {
				t.Errorf("refused as %q: %v", rule.Of(err), err)
			}
			if err := device.Free(dir); err != nil {
				t.Errorf("a device was made: %v", err)
			}
		})
	}
}

func TestANameThatTheHubWouldDropIsRefusedBeforeAnythingIsSent(t *testing.T) {
	h := newHub(t, droptest.New(t))
	h.offer(h.keys())
	m := &pair.Maker{Client: h.cloud.Client, Now: time.Now, Rand: rand.Reader, Step: func(string) { t.Error("something was done") }}
	_, _, err := m.Make(t.Context(), pair.Wish{
		Code: h.code.String(), PersonName: strings.Repeat("a", 201), DeviceName: "laptop", Zone: "UTC", Dir: filepath.Join(t.TempDir(), "device"),
	})
	if !errors.Is(err, pair.ErrName) {
		t.Errorf("%v, want ErrName", err)
	}
}
