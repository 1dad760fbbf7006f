// SPDX-License-Identifier: Apache-2.0

package invite

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"keyhold/member/device"
	"keyhold/member/droptest"
	"keyhold/member/session"
	"keyhold/sealing/box"
	"keyhold/sealing/keys"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// home is a household with one device, whose hub's key the test holds.
type home struct {
	t      *testing.T
	cloud  *droptest.Cloud
	hub    ed25519.PrivateKey
	secret *device.Secret
	person id.Person
	state  *roster.State
	inv    pairing.Invitation
	offer  Offer
	shown  []Offer // what joiners were shown
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newHome(t *testing.T) *home {
	t.Helper()
	h := &home{t: t, cloud: droptest.New(t), offer: Offer{Kind: ForDevice, From: "Anna", History: true}}
	var err error
	_, h.hub, err = ed25519.GenerateKey(rand.Reader)
	check(t, err)
	h.secret, err = device.NewSecret(rand.Reader)
	check(t, err)
	words, err := keys.NewSheet(rand.Reader)
	check(t, err)
	sheet, err := device.SheetSecret(words)
	check(t, err)
	mail, err := box.NewKey(make([]byte, 32))
	check(t, err)
	h.person, err = id.NewPerson(rand.Reader)
	check(t, err)
	e, err := dsse.New(roster.ThingGenesis, roster.Genesis{
		At: time.Now().UnixMilli(), Device: h.secret.Public(), Nonce: make([]byte, 32), Person: h.person,
		Hub:   roster.HubKeys{HPKE: mail.Public(), Sign: h.hub.Public().(ed25519.PublicKey)},
		Sheet: roster.SheetKeys{Reader: sheet.Public().Reader, Sign: sheet.Public().Sign},
	})
	check(t, err)
	e.Sign(h.secret.ID(), h.secret.Sign())
	e.Sign(id.Sheet, sheet.Sign())
	e.Sign(id.Hub, h.hub)
	h.state, err = roster.Start(e.Encode(), "")
	check(t, err)
	secret, err := newSecret(rand.Reader)
	check(t, err)
	h.inv = pairing.Invitation{Head: h.state.Head, Household: h.state.Household, Inviter: h.secret.ID(), Secret: secret}
	return h
}

func (h *home) welcome(chain [][]byte) {
	parts, err := sealWelcome(h.inv.Household, h.inv.Secret, welcome{Offer: h.offer, Roster: chain})
	check(h.t, err)
	for _, part := range parts {
		h.cloud.Put(endsOf(h.inv.Secret).joiner, part)
	}
}

// join runs the joiner until it is in, refused, or has asked.
func (h *home) join() error {
	limited, stop := context.WithTimeout(h.t.Context(), time.Minute)
	defer stop()
	ctx, cancel := context.WithCancelCause(limited)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for h.asked() == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond) // polling, with a deadline
		}
		cancel(context.DeadlineExceeded)
	}()
	defer func() { stop(); <-watched }()
	j := &Joiner{
		Client: h.cloud.Client, Now: time.Now, Rand: rand.Reader, Step: func(string) {}, Words: func([]string) {},
		Accept: func(o Offer) (string, error) { h.shown = append(h.shown, o); return o.Name, nil },
	}
	_, _, err := j.Join(ctx, h.inv, "phone", h.t.TempDir())
	return err
}

func (h *home) asked() int { return len(h.cloud.In(endsOf(h.inv.Secret).inviter)) }

func TestAJoinerBelievesOnlyTheRosterOfItsLink(t *testing.T) {
	other := newHome(t)
	for _, c := range []struct {
		name  string
		rule  rule.Name
		asks  int
		serve func(h *home)
	}{
		{"the right one", "", 1, func(h *home) { h.welcome(h.state.Chain) }},
		{"another household's", rule.Household, 0, func(h *home) { h.welcome(other.state.Chain) }},
		{"none", rule.RosterSeq, 0, func(h *home) { h.welcome([][]byte{}) }},
		{"one that ends earlier", rule.RolledBack, 0, func(h *home) { h.inv.Head.Seq = 3; h.welcome(h.state.Chain) }},
		{"one with another head", rule.RosterFork, 0, func(h *home) { h.inv.Head.Hash = id.Hash{}; h.welcome(h.state.Chain) }},
		{"an inviter that nobody knows", rule.Signer, 0, func(h *home) { h.inv.Inviter = other.secret.ID(); h.welcome(h.state.Chain) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			c.serve(h)
			if err := h.join(); rule.Of(err) != c.rule || (c.rule == "" && !errors.Is(err, context.DeadlineExceeded)) {
				t.Errorf("refused as %q: %v", rule.Of(err), err)
			}
			if n := h.asked(); n != c.asks {
				t.Errorf("it asked %d times", n)
			}
		})
	}
}

func TestAUsedInvitationIsSaidAtOnce(t *testing.T) {
	h := newHome(t)
	h.welcome(h.state.Chain)
	h.cloud.Put(endsOf(h.inv.Secret).joiner, []byte("sealed to the one who came first"))
	if err := h.join(); !errors.Is(err, ErrUsed) {
		t.Error(err)
	}
	if h.asked() != 0 {
		t.Error("it asks although it is too late")
	}
}

func TestAnInviterHearsOnlyWhoHoldsTheLink(t *testing.T) {
	h := newHome(t)
	s, err := session.New(nil, h.secret, device.Household{Household: h.state.Household, Roster: h.state.Chain}, h.cloud.Client)
	check(t, err)
	i := &Invitation{s: s, secret: h.inv.Secret}
	stranger, err := newSecret(rand.Reader)
	check(t, err)
	for _, c := range []struct {
		name   string
		secret []byte
		heard  bool
	}{{"the joiner", h.inv.Secret, true}, {"a stranger who found the box", stranger, false}} {
		secret, err := device.NewSecret(rand.Reader)
		check(t, err)
		link, err := h.state.NewLink(time.Now().UnixMilli(), roster.AddDevice{Device: secret.Public(), Person: h.person})
		check(t, err)
		link.Sign(secret.ID(), secret.Sign())
		body, err := encode(request{HMAC: pairing.MAC(c.secret, pairing.InviteMAC, link.PAE()), Link: link.Encode(), Name: "phone"})
		check(t, err)
		name := pairing.Box(endsOf(h.inv.Secret).inviter)
		sealed, err := box.Seal(h.secret.Public().Reader, joinInfo(h.inv.Household, "join"), box.Context{"box": name}, body)
		check(t, err)
		r, ok := i.read(sealed)
		if ok != c.heard || (ok && r.Name != "phone") {
			t.Errorf("%s: heard %v", c.name, ok)
		}
	}
	if _, ok := i.read([]byte("noise")); ok {
		t.Error("noise is heard")
	}
}

func TestNamesFromElsewhereAreMadeSafe(t *testing.T) {
	for in, want := range map[string]string{
		"phone":                     "phone",
		"  Anna's phone\n":          "Anna's phone",
		"\x1b[31mred\x1b[0m":        "[31mred[0m",
		"\u202eenohp":               "enohp",
		"cafe\u0301":                "caf\u00e9",
		"":                          "new device",
		"\xff\xfe":                  "new device",
		string(make([]byte, 300)):   "new device",
		"Büro " + string([]rune{0}): "Büro",
	} {
		if got := cleanName(in, "new device"); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	long := cleanName(strings.Repeat("ü", 300), "new device")
	if len(long) > 200 || long == "" {
		t.Errorf("a long name has %d bytes", len(long))
	}
}
