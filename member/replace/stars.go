// SPDX-License-Identifier: Apache-2.0

package replace

import (
	"context"
	"errors"
	"fmt"

	"keyhold/member/session"
	"keyhold/statement/manifest"
	"keyhold/statement/star"
)

// Stars is what of a camera's stars came along to a new hub.
type Stars struct {
	Camera manifest.NamedCam
	// Kept is how many the new hub knows, Lost those that could not be brought as they were.
	Kept int
	Lost []star.Mark
}

// CarryStars brings a new hub what was starred under the one before. Which moments those are that hub has said in its document
// of names, as in [Carry]; what somebody had said before it was starred no more is not brought. Each star is the word of
// whoever starred it, as the record has it: the hub takes it for that.
func CarryStars(ctx context.Context, s *session.Session, was *manifest.Names) ([]Stars, error) {
	var out []Stars
	if was == nil {
		return nil, nil
	}
	for _, c := range was.Cameras {
		if len(c.Stars) == 0 {
			continue
		}
		for try := 1; ; try++ {
			kept, lost, err := s.CarryStars(ctx, c.ID, c.Stars)
			if errors.Is(err, session.ErrHubAway) && try < tries {
				continue // what it has been brought it has
			}
			if err != nil {
				return out, fmt.Errorf("bring the new hub what was starred: %w", err)
			}
			out = append(out, Stars{Camera: c, Kept: kept, Lost: lost})
			break
		}
	}
	return out, nil
}
