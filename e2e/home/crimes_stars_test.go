// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"crypto/ed25519"
	"net/http"
	"slices"
	"strings"
	"testing"

	"keyhold/member/footage"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/star"
)

// starredDoor is a household in which a moment of the door was starred a month ago, and nothing else of that time is left.
// vera sees the door since a minute ago, sam is a guest who sees it.
func starredDoor(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.anna = s.owner()
	s.ben = s.Bring("Ben", roster.Owner)
	s.cameras()
	s.starFirst(s.door)
	s.monthLater()
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{s.door}, Since: s.now().UnixMilli() - 60_000})
	s.sam = s.guest("Sam")
	return s
}

// oldStar is the moment of a month ago.
func (s *scene) oldStar() int64 { return s.starred(s.Member, s.door)[0].Moment }

// starring is somebody's word that the door is starred now, spoiled, and signed by a key.
func (s *scene) starring(by *folk, key ed25519.PrivateKey, spoil func(*star.Setting)) []byte {
	s.t.Helper()
	reply, err := s.Member.Do(s.t.Context(), request.Op{Kind: request.OpStars, Camera: s.door})
	must(s.t, err)
	x := &star.Setting{
		At: s.now().UnixMilli(), Camera: s.door, Device: by.ID(), Head: s.Member.Roster.Head.Hash, Household: s.Member.Home.Household, On: true, Seq: 1,
	}
	for _, one := range reply.Result.Stars {
		last, err := star.Kept(one.Statement, s.Member.Roster)
		must(s.t, err)
		x.Seq = last.Seq + 1
	}
	x.Moment = x.At
	if spoil != nil {
		spoil(x)
	}
	e, err := dsse.Signed(star.Thing, x, x.Device, key)
	must(s.t, err)
	return e.Encode()
}

// withPack lets ben star a moment together with the leaf of a pack, as it is or otherwise.
func (s *scene) withPack(edit func(leaf string, object id.Object) string) error {
	s.t.Helper()
	s.Packs(s.door, 1)
	all := s.Timeline(s.door).Segments
	last := all[len(all)-1]
	leaf := request.Placed{Index: last.Record.Index, Leaf: []byte(edit(string(last.Record.Raw), last.Pack.Object)), Run: last.Record.Run.Run}
	word := s.starring(s.ben, s.ben.Sign(), func(x *star.Setting) { x.Moment = last.Pack.Files[0].Start + 1 })
	return s.stars(s.ben, word, leaf)
}

func (s *scene) stars(courier *folk, statement []byte, leaves ...request.Placed) error {
	return s.ask(courier, request.Op{Kind: request.OpStar, Star: statement, Leaves: leaves})
}

// withoutOld leaves what is old of the door out of an answer to a fetch.
func (s *scene) withoutOld(field string, do func() error) error {
	way := func(cloud http.Handler) http.Handler {
		return editing(cloud, func(a map[string]any) {
			list, _ := a[field].([]any)
			a[field] = slices.DeleteFunc(list, func(x any) bool {
				one, _ := x.(map[string]any)
				h, _ := one["hour"].(float64)
				return one["camera"] == string(s.door) && int64(h) < id.Hour(s.now().UnixMilli())-24
			})
		})
	}
	s.way.Store(&way)
	defer s.way.Store(nil)
	return do()
}

// played asks for the recordings of the old moment.
func (s *scene) played() error {
	s.t.Helper()
	v, line, err := s.shownAt(s.door, s.oldStar())
	if err == nil {
		_, err = footage.Start(s.t.Context(), s.Member, v, s.door, line.Segments, request.PurposeHistory)
	}
	return err
}

// listed asks what is starred.
func (s *scene) listed() error {
	_, _, err := s.shownAt(s.door, s.now().UnixMilli()-month.Milliseconds())
	return err
}

func TestCrimesWithStars(t *testing.T) {
	by := func(who func(*scene) *folk, spoil func(*scene, *star.Setting)) func(*scene) error {
		return func(s *scene) error {
			f := who(s)
			return s.stars(f, s.starring(f, f.Sign(), func(x *star.Setting) {
				if spoil != nil {
					spoil(s, x)
				}
			}))
		}
	}
	ben := func(s *scene) *folk { return s.ben }
	honest := by(ben, nil)
	var first []byte // one that was taken
	judge(t, starredDoor, []crime{
		{
			name: "a star by a guest", off: []rule.Name{rule.Role}, says: request.RefusedDenied,
			commit: by(func(s *scene) *folk { return s.sam }, nil), honest: by(func(s *scene) *folk { return s.vera }, nil),
		},
		{
			name: "a star for a camera that a viewer does not see", off: []rule.Name{rule.Camera}, says: request.RefusedDenied,
			commit: by(func(s *scene) *folk { return s.vera }, func(s *scene, x *star.Setting) { x.Camera, x.Seq = s.yard, 1 }), honest: honest,
		},
		{
			name: "a star for a time from before a viewer's right", off: []rule.Name{rule.Early}, says: request.RefusedDenied,
			commit: by(func(s *scene) *folk { return s.vera }, func(s *scene, x *star.Setting) {
				since := x.At
				p, _ := s.Member.Roster.PersonOf(s.vera.ID())
				for _, r := range p.Rights {
					since = min(since, r.Since)
				}
				x.Moment = since - 1
			}),
			honest: honest,
		},
		{
			name: "an earlier star, again", off: []rule.Name{rule.Replay}, says: request.RefusedStale,
			commit: func(s *scene) error {
				if first == nil {
					first = s.starring(s.ben, s.ben.Sign(), nil)
					must(s.t, s.stars(s.ben, first))
				}
				return s.stars(s.ben, first)
			},
			honest: honest,
		},
		{
			name: "a star under an old roster", off: []rule.Name{rule.Head}, says: request.RefusedStale,
			commit: by(ben, func(_ *scene, x *star.Setting) { x.Head = id.HashOf([]byte("an old roster")) }), honest: honest,
		},
		{
			name: "an owner's star of an hour ago, kept back", off: []rule.Name{rule.Time}, says: request.RefusedInvalid,
			commit: by(ben, func(_ *scene, x *star.Setting) { x.At -= 300_000; x.Moment = x.At }), honest: honest,
		},
		{
			name: "an owner's star, brought by a guest", off: []rule.Name{rule.Audience}, says: request.RefusedInvalid,
			commit: func(s *scene) error { return s.stars(s.sam, s.starring(s.ben, s.ben.Sign(), nil)) }, honest: honest,
		},
		{
			name: "a pack that the hub never made, to be kept", off: []rule.Name{rule.NotIncluded}, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				return s.withPack(func(leaf string, object id.Object) string {
					return strings.Replace(leaf, string(object), string(object[:len(object)-4])+"aaaa", 1)
				})
			},
			honest: func(s *scene) error { return s.withPack(func(leaf string, _ id.Object) string { return leaf }) },
		},
		{
			name: "the cloud drops the page of a starred moment", off: []rule.Name{rule.SeqGap}, says: string(rule.SeqGap),
			commit: func(s *scene) error { return s.withoutOld("pages", s.listed) }, honest: func(s *scene) error { return s.listed() },
		},
		{
			name: "the cloud drops a starred pack", off: []rule.Name{rule.SeqGap}, says: string(rule.SeqGap),
			commit: func(s *scene) error { return s.withoutOld("objects", s.played) }, honest: func(s *scene) error { return s.played() },
		},
	})
}
