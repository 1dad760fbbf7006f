// SPDX-License-Identifier: Apache-2.0

package replace

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"keyhold/member/session"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// ErrMoved says that what was asked for does not fit any more.
var ErrMoved = errors.New("the household has changed meanwhile, so this link does not fit any more; whoever asked has been told, and asks again")

// Ask is another owner's wish for a second signature on a link that puts in a hub.
type Ask struct {
	*roster.Half
	// Begins is how the code of that hub begins.
	Begins string
	// View is what this device sees of the household, against which the link was held.
	View *session.View

	session *session.Session
	text    []byte
}

// Until is when the hub would no longer take the link.
func (a *Ask) Until() int64 { return a.Link.At + pairing.LinkAge }

// together is how long asks that come one after the other count as one: the newest is meant.
const together = 2 * time.Second

var errTogether = errors.New("all that was asked has come")

// Asked waits until another owner asks this device. What does not hold is told to dropped and passed over.
func Asked(ctx context.Context, s *session.Session, dropped func(error)) (*Ask, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var newest *Ask
	err := s.Letters(ctx, pairing.PurposeAsk, func(from id.Device, text []byte) (bool, error) {
		a, err := Read(ctx, s, from, text)
		if err != nil {
			dropped(err)
			return false, nil
		}
		if newest == nil {
			time.AfterFunc(together, func() { cancel(errTogether) })
		}
		if newest == nil || a.Link.At >= newest.Link.At {
			newest = a
		}
		return false, nil
	})
	if newest != nil && errors.Is(context.Cause(ctx), errTogether) {
		return newest, nil
	}
	return nil, err
}

// Read holds what another device sent against the newest that this one can see: who signed, since when that is an owner,
// what the link goes on from, how old it is, and where it says that the old hub's record ends.
func Read(ctx context.Context, s *session.Session, from id.Device, text []byte) (*Ask, error) {
	var a *Ask
	_, err := s.Steady(ctx, func(v *session.View) error {
		half, err := s.Roster.CheckHalf(text)
		if err != nil {
			return err
		}
		if (half.Device != from || half.By == s.Person()) && !rule.Off(rule.Signer) {
			return rule.Errorf(rule.Signer, "replace: the link is not signed by whoever asks, or by a device of the same person")
		}
		if !s.Roster.HasVoice(s.Keys.ID(), half.Link.At) && !rule.Off(rule.Signer) {
			return rule.Errorf(rule.Signer, "replace: only somebody who has been an owner for a week agrees to a new hub")
		}
		if err := pairing.Lately(half.Link.At, s.Now().UnixMilli()); err != nil {
			return err
		}
		a = &Ask{Half: half, Begins: pairing.Begins(half.Op.Hub), View: v, session: s, text: text}
		return a.ends(ctx)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// overlap is for how long before the link the old hub may still have been at work without the link saying so
// (milliseconds).
const overlap = 15 * 60_000

// ends wants the old hub's record to end where this device sees it end.
func (a *Ask) ends(ctx context.Context) error {
	known := map[id.Run]bool{}
	for _, r := range a.View.Runs {
		if era, _ := a.View.Roster.EraOfRun(r.Run); !era.Current {
			continue
		}
		known[r.Run] = true
		i := slices.IndexFunc(a.Op.Runs, func(c roster.ClosedRun) bool { return c.Run == r.Run })
		size := int64(0)
		if i >= 0 {
			c := a.Op.Runs[i]
			if err := r.Tree.Follows(ctx, manifest.Checkpoint{Household: r.Household, Run: c.Run, Size: c.Size, Root: c.Root}); err != nil {
				return fmt.Errorf("hold the end of the old hub's record against what this device sees: %w", err)
			}
			size = c.Size
		}
		if size < r.Size && r.At < a.Link.At-overlap && !rule.Off(rule.RolledBack) && len(a.Op.Runs) < roster.MaxClosed {
			return rule.Errorf(rule.RolledBack, "replace: the link leaves out what the old hub has recorded")
		}
	}
	for _, c := range a.Op.Runs {
		if !known[c.Run] && c.Size > 0 && !rule.Off(rule.RolledBack) {
			return rule.Errorf(rule.RolledBack, "replace: the link names a part of the old hub's record that the cloud does not show to this device")
		}
	}
	return nil
}

// Agree signs the very link that was shown, if it still holds.
func (a *Ask) Agree(ctx context.Context) error {
	now, err := Read(ctx, a.session, a.Device, a.text)
	switch rule.Of(err) {
	case rule.RosterSeq, rule.RosterPrev, rule.RosterTime:
		return errors.Join(ErrMoved, answer(ctx, a.session, a.Device, a.text, pairing.SecondStale))
	}
	if err != nil {
		return err
	}
	s := a.session
	if _, err := Whole(s.Roster, now.Half, &pairing.Second{Device: s.Keys.ID(), Signature: ed25519.Sign(s.Keys.Sign(), now.Envelope.PAE())}); err != nil {
		return err
	}
	return answer(ctx, s, a.Device, a.text, pairing.SecondYes)
}

// Decline says no.
func (a *Ask) Decline(ctx context.Context) error {
	return answer(ctx, a.session, a.Device, a.text, pairing.SecondNo)
}

// answer tells whoever asked what this device's person wants.
func answer(ctx context.Context, s *session.Session, to id.Device, text []byte, word string) error {
	link, err := dsse.Parse(text)
	if err != nil {
		return fmt.Errorf("read the link: %w", err)
	}
	said := pairing.Second{
		Answer: word, At: s.Now().UnixMilli(), Device: s.Keys.ID(), Household: s.Home.Household, Link: link.Hash(), Signature: []byte{},
	}
	if word == pairing.SecondYes {
		said.Signature = ed25519.Sign(s.Keys.Sign(), link.PAE())
	}
	e, err := dsse.Signed(pairing.ThingSecond, &said, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return fmt.Errorf("sign the answer: %w", err)
	}
	return s.Post(ctx, to, pairing.PurposeAnswer, e.Encode())
}
