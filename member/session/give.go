// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"

	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// Give seals the epochs of the cameras that may be given, as far as this session's reader can open them, to another
// reader, and returns how many. Epochs that name the device among their readers already are left out.
func (s *Session) Give(ctx context.Context, device roster.DeviceKeys, may func(id.Camera) bool) (int, error) {
	var rows []request.Row
	_, err := s.Steady(ctx, func(v *View) error {
		rows = nil
		return v.EachEpoch(ctx, func(camera id.Camera, epoch id.Epoch, leaf *manifest.Epoch, identity string) error {
			if !may(camera) || (device.ID != id.Sheet && reads(leaf, device.ID)) {
				return nil
			}
			row, err := to.SealRow(s.Home.Household, camera, epoch, s.Roster.Head.Hash, to.Reader{Device: device.ID, Key: device.Reader}, []byte(identity))
			if err == nil {
				rows = append(rows, row)
			}
			return err
		})
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return len(rows), s.Reseal(ctx, device.ID, rows)
}

// Everything may be given.
func Everything(id.Camera) bool { return true }

func reads(leaf *manifest.Epoch, d id.Device) bool {
	if leaf == nil {
		return false
	}
	for _, r := range leaf.Readers {
		if r.Device == d {
			return true
		}
	}
	return false
}
