// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/star"
)

// aside is how far a star's leaf may be from the time that its signer gave (milliseconds): the hub takes it within two
// minutes.
const aside = 2 * minute

// CarryStars brings a new hub the stars of a camera that the one before had taken, which that hub's document of names lists,
// and says how many. Each comes with the leaf that carries its signer's word and with those of the moment's packs, all of
// them proved to stand on the record as it was left behind. lost are those that could not be brought, whole: the cloud does
// not show them, or the hub does not take them. What the hub before had kept stays at the cloud then.
func (s *Session) CarryStars(ctx context.Context, camera id.Camera, marks []star.Mark) (carried int, lost []star.Mark, err error) {
	for _, m := range marks {
		one, whole, err := s.LeftStar(ctx, camera, m)
		if err != nil {
			return carried, lost, err
		}
		if one != nil {
			_, err = s.Do(ctx, request.Op{Kind: request.OpCarryStar, Camera: camera, Carried: one})
		}
		var refused *RefusedError
		switch {
		case errors.As(err, &refused):
			lost = append(lost, m)
			continue
		case err != nil:
			return carried, lost, err
		case one == nil || !whole:
			lost = append(lost, m)
		}
		if one != nil {
			carried++
		}
	}
	if len(marks) == 0 {
		return 0, nil, nil
	}
	_, err = s.Do(ctx, request.Op{Kind: request.OpCarryStar, Camera: camera, Lost: int64(len(lost))})
	var refused *RefusedError
	if errors.As(err, &refused) && refused.Word == request.RefusedExists {
		err = nil // an answer that did not come
	}
	return carried, lost, err
}

// LeftStar finds a star and the packs of its moment on the record that hubs before the one in force have left behind; nil
// where the star is not shown. whole says that there is all of it, as far as that can be known.
func (s *Session) LeftStar(ctx context.Context, camera id.Camera, m star.Mark) (out *request.Carried, whole bool, err error) {
	_, err = s.Steady(ctx, func(v *View) error {
		out, whole = nil, false
		leaf, err := v.starLeaf(ctx, camera, m)
		if err != nil || leaf == nil {
			return err
		}
		found := &request.Carried{Epoch: leaf.Epoch, Packs: []request.Proved{}}
		if found.Star, err = proved(ctx, leaf); err != nil {
			return err
		}
		packs, err := v.packsOf(ctx, camera, m.Moment)
		if err != nil {
			return err
		}
		whole = len(packs) > 0 || !v.gone(m.Moment+star.Around)
		text := 0
		for _, p := range packs {
			if _, left := v.Roster.EraOfRun(p.Run.Run); left == nil {
				continue
			}
			if text += len(p.Raw); len(found.Packs) >= starLeaves || text > starText {
				whole = false
				break
			}
			one, err := proved(ctx, &p)
			if err != nil {
				return err
			}
			found.Packs = append(found.Packs, one)
		}
		out = found
		return nil
	})
	return out, whole, err
}

// starLeaf is the leaf of a star on the record that was left behind; nil where it is not shown.
func (v *View) starLeaf(ctx context.Context, camera id.Camera, m star.Mark) (*Record, error) {
	records, err := v.records(ctx, camera, id.Hour(m.At-aside), id.Hour(m.At+aside))
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		leaf, ok := r.Leaf.(*manifest.Star)
		if !ok {
			continue
		}
		if _, left := v.Roster.EraOfRun(r.Run.Run); left == nil {
			continue
		}
		one, err := v.checkStar(leaf)
		if err != nil {
			return nil, err
		}
		if one.On && one.At == m.At && one.Moment == m.Moment {
			return &r, nil
		}
	}
	return nil, nil
}

// proved is a leaf with its audit path.
func proved(ctx context.Context, r *Record) (request.Proved, error) {
	path, err := r.Run.Tree.Prove(ctx, r.Index)
	if err != nil {
		return request.Proved{}, fmt.Errorf("prove a leaf of the record that was left behind: %w", err)
	}
	return request.Proved{Index: r.Index, Leaf: r.Raw, Proof: append([]id.Hash{}, path...), Run: r.Run.Run}, nil
}
