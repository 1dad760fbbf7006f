// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"keyhold/statement/command"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Locks asks the hub what opens doors, or did once, as far as this device may know it.
func (s *Session) Locks(ctx context.Context) ([]*lock.Setting, error) {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpLocks})
	if err != nil {
		return nil, err
	}
	return taken(s, reply.Result.Locks, lock.Kept)
}

// Door is what is to be set: what opens the door at a camera. Way is nil with the kind lock.Off.
type Door struct {
	Camera  id.Camera
	Name    string
	Kind    string
	Gesture bool
	Way     *lock.Way
}

// SetDoor says what opens a door, with the digits that the hub shows for it.
func (s *Session) SetDoor(ctx context.Context, d Door, gesture Gesture) error {
	var way, hash []byte
	if d.Way != nil {
		var err error
		if d.Way.Nonce, err = s.nonce(); err != nil {
			return err
		}
		if way, hash, err = d.Way.Encode(); err != nil {
			return err
		}
	}
	return s.showing(gesture, func(given *request.Gesture) error {
		return s.set(ctx, func() (request.Op, error) {
			list, err := s.Locks(ctx)
			if err != nil {
				return request.Op{}, err
			}
			next := &lock.Setting{
				At: s.nowMS(), Camera: d.Camera, Device: s.Keys.ID(), Gesture: d.Gesture, Head: s.Roster.Head.Hash, Household: s.Home.Household,
				Kind: d.Kind, Name: d.Name, Seq: 1, Way: hash,
			}
			if hash == nil {
				next.Way = []byte{}
			}
			for _, one := range list {
				if one.Camera == d.Camera {
					next.Seq = one.Seq + 1
				}
			}
			b, err := s.signed(lock.Thing, next)
			return request.Op{Kind: request.OpSetLock, Gesture: given, Lock: b, Way: way}, err
		})
	})
}

// showing does something, with the digits that the hub shows where it wants them. It is made anew each time: what was
// signed before somebody looked for the digits is too old.
func (s *Session) showing(gesture Gesture, do func(*request.Gesture) error) error {
	var given *request.Gesture
	for try := 0; ; try++ {
		err := do(given)
		var no *RefusedError
		if !errors.As(err, &no) || (no.Word != request.RefusedGesture && no.Word != request.RefusedGestureWrong) || gesture == nil || try > wrongCodes {
			return err
		}
		code, err := gesture(no.Word == request.RefusedGestureWrong)
		if err != nil {
			return err
		}
		given = &request.Gesture{Code: code}
	}
}

// Open opens the door at a camera, with the digits that the hub shows where the door wants that. It is made for this
// moment: what the hub hears of too late opens nothing.
func (s *Session) Open(ctx context.Context, camera id.Camera, gesture Gesture) (*request.Opened, error) {
	var opened *request.Opened
	err := s.showing(gesture, func(given *request.Gesture) error {
		return s.set(ctx, func() (request.Op, error) { // made anew where the household has changed
			asked, err := s.Do(ctx, request.Op{Kind: request.OpAskOpen, Camera: camera})
			if err != nil {
				return request.Op{}, err
			}
			e, err := s.Opening(camera, asked.Result.Challenge)
			if err != nil {
				return request.Op{}, err
			}
			return request.Op{Kind: request.OpOpen, Act: e.Encode(), Gesture: given}, nil
		}, func(r *request.Reply) { opened = r.Result.Opened })
	})
	if err == nil && opened == nil {
		err = errors.New("the hub does not say what came of it: look at the door")
	}
	return opened, err
}

// Opening signs a command to open the door at a camera.
func (s *Session) Opening(camera id.Camera, c *request.Challenge) (*dsse.Envelope, error) {
	if c == nil {
		return nil, errors.New("the hub gives nothing to sign")
	}
	e, err := dsse.Signed(command.Thing, &command.Command{
		Action: roster.Open, Challenge: c.Bytes, Device: s.Keys.ID(), Head: s.Roster.Head.Hash, Household: s.Home.Household,
		Hub: s.Roster.Hub.Sign, NotAfter: c.NotAfter, Target: camera,
	}, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return e, nil
}

// open takes a leaf of a door that was opened, once for each: its end where that is there.
func (t *Timeline) open(leaf *manifest.Open) {
	i := slices.IndexFunc(t.Opens, func(l *manifest.Open) bool { return l.Act == leaf.Act })
	switch {
	case i < 0:
		t.Opens = append(t.Opens, leaf)
	case leaf.State == manifest.OpenEnded:
		t.Opens[i] = leaf
	}
}

// checkLock wants what stands on the record of a lock to be what a member has signed, for this camera.
func (v *View) checkLock(l *manifest.Lock) (*lock.Setting, error) {
	one, err := lock.Kept(l.Statement, v.Roster)
	if err != nil {
		return nil, fmt.Errorf("check what was set to open a door: %w", err)
	}
	if one.Device != l.Device || one.Camera != l.Camera {
		return nil, rule.Errorf(rule.Signer, "what opens a door is said to be by somebody who did not say so")
	}
	return one, nil
}

// checkOpen wants who is said to have opened a door to have signed that.
func (v *View) checkOpen(l *manifest.Open) error {
	if l.State != manifest.OpenBegan {
		return nil // it stands where it began
	}
	c, hash, err := command.Kept(l.Statement, v.Roster)
	if err != nil {
		return fmt.Errorf("check who opened a door: %w", err)
	}
	if c.Device != l.Device || c.Target != l.Camera || c.Action != roster.Open || hash != l.Act {
		return rule.Errorf(rule.Signer, "a door is said to be opened by somebody who did not open it")
	}
	return nil
}
