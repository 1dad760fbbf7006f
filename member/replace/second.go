// SPDX-License-Identifier: Apache-2.0

package replace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"keyhold/member/session"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
)

// ErrDeclined says that the others do not want it.
var ErrDeclined = errors.New("no other owner wants this hub; nothing was changed")

// ErrNobody says that nobody has answered in time.
var ErrNobody = errors.New("no other owner has agreed within a quarter of an hour; nothing was changed. Ask them first, then give this command again")

const (
	// askAgain is how often those who have not answered are asked: a device that was away hears of it when it is back.
	askAgain = time.Minute
	// forHub is what is left of the link's time for the hub.
	forHub = time.Minute
)

// needsSecond says whether the link holds once a second owner signs it, and there is one who could.
func (r *Replacer) needsSecond(link *dsse.Envelope) bool {
	half, err := r.Session.Roster.CheckHalf(link.Encode())
	return err == nil && len(r.Session.Roster.Voices(half.By, half.Link.At)) > 0
}

// second has another owner sign the link, too.
func (r *Replacer) second(ctx context.Context, hub roster.HubKeys, p *Prepared) error {
	half, err := r.Session.Roster.CheckHalf(p.Link.Encode())
	if err != nil {
		return err
	}
	a := &asking{session: r.Session, half: half, waiting: map[id.Person][]id.Device{}}
	var names []string
	for _, m := range r.Session.Roster.Voices(half.By, half.Link.At) {
		if _, again := a.waiting[m.Person]; !again {
			names = append(names, nameOf(p.view, m.Person))
		}
		a.waiting[m.Person] = append(a.waiting[m.Person], m.ID)
	}
	left := time.Duration(half.Link.At+pairing.LinkAge-r.Session.Now().UnixMilli())*time.Millisecond - forHub
	r.Step(fmt.Sprintf("There are several owners, so another one has to agree. Asking %s: in the app, or with keyhold hub agree. There is time for this until %s.",
		strings.Join(names, ", "), r.Session.Now().Add(left).Format("15:04")))
	r.Step(fmt.Sprintf("They are shown how the code of this hub begins. Tell them to compare it: %s", pairing.Begins(hub)))
	ctx, cancel := context.WithTimeoutCause(ctx, left, ErrNobody)
	defer cancel()
	return a.run(ctx, func(s *pairing.Second) error {
		m, _ := r.Session.Roster.Device(s.Device)
		switch s.Answer {
		case pairing.SecondStale:
			return errStale
		case pairing.SecondNo:
			r.Step(fmt.Sprintf("%s does not agree.", nameOf(p.view, m.Person)))
			return nil
		}
		whole, err := Whole(r.Session.Roster, half, s)
		if err == nil {
			r.Step(fmt.Sprintf("%s agrees.", nameOf(p.view, m.Person)))
			p.Link = whole
		}
		return err
	})
}

func nameOf(v *session.View, p id.Person) string {
	if name := v.PersonName(p); name != "" {
		return name
	}
	return string(p)
}

// Whole is the link with the second owner's signature, if it holds by the roster.
func Whole(state *roster.State, half *roster.Half, s *pairing.Second) (*dsse.Envelope, error) {
	whole := s.With(half.Envelope)
	if _, _, err := state.CheckProposal(whole.Encode()); err != nil {
		return nil, fmt.Errorf("check the second owner's signature: %w", err)
	}
	return whole, nil
}

// asking waits for one of several owners to agree.
type asking struct {
	session *session.Session
	half    *roster.Half
	mu      sync.Mutex
	// waiting are the devices of those who have not declined.
	waiting map[id.Person][]id.Device
}

// run asks until somebody agrees or all have declined. heard is told of every answer and ends it with an error.
func (a *asking) run(ctx context.Context, heard func(*pairing.Second) error) error {
	asking, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() { a.ask(asking) })
	return a.session.Letters(ctx, pairing.PurposeAnswer, func(from id.Device, text []byte) (bool, error) {
		s, err := pairing.OpenSecond(text, a.session.Roster, a.session.Now().UnixMilli())
		if err != nil || s.Device != from || s.Link != a.half.Envelope.Hash() {
			return false, nil // not an answer to this: of an earlier try, or nobody's
		}
		if s.Answer != pairing.SecondYes && !a.asked(s.Device) {
			return false, nil
		}
		if err := heard(s); err != nil {
			return true, err
		}
		if s.Answer == pairing.SecondYes {
			return true, nil
		}
		if a.declined(s.Device) == 0 {
			return true, ErrDeclined
		}
		return false, nil
	})
}

// asked says whether this device's person was asked and has not declined.
func (a *asking) asked(d id.Device) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	m, _ := a.session.Roster.Device(d)
	return len(a.waiting[m.Person]) > 0
}

// declined notes that somebody does not agree, and says how many are left.
func (a *asking) declined(d id.Device) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	m, _ := a.session.Roster.Device(d)
	delete(a.waiting, m.Person)
	return len(a.waiting)
}

// ask leaves the link with every device of those who have not declined, again and again until ctx ends.
func (a *asking) ask(ctx context.Context) {
	text := a.half.Envelope.Encode()
	for {
		a.mu.Lock()
		var to []id.Device
		for _, devices := range a.waiting {
			to = append(to, devices...)
		}
		a.mu.Unlock()
		for _, d := range to {
			// Whoever cannot be reached now is asked again.
			_ = a.session.Post(ctx, d, pairing.PurposeAsk, text)
		}
		wait := time.NewTimer(askAgain)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return
		}
	}
}
