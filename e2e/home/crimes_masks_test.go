// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/masks"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// coveredDoor is a household of whose door a part is covered, all of it by anna, and nothing of the yard's.
func coveredDoor(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.anna = s.owner()
	s.ben = s.Bring("Ben", roster.Owner)
	s.cameras()
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History, roster.Live, roster.Private}})
	s.sam = s.guest("Sam")
	s.mask(s.Member, s.door, window)
	return s
}

// maskNumber is that of the newest setting of a camera.
func (s *scene) maskNumber(c id.Camera) int64 {
	s.t.Helper()
	list, err := s.Member.Masks(s.t.Context())
	must(s.t, err)
	n := int64(0)
	for _, one := range list {
		if one.Camera == c {
			n = one.Seq
		}
	}
	return n
}

// uncovering is somebody's word that nothing of the door is covered, spoiled, and signed by a key.
func (s *scene) uncovering(by *folk, key ed25519.PrivateKey, spoil func(*masks.Setting)) []byte {
	s.t.Helper()
	x := &masks.Setting{
		At: s.now().UnixMilli(), Camera: s.door, Device: by.ID(), Head: s.Member.Roster.Head.Hash, Household: s.Member.Home.Household,
		Masks: []masks.Mask{}, Seq: s.maskNumber(s.door) + 1,
	}
	if spoil != nil {
		spoil(x)
	}
	e, err := dsse.Signed(masks.Thing, x, x.Device, key)
	must(s.t, err)
	return e.Encode()
}

// carries lets somebody bring such a word to the hub. Where it holds, the door is covered again.
func (s *scene) carries(courier *folk, statement []byte) error {
	s.t.Helper()
	err := s.ask(courier, request.Op{Kind: request.OpSetMasks, Masks: statement})
	if err == nil {
		s.mask(s.Member, s.door, window)
	}
	return err
}

func TestCrimesWithMasks(t *testing.T) {
	uncovers := func(by func(*scene) *folk, spoil func(*scene, *masks.Setting)) func(*scene) error {
		return func(s *scene) error {
			who := by(s)
			return s.carries(who, s.uncovering(who, who.Sign(), func(x *masks.Setting) {
				if spoil != nil {
					spoil(s, x)
				}
			}))
		}
	}
	ben := func(s *scene) *folk { return s.ben }
	honest := uncovers(ben, nil)
	var first []byte // by which nothing of the door was covered
	judge(t, coveredDoor, []crime{
		{
			name: "a mask taken away by a viewer", off: []rule.Name{rule.Role, rule.Action, rule.Camera}, says: request.RefusedDenied,
			commit: uncovers(func(s *scene) *folk { return s.vera }, nil), honest: honest,
		},
		{
			name: "a mask taken away by a guest", off: []rule.Name{rule.Role, rule.Action, rule.Camera}, says: request.RefusedDenied,
			commit: uncovers(func(s *scene) *folk { return s.sam }, nil), honest: honest,
		},
		{
			name: "an owner's earlier word that nothing is covered, again", off: []rule.Name{rule.Replay}, says: request.RefusedStale,
			commit: func(s *scene) error {
				if first == nil {
					first = s.uncovering(s.ben, s.ben.Sign(), nil)
					must(s.t, s.carries(s.ben, first))
				}
				return s.carries(s.ben, first)
			},
			honest: honest,
		},
		{
			name: "a mask taken away under an old roster", off: []rule.Name{rule.Head}, says: request.RefusedStale,
			commit: uncovers(ben, func(_ *scene, x *masks.Setting) { x.Head = id.HashOf([]byte("an old roster")) }), honest: honest,
		},
		{
			name: "a word for another camera made one for this", off: []rule.Name{rule.Signature}, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				word, err := dsse.Parse(s.uncovering(s.ben, s.ben.Sign(), func(x *masks.Setting) { x.Camera = s.yard }))
				must(s.t, err)
				other, err := dsse.Parse(s.uncovering(s.ben, s.ben.Sign(), nil))
				must(s.t, err)
				other.Signatures = word.Signatures
				return s.carries(s.ben, other.Encode())
			},
			honest: honest, lasting: true,
		},
		{
			name: "a word that the cloud made up, in an owner's name", off: []rule.Name{rule.Signature}, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				_, key, err := ed25519.GenerateKey(rand.Reader)
				must(s.t, err)
				return s.carries(s.ben, s.uncovering(s.ben, key, nil))
			},
			honest: honest, lasting: true,
		},
		{
			name: "an owner's word, brought by a viewer", off: []rule.Name{rule.Audience}, says: request.RefusedInvalid,
			commit: func(s *scene) error { return s.carries(s.vera, s.uncovering(s.ben, s.ben.Sign(), nil)) }, honest: honest,
		},
		{
			name: "an owner's word of an hour ago, kept back", off: []rule.Name{rule.Time}, says: request.RefusedInvalid,
			commit: uncovers(ben, func(_ *scene, x *masks.Setting) { x.At -= 3_600_000 }), honest: honest,
		},
	})
}

// errBlack is what somebody sees who looks for what is covered.
var errBlack = errors.New("black")

// TestCrimesOfPixels look for what is covered in the pictures themselves, live and saved. Without its check the program
// that makes them paints nothing.
func TestCrimesOfPixels(t *testing.T) {
	street := func(t *testing.T) *scene {
		s := &scene{Rig: New(t)}
		_, s.door = s.noise()
		return s
	}
	// Where a part is covered, brightness ranges over next to nothing.
	visible := func(list []int) error {
		if slices.Max(list) > 6 {
			return nil
		}
		return errBlack
	}
	saved := func(s *scene) []int {
		before := len(s.masked(s.door))
		s.mask(s.Member, s.door, window)
		s.Until("it on the record", func() bool { return len(s.masked(s.door)) > before })
		from := s.masked(s.door)[before].At
		s.began(s.door, from, 1)
		return s.Rig.kept(s.door, from, s.now().UnixMilli())
	}
	uncovered := func(s *scene) error {
		s.mask(s.Member, s.door)
		return visible(s.seen(s.door, 5, false))
	}
	judge(t, street, []crime{
		{
			name: "what is covered, looked at live", off: []rule.Name{rule.Masks}, says: errBlack.Error(),
			commit: func(s *scene) error {
				s.mask(s.Member, s.door, window)
				return visible(s.seen(s.door, 20, false))
			},
			honest: uncovered,
		},
		{
			name: "what is covered, in a film that was saved", off: []rule.Name{rule.Masks}, says: errBlack.Error(),
			commit: func(s *scene) error { return visible(saved(s)) }, honest: uncovered,
		},
	})
}
