// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"time"

	"keyhold/e2e/harness"
	"keyhold/member/invite"
	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/pairing"
	"keyhold/statement/rule"
)

// errUsed says that nobody waits under an invitation any more.
var errUsed = errors.New("used")

// invited is an invitation for a further device of anna's, which a device of hers waits for until over is called.
func (s *scene) invited() (i *invite.Invitation, ended <-chan struct{}, over func()) {
	s.t.Helper()
	i, err := invite.New(s.t.Context(), s.anna2.session(), invite.Offer{From: "Anna", History: true, Kind: invite.ForDevice}, s.Origin)
	must(s.t, err)
	waiting, stop := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = i.Wait(waiting, 30*time.Second)
	}()
	return i, done, func() { stop(); <-done }
}

// joins uses an invitation as an honest device does.
func (s *scene) joins(link string) error {
	s.t.Helper()
	_, inv, err := pairing.ParseLink(link)
	must(s.t, err)
	j := &invite.Joiner{
		Client: s.client(), Now: s.now, Rand: rand.Reader, Step: func(string) {}, Words: func([]string) {},
		Accept: func(o invite.Offer) (string, error) { return o.Name, nil },
	}
	_, state, err := j.Join(s.t.Context(), inv, "A tablet", filepath.Join(s.t.TempDir(), "tablet"))
	if err != nil {
		return err
	}
	return s.Member.SetRoster(state)
}

// copiedLink is an invitation of which somebody else has a copy, and uses it after the one for whom it was made. A thief's
// own program does not stop because it was used.
func (s *scene) copiedLink(thief bool) error {
	s.t.Helper()
	i, ended, over := s.invited()
	defer over()
	if err := s.joins(i.Link); err != nil || !thief {
		return err
	}
	_, inv, err := pairing.ParseLink(i.Link)
	must(s.t, err)
	f, op := s.addDevice(s.anna.Person)
	link := s.link(op, f)
	e, err := dsse.Parse(link)
	must(s.t, err)
	text, err := canon.Marshal(pairing.Answer{HMAC: pairing.MAC(inv.Secret, pairing.InviteMAC, e.PAE()), Link: link, Name: "Mine"})
	must(s.t, err)
	name := pairing.Box(pairing.Derive(inv.Secret, pairing.InviteToInviter))
	sealed, err := box.Seal(s.anna2.Public().Reader, box.Context{"household": string(inv.Household), "purpose": "join"}, box.Context{"box": name}, text)
	must(s.t, err)
	must(s.t, s.client().Drop(s.t.Context(), name, sealed))
	in := false
	must(s.t, harness.Poll(s.t.Context(), patience, "the thief in, or nobody waiting", func(context.Context) bool {
		select {
		case <-ended:
			return true
		default:
		}
		_, in = s.View().Roster.Device(f.ID())
		return in
	}))
	if !in {
		return errUsed
	}
	return nil
}

func crimesWithAnInvitation() []crime {
	return []crime{
		{
			name: "an invitation is used once more by somebody with a copy", off: []rule.Name{rule.Invitation}, says: errUsed.Error(),
			commit: func(s *scene) error { return s.copiedLink(true) },
			honest: func(s *scene) error { return s.copiedLink(false) },
		},
	}
}
