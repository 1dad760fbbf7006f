// SPDX-License-Identifier: Apache-2.0

package invite

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/member/device"
	"keyhold/member/session"
	"keyhold/sealing/box"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// sitter is an offer for somebody else.
func sitter(t *testing.T) Offer {
	t.Helper()
	garden, err := id.NewCamera(rand.Reader)
	check(t, err)
	return Offer{
		Cameras: []Camera{{ID: garden, Name: "Garden"}}, From: "Anna", Kind: ForPerson, Name: "Eva", Role: roster.Guest,
		Rights: []roster.Right{{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{garden}, Since: 1, Until: time.Now().UnixMilli() * 2}},
	}
}

func TestAnOfferIsShownWholeBeforeKeysAreMade(t *testing.T) {
	h := newHome(t)
	h.offer = sitter(t)
	h.welcome(h.state.Chain)
	if err := h.join(); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if len(h.shown) != 1 || h.shown[0].Name != "Eva" || h.shown[0].From != "Anna" || (Names{h.shown[0]}).CameraName(h.offer.Cameras[0].ID) != "Garden" || h.shown[0].Role != roster.Guest {
		t.Errorf("shown was %+v", h.shown)
	}

	other := newHome(t)
	other.offer = sitter(t)
	other.welcome(other.state.Chain)
	no := errors.New("no, thank you")
	j := &Joiner{Client: other.cloud.Client, Now: time.Now, Rand: broken{}, Step: func(string) {}, Accept: func(Offer) (string, error) { return "", no }}
	if _, _, err := j.Join(t.Context(), other.inv, "phone", t.TempDir()); !errors.Is(err, no) {
		t.Error(err)
	}
	if other.asked() != 0 {
		t.Error("it asked although the person did not want to")
	}
}

// broken is randomness that must not be used.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("randomness was used") }

func TestTheOperatorReadsNothingOfAnOffer(t *testing.T) {
	h := newHome(t)
	h.offer = sitter(t)
	h.welcome(h.state.Chain)
	for _, d := range h.cloud.In(endsOf(h.inv.Secret).joiner) {
		for _, secret := range []string{"Eva", "Anna", "Garden", "guest"} {
			if bytes.Contains(d.Body, []byte(secret)) {
				t.Errorf("%q stands in the box", secret)
			}
		}
	}
}

func TestALongRosterComesInParts(t *testing.T) {
	h := newHome(t)
	for n := range 14 {
		secret, err := device.NewSecret(rand.Reader)
		check(t, err)
		e, err := h.state.NewLink(time.Now().UnixMilli(), roster.AddDevice{Device: secret.Public(), Person: h.person})
		check(t, err)
		e.Sign(secret.ID(), secret.Sign())
		e.Sign(h.secret.ID(), h.secret.Sign())
		e.Sign(id.Hub, h.hub)
		if err := h.state.Append(e.Encode()); err != nil {
			t.Fatalf("device %d: %v", n, err)
		}
	}
	h.welcome(h.state.Chain)
	if n := len(h.cloud.In(endsOf(h.inv.Secret).joiner)); n < 2 {
		t.Fatalf("%d parts", n)
	}
	if err := h.join(); !errors.Is(err, context.DeadlineExceeded) || h.asked() != 1 {
		t.Errorf("asked %d times: %v", h.asked(), err)
	}
}

func TestAnInvitationThatHasEndedSaysSo(t *testing.T) {
	h := newHome(t)
	h.welcome(h.state.Chain)
	end, err := sealEnd(h.inv.Household, h.inv.Secret)
	check(t, err)
	h.cloud.Put(endsOf(h.inv.Secret).joiner, end)
	if err := h.join(); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
}

func TestAnInviterThatWasRemovedIsToldApart(t *testing.T) {
	h := newHome(t)
	second, err := device.NewSecret(rand.Reader)
	check(t, err)
	e, err := h.state.NewLink(time.Now().UnixMilli(), roster.AddDevice{Device: second.Public(), Person: h.person})
	check(t, err)
	e.Sign(second.ID(), second.Sign())
	e.Sign(h.secret.ID(), h.secret.Sign())
	e.Sign(id.Hub, h.hub)
	check(t, h.state.Append(e.Encode()))
	removal, err := h.state.RemoveDevice(time.Now().UnixMilli(), h.secret.ID())
	check(t, err)
	removal.Sign(second.ID(), second.Sign())
	e, err = h.state.NewLink(time.Now().UnixMilli(), roster.Remove{Removal: removal.Encode()})
	check(t, err)
	e.Sign(id.Hub, h.hub)
	check(t, h.state.Append(e.Encode()))
	h.welcome(h.state.Chain)
	if err := h.join(); !errors.Is(err, ErrInviter) || h.asked() != 0 {
		t.Errorf("asked %d times: %v", h.asked(), err)
	}
}

func TestOffersThatContradictThemselvesAreRefused(t *testing.T) {
	good := sitter(t)
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Offer){
		"an unknown kind":               func(o *Offer) { o.Kind = "robot" },
		"a guest without an end":        func(o *Offer) { o.Rights[0].Until = 0 },
		"a viewer without rights":       func(o *Offer) { o.Role, o.Rights = roster.Viewer, nil },
		"an owner with rights":          func(o *Offer) { o.Role = roster.Owner },
		"a device of one's own as such": func(o *Offer) { o.Kind = ForDevice },
		"slow with old recordings":      func(o *Offer) { o.Slow, o.History = true, true },
		"a slow owner":                  func(o *Offer) { o.Role, o.Rights, o.Slow = roster.Owner, nil, true },
		"a long name":                   func(o *Offer) { o.Name = strings.Repeat("x", 201) },
	} {
		o := sitter(t)
		spoil(&o)
		if o.Check() == nil {
			t.Errorf("%s passes", name)
		}
	}
	now := time.Now().UnixMilli()
	slow := sitter(t)
	slow.Slow, slow.Rights[0].Since = true, now+SlowWait.Milliseconds()
	if slow.Check() != nil || slow.CheckWait(now) != nil || slow.CheckWait(now+1) == nil {
		t.Error("a slow offer has to begin a day ahead, and not later than that is asked")
	}
}

// request is what a joiner leaves.
func (h *home) request(link *dsse.Envelope, by *device.Secret) {
	h.t.Helper()
	link.Sign(by.ID(), by.Sign())
	body, err := encode(request{HMAC: pairing.MAC(h.inv.Secret, pairing.InviteMAC, link.PAE()), Link: link.Encode(), Name: "phone", PersonName: "Eva"})
	check(h.t, err)
	token := endsOf(h.inv.Secret).inviter
	sealed, err := box.Seal(h.secret.Public().Reader, joinInfo(h.inv.Household, "join"), box.Context{"box": pairing.Box(token)}, body)
	check(h.t, err)
	h.cloud.Put(token, sealed)
}

func TestOnlyWhatWasOfferedIsTaken(t *testing.T) {
	for name, ask := range map[string]func(h *home, o Offer, keys roster.DeviceKeys, p id.Person) roster.Op{
		"a raised role": func(_ *home, _ Offer, k roster.DeviceKeys, p id.Person) roster.Op {
			return roster.AddPerson{Device: k, Person: p, Role: roster.Owner}
		},
		"another camera": func(h *home, o Offer, k roster.DeviceKeys, p id.Person) roster.Op {
			camera, err := id.NewCamera(rand.Reader)
			check(h.t, err)
			o = o.Plain()
			o.Rights[0].Cameras = []id.Camera{camera}
			return roster.AddPerson{Device: k, Person: p, Role: o.Role, Rights: o.Rights}
		},
		"a later end": func(_ *home, o Offer, k roster.DeviceKeys, p id.Person) roster.Op {
			o = o.Plain()
			o.Rights[0].Until++
			return roster.AddPerson{Device: k, Person: p, Role: o.Role, Rights: o.Rights}
		},
		"a device of the inviter's": func(h *home, _ Offer, k roster.DeviceKeys, _ id.Person) roster.Op {
			return roster.AddDevice{Device: k, Person: h.person}
		},
		"other rights for somebody else": func(h *home, o Offer, _ roster.DeviceKeys, _ id.Person) roster.Op {
			return roster.SetRights{Person: h.person, Role: o.Role, Rights: o.Rights}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			s, err := session.New(nil, h.secret, device.Household{Household: h.state.Household, Roster: h.state.Chain}, h.cloud.Client)
			check(t, err)
			var steps []string
			i := &Invitation{Offer: sitter(t), Step: func(s string) { steps = append(steps, s) }, s: s, secret: slices.Clone(h.inv.Secret)}
			joiner, err := device.NewSecret(rand.Reader)
			check(t, err)
			person, err := id.NewPerson(rand.Reader)
			check(t, err)
			link, err := h.state.NewLink(time.Now().UnixMilli(), ask(h, i.Offer, joiner.Public(), person))
			check(t, err)
			h.cloud.Put(endsOf(h.inv.Secret).inviter, []byte("noise of somebody who guessed"))
			h.request(link, joiner)
			if _, err := i.Wait(t.Context(), time.Minute); rule.Of(err) != rule.Invitation {
				t.Errorf("refused as %q: %v", rule.Of(err), err)
			}
			if !slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, "does not hold the link") }) {
				t.Errorf("nobody was told of the one who guessed: %q", steps)
			}
		})
	}
}

func TestOtherWordsEndASlowInvitation(t *testing.T) {
	h := newHome(t)
	s, err := session.New(nil, h.secret, device.Household{Household: h.state.Household, Roster: h.state.Chain}, h.cloud.Client)
	check(t, err)
	offer := sitter(t)
	offer.Slow = true
	joiner, err := device.NewSecret(rand.Reader)
	check(t, err)
	person, err := id.NewPerson(rand.Reader)
	check(t, err)
	link, err := h.state.NewLink(time.Now().UnixMilli(), offer.Op(joiner.Public(), person))
	check(t, err)
	var read []string
	i := &Invitation{
		Offer: offer, Step: func(string) {}, s: s, secret: slices.Clone(h.inv.Secret), told: 1,
		Compare: func(_ string, six []string) (bool, error) { read = six; return false, nil },
	}
	h.request(link, joiner)
	if _, err := i.Wait(t.Context(), time.Minute); !errors.Is(err, ErrWords) {
		t.Error(err)
	}
	if len(read) != 6 || !slices.Equal(read, Words(link)) {
		t.Errorf("compared were %q", read)
	}
	w := &way{Joiner: &Joiner{}, inv: h.inv, offer: offer, state: h.state, secret: joiner}
	if _, err := w.hear(t.Context(), verdict{Error: words}); !errors.Is(err, ErrOthers) {
		t.Error(err)
	}
}

func TestSixWordsAreTheFirst66Bits(t *testing.T) {
	e := &dsse.Envelope{PayloadType: "x", Payload: []byte("y")}
	a := Words(e)
	if len(a) != 6 || !slices.Equal(a, Words(e)) {
		t.Errorf("%q", a)
	}
	seen := map[string]bool{}
	for n := range 50 {
		seen[Line(Words(&dsse.Envelope{PayloadType: "x", Payload: fmt.Append(nil, n)}))] = true
	}
	if len(seen) != 50 {
		t.Errorf("%d lines of words for 50 links", len(seen))
	}
}

func TestWhatOldKeysAnOfferCovers(t *testing.T) {
	garden := sitter(t)
	camera := garden.Rights[0].Cameras[0]
	other, err := id.NewCamera(rand.Reader)
	check(t, err)
	history, owner := garden.Plain(), Offer{Kind: ForPerson, Role: roster.Owner, History: true}
	history.History = true
	for _, c := range []struct {
		name   string
		offer  Offer
		camera id.Camera
		want   bool
	}{
		{"a device of one's own", Offer{Kind: ForDevice, History: true}, id.HouseholdCamera, true},
		{"somebody else, without history", garden, camera, false},
		{"somebody else, with history", history, camera, true},
		{"a camera not given", history, other, false},
		{"the household's own pages", history, id.HouseholdCamera, false},
		{"an owner", owner, id.HouseholdCamera, true},
	} {
		if got := c.offer.Covers(c.camera); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
