// SPDX-License-Identifier: Apache-2.0

package replace

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"keyhold/member/session"
	"keyhold/statement/child"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
)

// Carried is what a new hub was told of a camera.
type Carried struct {
	Camera manifest.NamedCam
	// Said is false where nobody can say what was covered: the camera stays off until somebody does.
	Said bool
}

// Carry tells a new hub what the one before had covered, and which cameras are in a child's room, in this device's own
// words: the hub before said so in its document of names, which nobody but it can have written, and nobody can have put
// back behind what this device has seen. Until the hub is told, it records and shows nothing of a camera.
//
// sure says that this device has been looking at the household all along. One that came back by the sheet just now has
// seen nothing: then what the names say is covered stays so, but where they say nothing, somebody has to be asked.
func Carry(ctx context.Context, s *session.Session, was *manifest.Names, sure bool) ([]Carried, error) {
	if was == nil {
		return nil, nil
	}
	for try := 1; ; try++ {
		// A hub that has just been put in takes a while to answer; what it has been told is not told again.
		out, err := carry(ctx, s, was, sure)
		if !errors.Is(err, session.ErrHubAway) || try == tries {
			return out, err
		}
	}
}

func carry(ctx context.Context, s *session.Session, was *manifest.Names, sure bool) ([]Carried, error) {
	covered, err := s.Masks(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the new hub what is covered: %w", err)
	}
	children, err := s.Children(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the new hub for children's rooms: %w", err)
	}
	var out []Carried
	for _, c := range was.Cameras {
		if c.State != manifest.NameOn {
			continue
		}
		said := slices.ContainsFunc(covered, func(x *masks.Setting) bool { return x.Camera == c.ID })
		known := sure && !c.Unsaid
		// The child's room first: once it is said what is covered, the camera is on.
		if (known || c.Child) && !slices.ContainsFunc(children, isOf(c.ID)) {
			if err := s.FirstChild(ctx, c.ID, c.Child); err != nil {
				return out, fmt.Errorf("tell the new hub of a child's room: %w", err)
			}
		}
		if (known || len(c.Masks) > 0) && !said {
			if err := s.FirstMasks(ctx, c.ID, c.Masks); err != nil {
				return out, fmt.Errorf("tell the new hub what is covered: %w", err)
			}
			said = true
		}
		out = append(out, Carried{Camera: c, Said: said})
	}
	return out, nil
}

func isOf(c id.Camera) func(*child.Setting) bool {
	return func(x *child.Setting) bool { return x.Camera == c }
}
