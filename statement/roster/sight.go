// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"slices"

	"keyhold/statement/id"
)

// Sight is what one reader may see of a household at one time: by the clock and the roster of whoever hands it out, cloud
// or hub. What lists or hands out household data takes one.
type Sight struct {
	state  *State
	reader id.Device
	at     int64
}

// SightOf returns what a device or the sheet may see of a household whose roster this is.
func SightOf(state *State, reader id.Device, at int64) Sight {
	return Sight{state: state, reader: reader, at: at}
}

// Present says whether the reader belongs to the household at all.
func (s Sight) Present() bool {
	_, ok := s.state.Key(s.reader)
	return ok
}

// Why says why the reader may not do something with a camera now; "" is yes. For the household's own pages it is the
// action People that counts.
func (s Sight) Why(a Action, c id.Camera) Reason {
	if c == id.HouseholdCamera {
		a = People
	}
	return s.state.May(s.reader, a, c, s.at)
}

// People says whether the reader sees who belongs to the household and who looked at what.
func (s Sight) People() bool { return s.Why(People, id.HouseholdCamera) == "" }

// Sees says whether the reader may do something now with what was filed under this hour of a camera and came at this
// time. What is older than the reader's right is not seen.
func (s Sight) Sees(a Action, c id.Camera, hour, stored int64) bool {
	if c == id.HouseholdCamera {
		return s.People()
	}
	since, ok := s.state.Earliest(s.reader, a, c, s.at)
	return ok && hour >= id.Hour(since) && stored >= since
}

// Cameras returns the cameras with which the reader may do this now. all says that it is every camera there is, and then
// there is no list.
func (s Sight) Cameras(a Action) (list []id.Camera, all bool) {
	p, ok := s.state.PersonOf(s.reader)
	if !ok {
		return nil, false
	}
	if s.Why(a, noCamera) == "" {
		return nil, true
	}
	for _, r := range p.Rights {
		for _, c := range r.Cameras {
			if s.Why(a, c) == "" && !slices.Contains(list, c) {
				list = append(list, c)
			}
		}
	}
	return list, false
}

// noCamera stands for a camera that no right names: who may see it may see all.
const noCamera = id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaaa")
