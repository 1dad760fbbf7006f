// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// ErrSameCloud says that a household is where it is to go.
var ErrSameCloud = errors.New("the household is with this cloud already")

// At is this session at another cloud. Nothing is written down: Settle does that.
func (s *Session) At(place request.Place, client *api.Client) *Session {
	there := *s
	there.Home.Cloud, there.Home.To, there.Client, there.heard, there.Newest = place.URL, place.To, client, map[id.Run]int64{}, nil
	there.atHome, there.cloudAlone = false, true
	return &there
}

// Prepare makes the household known at another cloud, and tells the hub where it is to go. The hub wants to see
// somebody; the same again goes on without.
func (s *Session) Prepare(ctx context.Context, there *Session, gesture Gesture) error {
	p, ok := s.Roster.PersonOf(s.Keys.ID())
	if !ok || p.Role != roster.Owner {
		return ErrNotOwner
	}
	if string(there.Home.To) == string(s.Home.To) {
		return ErrSameCloud
	}
	if _, err := there.Client.RegisterChain(ctx, s.Roster.Chain); err != nil {
		return err
	}
	op := request.Op{Kind: request.OpMove, Cloud: &request.Place{To: there.Home.To, URL: there.Home.Cloud}}
	_, err := s.gestured(ctx, op, gesture)
	return err
}

// gestured sends a command, with the digits that the hub shows where it wants them.
func (s *Session) gestured(ctx context.Context, op request.Op, gesture Gesture) (*request.Reply, error) {
	for try := 0; ; try++ {
		reply, err := s.Do(ctx, op)
		var no *RefusedError
		if !errors.As(err, &no) || (no.Word != request.RefusedGesture && no.Word != request.RefusedGestureWrong) || gesture == nil || try > wrongCodes {
			return reply, err
		}
		code, err := gesture(no.Word == request.RefusedGestureWrong)
		if err != nil {
			return nil, err
		}
		op.Gesture = &request.Gesture{Code: code}
	}
}

const (
	// freshCopy is how long the address of a View is used for copying.
	freshCopy = 4 * minute
	// copyBytes and copyText bound what one command copies: of recordings, and of their leaves.
	copyBytes, copyText = 64 << 20, 24 << 10
	// copyStretch is of how much footage one question is.
	copyStretch = 6 * hour
)

// Copy has the hub fetch from the cloud that is left whatever it no longer has itself: pages, and recordings. What it has
// copied before it leaves alone. Where the other cloud does not keep all that is starred the hub refuses, by
// request.RefusedFull: nobody goes to where a star is worth nothing.
func (s *Session) Copy(ctx context.Context, step func(done, total int)) error {
	v, err := s.Steady(ctx, func(*View) error { return nil })
	if err != nil {
		return err
	}
	if len(v.Alarms) > 0 {
		return fmt.Errorf("nothing is copied while something is wrong: %w", v.Alarms[0])
	}
	cameras := slices.Sorted(maps.Keys(v.pages))
	now := s.nowMS()
	from := now - retentionDays*day
	stretches := int((now-from)/copyStretch) + 1
	total, done := len(cameras)*stretches, 0
	for _, camera := range cameras {
		if err := s.copyPages(ctx, camera, &v); err != nil {
			return err
		}
		for at := from; at <= now; at += copyStretch {
			if camera != id.HouseholdCamera {
				if err := s.copyStretch(ctx, camera, at, min(at+copyStretch, now), &v); err != nil {
					return err
				}
			}
			done++
			step(done, total)
		}
		if camera != id.HouseholdCamera {
			if err := s.copyStarred(ctx, camera, from, &v); err != nil {
				return err
			}
		}
	}
	return nil
}

// renew takes a newer View where the old one's address is about to end.
func (s *Session) renew(ctx context.Context, v **View) error {
	if s.nowMS()-(*v).now < freshCopy {
		return nil
	}
	next, err := s.Steady(ctx, func(*View) error { return nil })
	if err == nil {
		*v = next
	}
	return err
}

func (s *Session) copyPages(ctx context.Context, camera id.Camera, v **View) error {
	refs := (*v).pages[camera]
	for part := range slices.Chunk(refs, request.MaxCopied) {
		if err := s.renew(ctx, v); err != nil {
			return err
		}
		c := &request.Copied{Address: (*v).answer.Address, Leaves: []request.Placed{}, Pages: []string{}}
		for _, p := range part {
			c.Pages = append(c.Pages, api.PageName(p.Run, p.Camera, p.Epoch, p.Hour))
		}
		if _, err := s.Do(ctx, request.Op{Kind: request.OpCopy, Copy: c}); err != nil {
			return fmt.Errorf("copy pages: %w", err)
		}
	}
	return nil
}

func (s *Session) copyStretch(ctx context.Context, camera id.Camera, from, until int64, v **View) error {
	if err := s.renew(ctx, v); err != nil {
		return err
	}
	records, err := (*v).records(ctx, camera, id.Hour(from), id.Hour(until))
	if err != nil {
		return err
	}
	var leaves []request.Placed
	var packs []*manifest.Pack
	for _, r := range records {
		p := manifest.Stored(r.Leaf)
		// A leaf is written after its footage; each belongs to the stretch in which it was written.
		if p != nil && p.At >= from && p.At < until {
			leaves, packs = append(leaves, request.Placed{Index: r.Index, Leaf: r.Raw, Run: r.Run.Run}), append(packs, p)
		}
	}
	return s.copyPacks(ctx, camera, leaves, packs, until)
}

// copyStarred has the packs of starred moments copied whose leaves are from before a time.
func (s *Session) copyStarred(ctx context.Context, camera id.Camera, before int64, v **View) error {
	if err := s.renew(ctx, v); err != nil {
		return err
	}
	list, err := s.Starred(ctx, *v, camera)
	if err != nil {
		return err
	}
	for _, star := range list {
		if star.Moment > before {
			continue // its packs go with the others of its time
		}
		// Copying many takes longer than the pages can be read at one address.
		if err := s.renew(ctx, v); err != nil {
			return err
		}
		records, err := (*v).packsOf(ctx, camera, star.Moment)
		if err != nil {
			return err
		}
		var leaves []request.Placed
		var packs []*manifest.Pack
		for _, r := range records {
			if p := r.Leaf.(*manifest.Pack); p.At < before && slices.Contains(star.Objects, p.Object) {
				leaves, packs = append(leaves, request.Placed{Index: r.Index, Leaf: r.Raw, Run: r.Run.Run}), append(packs, p)
			}
		}
		if err := s.copyPacks(ctx, camera, leaves, packs, before); err != nil {
			return err
		}
	}
	return nil
}

// copyPacks has packs copied, as many with each command as it may name.
func (s *Session) copyPacks(ctx context.Context, camera id.Camera, leaves []request.Placed, packs []*manifest.Pack, until int64) error {
	if len(leaves) == 0 {
		return nil
	}
	answer, err := s.Footage(ctx, request.PurposeExport, camera, packs[0].Files[0].Start-hour, until)
	if err != nil {
		return err
	}
	c := &request.Copied{Address: answer.Address, Leaves: []request.Placed{}, Pages: []string{}}
	bytes, text := int64(0), 0
	send := func() error {
		if len(c.Leaves) == 0 {
			return nil
		}
		if s.nowMS() > answer.Expires-minute {
			if answer, err = s.Footage(ctx, request.PurposeExport, camera, packs[0].Files[0].Start-hour, until); err != nil {
				return err
			}
			c.Address = answer.Address
		}
		if _, err := s.Do(ctx, request.Op{Kind: request.OpCopy, Copy: c}); err != nil {
			return fmt.Errorf("copy recordings: %w", err)
		}
		c.Leaves, bytes, text = []request.Placed{}, 0, 0
		return nil
	}
	for i, l := range leaves {
		if len(c.Leaves) == request.MaxCopied || bytes+packs[i].Size > copyBytes || text+len(l.Leaf) > copyText {
			if err := send(); err != nil {
				return err
			}
		}
		c.Leaves = append(c.Leaves, l)
		bytes, text = bytes+packs[i].Size, text+len(l.Leaf)
	}
	return send()
}

// Switch lets the hub go to the other cloud, once everything is there.
func (s *Session) Switch(ctx context.Context) error {
	_, err := s.Do(ctx, request.Op{Kind: request.OpSwitch})
	return err
}

// Arrived says whether the hub has come to this cloud, with everything that this device has ever seen of its record:
// only a cloud to which the hub itself sends can show that.
func (s *Session) Arrived(ctx context.Context) (*View, error) {
	v, err := s.Sync(ctx)
	if err != nil {
		return nil, err
	}
	if len(v.Alarms) > 0 {
		return nil, v.Alarms[0]
	}
	if v.Status == nil || v.HeardAt < s.nowMS()-10*minute {
		return nil, errors.New("the hub has not been heard of at this cloud")
	}
	return v, nil
}

// Taken is what a device takes along: what it was given, sealed again to itself and, by owners and guardians, to the sheet.
type Taken struct{ own, sheet []request.Row }

// Take gathers them at the cloud that is left.
func (s *Session) Take(ctx context.Context) (*Taken, error) {
	self, ok := s.Roster.Device(s.Keys.ID())
	if !ok {
		return nil, errors.New("this device is none of the household's")
	}
	var out *Taken
	_, err := s.Steady(ctx, func(v *View) error {
		out = &Taken{}
		seal := func(d id.Device, key []byte, camera id.Camera, epoch id.Epoch, identity string, into *[]request.Row) error {
			row, err := to.SealRow(s.Home.Household, camera, epoch, s.Roster.Head.Hash, to.Reader{Device: d, Key: key}, []byte(identity))
			if err == nil {
				*into = append(*into, row)
			}
			return err
		}
		return v.EachEpoch(ctx, func(camera id.Camera, epoch id.Epoch, leaf *manifest.Epoch, identity string) error {
			if !reads(leaf, self.ID) {
				if err := seal(self.ID, self.Reader, camera, epoch, identity, &out.own); err != nil {
					return err
				}
			}
			// What was made for a sheet may have been made for the one before.
			if _, there := s.Roster.Key(id.Sheet); there && s.SeesPeople() {
				return seal(id.Sheet, s.Roster.Sheet.Reader, camera, epoch, identity, &out.sheet)
			}
			return nil
		})
	})
	return out, err
}

// Bring gives them to the cloud that was moved to.
func (s *Session) Bring(ctx context.Context, t *Taken) error {
	if err := s.Reseal(ctx, s.Keys.ID(), t.own); err != nil {
		return err
	}
	return s.Reseal(ctx, id.Sheet, t.sheet)
}

// Settle makes this session's cloud the one of its device, for good.
func (s *Session) Settle() error {
	return s.Folder.Change(func(h *device.Household) { h.Cloud, h.To = s.Home.Cloud, s.Home.To })
}

// EraseAt has everything erased at the cloud that was left, by way of the hub.
func (s *Session) EraseAt(ctx context.Context, left []byte, gesture Gesture) error {
	before := *s
	before.Home.To = left
	statement, err := before.erasing("erase")
	if err != nil {
		return err
	}
	_, err = s.gestured(ctx, request.Op{Kind: request.OpErase, Erase: statement}, gesture)
	return err
}
