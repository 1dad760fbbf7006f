// SPDX-License-Identifier: Apache-2.0

package session

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"keyhold/member/device"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// readLabels opens what names a camera for those who read no document of names.
func (v *View) readLabels(seen device.Highest) error {
	for _, ref := range v.answer.Labels {
		plain, err := v.openSealed(ref.Camera, ref.Label)
		if errors.Is(err, errNoKey) || v.mayLack(ref.Camera, v.now-late, v.now) && err != nil {
			continue // of an epoch that this reader was not in; its own is on the way
		}
		if err != nil {
			return fmt.Errorf("open the name of a camera: %w", err)
		}
		l, err := manifest.OpenLabel(v.Roster, plain)
		if err != nil {
			return fmt.Errorf("check the name of a camera: %w", err)
		}
		switch {
		case l.Camera != ref.Camera && !rule.Off(rule.WrongCamera):
			return rule.Errorf(rule.WrongCamera, "the name of another camera than it is filed under")
		case l.Seq < seen.Labels[l.Camera] && !rule.Off(rule.RolledBack):
			return rule.Errorf(rule.RolledBack, "the name of a camera is older than one this device has seen")
		}
		v.labels = append(v.labels, *l)
	}
	return nil
}

// listCameras says which cameras this reader knows of: those of the document of names, or those that it was given.
func (v *View) listCameras() {
	if v.Names != nil && v.s.SeesPeople() {
		v.Cameras = v.Names.Cameras
		return
	}
	for _, l := range v.labels {
		v.Cameras = append(v.Cameras, manifest.NamedCam{ID: l.Camera, Name: l.Name, Room: l.Room, State: manifest.NameOn})
	}
	for camera := range v.pages {
		known := slices.ContainsFunc(v.Cameras, func(c manifest.NamedCam) bool { return c.ID == camera })
		if camera != id.HouseholdCamera && !known && v.s.May(roster.History, camera) == "" {
			v.Cameras = append(v.Cameras, manifest.NamedCam{ID: camera, Name: string(camera), State: manifest.NameOn})
		}
	}
	slices.SortStableFunc(v.Cameras, func(a, b manifest.NamedCam) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// Zone is the household's time zone, "" where this reader was not told.
func (v *View) Zone() string {
	if v.Names != nil {
		return v.Names.Zone
	}
	for _, l := range v.labels {
		return l.Zone
	}
	return ""
}
