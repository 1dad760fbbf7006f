// SPDX-License-Identifier: Apache-2.0

package session

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"keyhold/member/device"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// Quiets is what the hub knows of the quiet hours of this device's person, and what this device had to tell it of them.
type Quiets struct {
	Now []request.Quiet
	// Came are the cameras whose hours the hub has from this device: another hub than now had them.
	Came []id.Camera
}

// Quiets tells the hub what this device remembers of its person's quiet hours, and asks what holds: of each camera what was
// said last. That is remembered, so that a hub that takes the place of this one can be told.
func (s *Session) Quiets(ctx context.Context) (*Quiets, error) {
	own, err := s.rememberedQuiet()
	if err != nil {
		return nil, err
	}
	out := &Quiets{Now: []request.Quiet{}}
	said, rest := []request.SaidQuiet(nil), own.Said
	for first := true; first || len(rest) > 0; first = false {
		n := min(len(rest), request.MaxSaidQuiet)
		reply, err := s.Do(ctx, request.Op{Kind: request.OpCarryQuiet, Said: rest[:n]})
		var no *RefusedError
		if errors.As(err, &no) && no.Word == request.RefusedInvalid {
			return s.oldQuiets(ctx)
		}
		if err != nil {
			return nil, err
		}
		rest, said, out.Came = rest[n:], reply.Result.Said, append(out.Came, reply.Result.Taken...)
	}
	ended := func(c id.Camera) bool {
		return !slices.ContainsFunc(said, func(q request.SaidQuiet) bool { return q.Camera == c && len(q.Hours) > 0 })
	}
	out.Came = slices.DeleteFunc(out.Came, ended)
	for _, q := range said {
		if len(q.Hours) > 0 {
			out.Now = append(out.Now, request.Quiet{Camera: q.Camera, Hours: q.Hours})
		}
	}
	return out, s.rememberQuiet(own, said)
}

// QuietsCome is the same of a hub that has not yet been told; nil where there is nothing to tell it.
func (s *Session) QuietsCome(ctx context.Context) (*Quiets, error) {
	own, err := s.rememberedQuiet()
	if err != nil || len(own.Said) == 0 || bytes.Equal(own.Hub, s.Roster.Hub.Sign) {
		return nil, err
	}
	return s.Quiets(ctx)
}

// oldQuiets asks a hub of an earlier version; one that is older still keeps none.
func (s *Session) oldQuiets(ctx context.Context) (*Quiets, error) {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpQuiets})
	var no *RefusedError
	switch {
	case errors.As(err, &no) && no.Word == request.RefusedInvalid:
		return &Quiets{Now: []request.Quiet{}}, nil
	case err != nil:
		return nil, err
	}
	return &Quiets{Now: reply.Result.Quiets}, nil
}

func (s *Session) rememberedQuiet() (device.Quiet, error) {
	if s.Folder == nil {
		return device.Quiet{}, nil
	}
	return s.Folder.Quiet()
}

// rememberQuiet keeps what the hub has said, and what it did not take: the device's person may not know of that camera now.
func (s *Session) rememberQuiet(own device.Quiet, said []request.SaidQuiet) error {
	if s.Folder == nil {
		return nil
	}
	next := device.Quiet{Hub: s.Roster.Hub.Sign, Said: slices.Clone(said)}
	for _, q := range own.Said {
		known := slices.ContainsFunc(said, func(x request.SaidQuiet) bool { return x.Camera == q.Camera })
		if !known && len(q.Hours) > 0 {
			next.Said = append(next.Said, q)
		}
	}
	return s.Folder.SetQuiet(next)
}
