// SPDX-License-Identifier: Apache-2.0

package replace

import (
	"context"
	"errors"
	"fmt"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/private"
)

// Carried is what a new hub was told of a camera; the first is what it was told of the household.
type Carried struct {
	Camera manifest.NamedCam
	// Said is false where nobody can say what was covered: the camera stays off until somebody does.
	Said bool
}

// Carry tells a new hub what the one before had covered and turned off, and which cameras are in a child's room, in this
// device's own words: the hub before said so in its document of names, which nobody but it can have written, and nobody can
// have put back behind what this device has seen. Until the hub is told, it records and shows nothing of a camera.
//
// sure says that this device has been looking at the household all along. One that came back by the sheet just now has
// seen nothing: then what the names say is covered and private stays so, but where they say nothing, somebody has to be
// asked.
func Carry(ctx context.Context, s *session.Session, was *manifest.Names, sure bool) ([]Carried, error) {
	if was == nil {
		return nil, nil
	}
	for try := 1; ; try++ {
		// A hub that has just been put in takes a while to answer; what it has been told is not told again.
		out, err := carry(ctx, s, was, sure && !was.Unsaid)
		if !errors.Is(err, session.ErrHubAway) || try == tries {
			return out, err
		}
	}
}

func carry(ctx context.Context, s *session.Session, was *manifest.Names, sure bool) ([]Carried, error) {
	t, err := ask(ctx, s)
	if err != nil {
		return nil, err
	}
	// What is private of all comes before any camera is on.
	if err := t.private(ctx, id.HouseholdCamera, was.Private); err != nil {
		return nil, err
	}
	out := []Carried{{Camera: manifest.NamedCam{ID: id.HouseholdCamera, Private: was.Private}, Said: true}}
	for _, c := range was.Cameras {
		if c.State != manifest.NameOn {
			continue
		}
		said, err := t.camera(ctx, c, sure && !c.Unsaid)
		if err != nil {
			return out, err
		}
		out = append(out, Carried{Camera: c, Said: said})
	}
	return out, nil
}

// telling is a new hub, and what it has been told so far.
type telling struct {
	s                      *session.Session
	off, children, covered map[id.Camera]bool
}

func ask(ctx context.Context, s *session.Session) (*telling, error) {
	off, err := s.Privates(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the new hub what is private: %w", err)
	}
	children, err := s.Children(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the new hub for children's rooms: %w", err)
	}
	covered, err := s.Masks(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the new hub what is covered: %w", err)
	}
	t := &telling{s, map[id.Camera]bool{}, map[id.Camera]bool{}, map[id.Camera]bool{}}
	for _, x := range off {
		t.off[x.Camera] = true
	}
	for _, x := range children {
		t.children[x.Camera] = true
	}
	for _, x := range covered {
		t.covered[x.Camera] = true
	}
	return t, nil
}

// private tells when a camera, or all, are private, where they are. Nothing waits for the word that one is not.
func (t *telling) private(ctx context.Context, c id.Camera, held *private.Held) error {
	if held == nil || t.off[c] {
		return nil
	}
	if err := t.s.FirstPrivate(ctx, c, held); err != nil {
		return fmt.Errorf("tell the new hub what is private: %w", err)
	}
	return nil
}

// camera tells what holds of one, and whether the hub knows what is covered of it. known says that what is left out does
// not hold.
func (t *telling) camera(ctx context.Context, c manifest.NamedCam, known bool) (said bool, err error) {
	if err := t.private(ctx, c.ID, c.Private); err != nil {
		return false, err
	}
	if (known || c.Child) && !t.children[c.ID] {
		if err := t.s.FirstChild(ctx, c.ID, c.Child); err != nil {
			return false, fmt.Errorf("tell the new hub of a child's room: %w", err)
		}
	}
	if t.covered[c.ID] {
		return true, nil
	}
	// This last: once it is said what is covered, the camera is on.
	if known || len(c.Masks) > 0 {
		if err := t.s.FirstMasks(ctx, c.ID, c.Masks); err != nil {
			return false, fmt.Errorf("tell the new hub what is covered: %w", err)
		}
		return true, nil
	}
	return false, nil
}
