// SPDX-License-Identifier: Apache-2.0

// Package masks is how somebody covers parts of a camera's picture, so that nobody ever sees them.
//
// A setting is a statement of type masks, by a device that May(cameras); the hub keeps the newest of each camera and puts
// it on the record (docs/protocol.md 7.3). It says all that is covered from then on, so that one statement is enough to
// know it. Its number makes it good once: an earlier one, with fewer masks or none, never comes back.
package masks

import (
	"cmp"
	"fmt"
	"slices"

	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/setting"
)

// Thing is the payload type.
const Thing = "masks"

const (
	// Most is how many masks a camera may have.
	Most = 8
	// Whole is the width, and the height, of a picture; Least is that of the smallest mask.
	Whole = 1000
	Least = 10
)

// A Mask is a part of the picture, in thousandths of its width and height.
type Mask struct {
	Height int64 `json:"height"`
	Left   int64 `json:"left"`
	Top    int64 `json:"top"`
	Width  int64 `json:"width"`
}

// Within says whether it is large enough and lies within the picture.
func (m Mask) Within() bool {
	return m.Left >= 0 && m.Top >= 0 && m.Width >= Least && m.Height >= Least && m.Width <= Whole && m.Height <= Whole &&
		m.Left <= Whole-m.Width && m.Top <= Whole-m.Height
}

func (m Mask) compare(o Mask) int {
	return cmp.Or(cmp.Compare(m.Top, o.Top), cmp.Compare(m.Left, o.Left), cmp.Compare(m.Height, o.Height), cmp.Compare(m.Width, o.Width))
}

// Setting is what is covered of a camera's picture from now on.
type Setting struct {
	At        int64        `json:"at"`
	Camera    id.Camera    `json:"camera"`
	Device    id.Device    `json:"device"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	// Masks are sorted by top, left, height and width.
	Masks []Mask `json:"masks"`
	// Seq counts the settings of a camera from 1.
	Seq int64 `json:"seq"`
}

// Check refuses values that the types allow.
func (s *Setting) Check() error {
	if s.At <= 0 || !s.Camera.Valid() || !s.Device.Valid() || !s.Household.Valid() || s.Seq < 1 {
		return fmt.Errorf("masks: a malformed field")
	}
	return Check(s.Masks)
}

// Check refuses what a setting could not say.
func Check(list []Mask) error {
	if len(list) > Most {
		return fmt.Errorf("masks: too many of them")
	}
	for i, m := range list {
		if !m.Within() {
			return fmt.Errorf("masks: a mask that is not within the picture, or too small")
		}
		if i > 0 && list[i-1].compare(m) >= 0 {
			return fmt.Errorf("masks: out of order")
		}
	}
	return nil
}

// Sorted are masks in the order of a setting, each once.
func Sorted(list []Mask) []Mask {
	out := append([]Mask{}, list...)
	slices.SortFunc(out, Mask.compare)
	return slices.Compact(out)
}

// Less says whether anything that one list covers is not covered by the other any more.
func Less(before, after []Mask) bool {
	// Between the edges of all masks a point is covered as its neighbours are.
	edges := func(first, length func(Mask) int64) []int64 {
		var out []int64
		for _, m := range slices.Concat(before, after) {
			out = append(out, first(m), first(m)+length(m))
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	covers := func(list []Mask, x, y int64) bool {
		return slices.ContainsFunc(list, func(m Mask) bool { return x >= m.Left && x < m.Left+m.Width && y >= m.Top && y < m.Top+m.Height })
	}
	for _, x := range edges(func(m Mask) int64 { return m.Left }, func(m Mask) int64 { return m.Width }) {
		for _, y := range edges(func(m Mask) int64 { return m.Top }, func(m Mask) int64 { return m.Height }) {
			if covers(before, x, y) && !covers(after, x, y) {
				return true
			}
		}
	}
	return false
}

// Header is what it has in common with other settings.
func (s *Setting) Header() setting.Header {
	return setting.Header{At: s.At, Camera: s.Camera, Device: s.Device, Head: s.Head, Household: s.Household, Seq: s.Seq}
}

// Read opens a setting that sender brings to the hub.
func Read(r *setting.Reading, b []byte, sender id.Device) (*Setting, error) {
	return setting.Read[Setting](r, Thing, b, sender)
}

// Kept opens a setting that the hub has taken, as it stands on the record: its device may have gone since.
func Kept(b []byte, r *roster.State) (*Setting, error) {
	return setting.Kept[Setting](Thing, b, r)
}
