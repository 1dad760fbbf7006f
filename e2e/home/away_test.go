// SPDX-License-Identifier: Apache-2.0

package home

import (
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/internal/intime"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// A camera that goes away is said, also by a hub that was started anew meanwhile and has never seen it, and said back.
func TestCameraAway(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)

	address, gone := r.Camera.Addr().String(), time.Now()
	r.Camera.Close()
	r.becomes(door, request.CameraLost)
	if took := time.Since(gone); took > intime.By(20*time.Second) {
		t.Errorf("the hub said so after %v", took)
	}
	r.Stop()
	r.Start()
	r.Serving()
	r.becomes(door, request.CameraLost)

	var err error
	r.Camera, err = camera.Start(camera.Config{Addr: address, User: "u", Pass: "p", Feeds: []camera.Feed{{Path: "a", File: film}}})
	must(t, err)
	t.Cleanup(r.Camera.Close)
	r.becomes(door, request.CameraRecording)
}

// becomes waits until the hub says that a camera is in some state.
func (r *Rig) becomes(c id.Camera, state string) {
	r.t.Helper()
	r.Until("a camera "+state, func() bool {
		for _, one := range r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras {
			if one.ID == c {
				return one.State == state
			}
		}
		return false
	})
}
