// SPDX-License-Identifier: Apache-2.0

package home

import (
	"testing"

	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// room is in which room the owner reads that a camera is.
func (r *Rig) room(c id.Camera) string {
	r.t.Helper()
	for _, one := range r.View().Cameras {
		if one.ID == c {
			return one.Room
		}
	}
	return ""
}

// place says in which room a camera is, and waits until the owner reads it.
func (r *Rig) place(c id.Camera, room string) {
	r.t.Helper()
	r.Do(request.Op{Kind: request.OpSetRoom, Camera: c, Room: room})
	r.Until("the camera's room", func() bool { return r.room(c) == room })
}

// inRooms goes on in a household whose door a viewer sees, and whose yard not: both read of its room, and nobody who may not
// look after the cameras says it.
func (r *Rig) inRooms(t *testing.T, l *labels, viewer, guardian *folk, door, yard id.Camera) {
	t.Helper()
	before := l.readBy(viewer, door)
	if before.Room != "" {
		t.Fatalf("nobody has said where it is, and it is in %q", before.Room)
	}
	set := request.Op{Kind: request.OpSetRoom, Camera: door, Room: "Hall"}
	if _, err := viewer.session().Do(t.Context(), set); word(err) != request.RefusedDenied {
		t.Errorf("a viewer who says where a camera is: %v", err)
	}
	gone := set
	gone.Camera = "cam_aaaaaaaaaaaaaaaaaaaaaaaaaa"
	r.refused(gone, request.RefusedNotFound)
	if _, err := guardian.session().Do(t.Context(), set); err != nil {
		t.Errorf("a guardian who says where a camera is: %v", err)
	}
	var after *manifest.Label
	r.Until("the room for a viewer", func() bool { after = l.readBy(viewer, door); return after != nil && after.Room == "Hall" })
	if after.Name != before.Name || after.Seq <= before.Seq || after.Zone != before.Zone {
		t.Errorf("the label was %+v and is %+v", before, after)
	}
	r.Until("the room for the owner", func() bool { return r.room(door) == "Hall" && r.room(yard) == "" })
	r.Do(set)
	if again := l.readBy(viewer, door); again.Seq != after.Seq {
		t.Error("saying the same again makes another label")
	}
	r.place(yard, "Hall") // several cameras are in one
	r.Do(request.Op{Kind: request.OpRenameCamera, Camera: door, Name: "Entrance"})
	r.Until("the new name in the old room", func() bool { x := l.readBy(viewer, door); return x != nil && x.Name == "Entrance" && x.Room == "Hall" })
	r.place(door, "")
	r.Until("no room for a viewer", func() bool { x := l.readBy(viewer, door); return x != nil && x.Room == "" })
}
