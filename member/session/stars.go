// SPDX-License-Identifier: Apache-2.0

package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/rule"
	"keyhold/statement/star"
)

// Star is a moment of a camera that is kept for longer than everything else, as its signer said it.
type Star struct {
	star.Setting
	Person id.Person
	// Objects are the packs that are kept of it, by the hub's word.
	Objects []id.Object
	// Waiting says that the cloud has no room for all of them.
	Waiting bool
}

// mostReplies is how many replies list the stars of one camera: far more than there may be stars.
const mostReplies = 40

// stars asks the hub which moments of a camera are kept, and for the number of its newest setting.
func (s *Session) stars(ctx context.Context, camera id.Camera) (list []Star, last int64, err error) {
	for range mostReplies {
		reply, err := s.Do(ctx, request.Op{Kind: request.OpStars, Camera: camera, After: last})
		if err != nil {
			return nil, 0, err
		}
		for _, one := range reply.Result.Stars {
			set, err := star.Kept(one.Statement, s.Roster)
			if err != nil {
				return nil, 0, fmt.Errorf("check what is starred: %w", err)
			}
			if set.Camera != camera || set.Seq <= last {
				return nil, 0, rule.Errorf(rule.Signer, "a star of another camera, or out of order")
			}
			last = set.Seq
			if by, ok := s.Roster.Ever(set.Device); ok && set.On {
				list = append(list, Star{Setting: *set, Person: by.Person, Objects: one.Objects, Waiting: one.Waiting})
			}
		}
		if len(reply.Result.Stars) < request.MaxStars {
			break
		}
	}
	slices.SortFunc(list, func(a, b Star) int { return cmp.Compare(a.Moment, b.Moment) })
	kept := map[id.Object]bool{}
	for _, one := range list {
		for _, o := range one.Objects {
			kept[o] = true
		}
	}
	if s.kept == nil {
		s.kept = map[id.Camera]map[id.Object]bool{}
	}
	s.kept[camera] = kept
	return list, last, nil
}

// Starred lists the moments of a camera that are kept, by time. What is older than all else the cloud owes because of
// them: the packs that the hub names have to stand on the record that it shows. Timelines of this session know of them
// from then on.
func (s *Session) Starred(ctx context.Context, v *View, camera id.Camera) ([]Star, error) {
	list, _, err := s.stars(ctx, camera)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		if err := v.owed(ctx, &one); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// knowStars asks what is starred of a camera where a range begins before all that is kept.
func (v *View) knowStars(ctx context.Context, camera id.Camera, from int64) error {
	if !v.gone(from) || v.offline || v.atHome || v.StarsUnknown || v.starred[camera] {
		return nil
	}
	_, err := v.s.Starred(ctx, v, camera)
	if err != nil && Unasked(ctx, err) {
		v.StarsUnknown = true
		return nil
	}
	if err == nil {
		if v.starred == nil {
			v.starred = map[id.Camera]bool{}
		}
		v.starred[camera] = true
	}
	return err
}

// Unasked says of an error of Starred that the hub did not say what is starred, for whatever reason: then that of long
// ago is left out, and nothing else waits for it. What contradicts the record is another thing.
func Unasked(ctx context.Context, err error) bool { return ctx.Err() == nil && rule.Of(err) == "" }

// owed wants the packs of an old star on the record.
func (v *View) owed(ctx context.Context, s *Star) error {
	if !v.gone(s.Moment+star.Around) || len(s.Objects) == 0 || v.offline || v.atHome || rule.Off(rule.SeqGap) {
		return nil
	}
	records, err := v.objectsOf(ctx, s.Camera, s.Moment)
	if err != nil {
		return err
	}
	for _, o := range s.Objects {
		if !slices.ContainsFunc(records, func(r Record) bool { return manifest.Stored(r.Leaf).Object == o }) {
			return rule.Errorf(rule.SeqGap, "the record of a moment that somebody has starred is not shown")
		}
	}
	return nil
}

// gone says whether what was recorded then is not missed any more, but for what is starred. The cloud keeps whole hours.
func (v *View) gone(at int64) bool {
	return id.Hour(at) < id.Hour(v.now-retentionDays*day)
}

// lapsed says of an object whether it is not there any more, and not missed: it is that old, and nobody has starred it.
func (v *View) lapsed(o *manifest.Pack) bool {
	return !v.offline && v.gone(o.Files[0].Start) && !v.s.kept[o.Camera][o.Object]
}

// objectsOf are the leaves that name an object of a moment, as far as this reader has them.
func (v *View) objectsOf(ctx context.Context, camera id.Camera, moment int64) ([]Record, error) {
	set := star.Setting{Moment: moment}
	// A pack lasts for about a minute.
	records, err := v.records(ctx, camera, id.Hour(moment-star.Around-packDelay), id.Hour(moment+star.Around+packDelay))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(records, func(r Record) bool {
		o := manifest.Stored(r.Leaf)
		return o == nil || !set.Touches(o.Span())
	}), nil
}

// packsOf are the leaves of the packs of a moment, as far as this reader has them.
func (v *View) packsOf(ctx context.Context, camera id.Camera, moment int64) ([]Record, error) {
	records, err := v.objectsOf(ctx, camera, moment)
	return slices.DeleteFunc(records, func(r Record) bool { return r.Leaf.Common().Kind != manifest.KindPack }), err
}

const (
	// recent is how long ago a moment may be of which the hub knows by itself which packs it is.
	recent = 10 * minute
	// starText bounds the leaves that go with a star: a command has an end.
	starText, starLeaves = 24 << 10, 8
)

// SetStar keeps a moment of a camera, or lets it go. Of one that is not quite new the hub is told which packs it is of.
func (s *Session) SetStar(ctx context.Context, camera id.Camera, moment int64, on bool) error {
	var leaves []request.Placed
	if on && moment < s.nowMS()-recent {
		_, err := s.Steady(ctx, func(v *View) error {
			leaves = nil
			records, err := v.packsOf(ctx, camera, moment)
			text := 0
			for _, r := range records {
				if text += len(r.Raw); len(leaves) < starLeaves && text <= starText {
					leaves = append(leaves, request.Placed{Index: r.Index, Leaf: r.Raw, Run: r.Run.Run})
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.set(ctx, func() (request.Op, error) {
		_, last, err := s.stars(ctx, camera)
		if err != nil {
			return request.Op{}, err
		}
		b, err := s.signed(star.Thing, &star.Setting{
			At: s.nowMS(), Camera: camera, Device: s.Keys.ID(), Head: s.Roster.Head.Hash, Household: s.Home.Household,
			Moment: moment, On: on, Seq: last + 1,
		})
		return request.Op{Kind: request.OpStar, Leaves: leaves, Star: b}, err
	})
}

// checkStar wants what stands on the record as starred to be what a member has signed, for this camera.
func (v *View) checkStar(l *manifest.Star) (*star.Setting, error) {
	one, err := star.Kept(l.Statement, v.Roster)
	if err != nil {
		return nil, fmt.Errorf("check what was starred: %w", err)
	}
	if one.Device != l.Device || one.Camera != l.Camera {
		return nil, rule.Errorf(rule.Signer, "what was starred is said to be by somebody who did not say so")
	}
	return one, nil
}
