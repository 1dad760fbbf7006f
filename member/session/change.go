// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"fmt"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Gesture asks a person for the six digits that stand on the hub's terminal. again says that the ones before were wrong.
type Gesture func(again bool) (string, error)

// Change is a link for the hub, with what goes with it.
type Change struct {
	Link *dsse.Envelope
	// DeviceName and PersonName name what the link brings in.
	DeviceName string
	PersonName string
}

// wrongCodes is how often a code may be mistyped; the hub gives up after as many.
const wrongCodes = 5

// Append sends a link that has its signatures but the hub's, shows the hub that a person is at home where it asks for
// that, and moves the roster by what came back.
func (s *Session) Append(ctx context.Context, c Change, gesture Gesture) error {
	op := request.Op{Kind: request.OpAppendLink, Link: c.Link.Encode(), Name: c.DeviceName, PersonName: c.PersonName}
	for try := 0; ; try++ {
		reply, err := s.Do(ctx, op)
		var no *RefusedError
		switch {
		case err == nil:
			return s.take(reply)
		case errors.Is(err, ErrHubAway) && s.landed(ctx, c.Link):
			return nil // only the answer was lost
		case !errors.As(err, &no) || (no.Word != request.RefusedGesture && no.Word != request.RefusedGestureWrong) || gesture == nil || try > wrongCodes:
			return err
		}
		code, err := gesture(no.Word == request.RefusedGestureWrong)
		if err != nil {
			return err
		}
		op.Gesture = &request.Gesture{Code: code}
	}
}

// landed asks the cloud whether a link is in the roster.
func (s *Session) landed(ctx context.Context, link *dsse.Envelope) bool {
	if _, err := s.Sync(ctx); err != nil {
		return false
	}
	for seq := s.Roster.Head.Seq; seq > 0; seq-- {
		if hash, ok := s.Roster.HashAt(seq); ok && hash == link.Hash() {
			return true
		}
	}
	return false
}

// take moves the roster by the link that came back with the hub's signature.
func (s *Session) take(reply *request.Reply) error {
	state := s.Roster.Clone()
	if err := state.Append(reply.Result.Link); err != nil {
		return fmt.Errorf("check the link that the hub signed: %w", err)
	}
	return s.SetRoster(state)
}

// NewLink prepares a link at the head that this session knows, signed by its device.
func (s *Session) NewLink(op roster.Op) (*dsse.Envelope, error) {
	e, err := s.Roster.NewLink(s.nowMS(), op)
	if err != nil {
		return nil, err
	}
	e.Sign(s.Keys.ID(), s.Keys.Sign())
	return e, nil
}

// Target is a device or a person that is to be removed.
type Target struct {
	Device id.Device
	Person id.Person
}

// Gone says whether a roster no longer holds it.
func (t Target) Gone(s *roster.State) bool {
	if t.Device != "" {
		_, ok := s.Device(t.Device)
		return !ok
	}
	_, ok := s.Person(t.Person)
	return !ok
}

// NewRemoval signs a removal and says whether the hub would carry it out.
func (s *Session) NewRemoval(t Target) ([]byte, error) {
	var e *dsse.Envelope
	var err error
	if t.Device != "" {
		e, err = s.Roster.RemoveDevice(s.nowMS(), t.Device)
	} else {
		e, err = s.Roster.RemovePerson(s.nowMS(), t.Person)
	}
	if err != nil {
		return nil, err
	}
	e.Sign(s.Keys.ID(), s.Keys.Sign())
	if _, err := s.Roster.CheckRemoval(e.Encode(), s.nowMS()); err != nil {
		return nil, err
	}
	return e.Encode(), nil
}

// Remove sends a removal once and says whether it is in force. An error of the network, or a hub that is away, is no
// answer: the removal is good until somebody carries it out, so it is sent again. A removal of this very device is in
// force when the cloud no longer knows it.
func (s *Session) Remove(ctx context.Context, removal []byte, t Target) (bool, error) {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpRemove, Removal: removal})
	var no *RefusedError
	switch {
	case err == nil:
		if s.take(reply) == nil && t.Gone(s.Roster) {
			return true, nil
		}
		return s.isGone(ctx, t)
	case errors.As(err, &no):
		// It may be in force already: by an earlier attempt, or by somebody else.
		if gone, errGone := s.isGone(ctx, t); errGone == nil && gone {
			return true, nil
		}
		return false, err
	case s.own(t) && IsStranger(err):
		return true, nil
	}
	if gone, errGone := s.isGone(ctx, t); errGone == nil && gone {
		return true, nil
	}
	return false, err
}

// own says whether a removal takes this session's device out.
func (s *Session) own(t Target) bool {
	return t.Device == s.Keys.ID() || (t.Person != "" && t.Person == s.Home.Person)
}

// isGone asks the cloud for the newest roster.
func (s *Session) isGone(ctx context.Context, t Target) (bool, error) {
	_, err := s.Sync(ctx)
	var removed *RemovedError
	if s.own(t) && (errors.As(err, &removed) || IsStranger(err)) {
		return true, nil
	}
	return t.Gone(s.Roster), err
}

// Withheld is the alarm for a removal that was not carried out within a minute.
func Withheld() error {
	if rule.Off(rule.Withheld) {
		return nil
	}
	return rule.Errorf(rule.Withheld, "a removal that this device has sent is not in force after a minute")
}
