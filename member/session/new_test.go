// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"crypto/rand"
	"testing"

	"keyhold/api"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/rule"
)

// The page of a new camera goes up before the checkpoint that covers it. For that moment the camera has no record, and
// that is no hole; of a camera that is not new it is one.
func TestACameraThatCameAMomentAgoHasNoHole(t *testing.T) {
	for _, c := range []struct {
		name  string
		named int64 // how long ago, in minutes
		first int64 // number of the first leaf
		rule  rule.Name
	}{
		{"it came a moment ago", 1, 0, ""},
		{"its names came long ago", 20, 0, rule.SeqGap},
		{"its first leaves are missing", 1, 5, rule.SeqGap},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(t)
			s := w.device()
			old := w.checkpoint(w.last(), w.last().size)
			yard := must[id.Camera](t)(id.NewCamera(rand.Reader))
			w.seq[yard] = c.first
			w.epochs[yard] = w.epoch(yard)
			w.announce(yard)
			w.add(yard, w.now-16*minute, &manifest.CameraState{State: manifest.CameraAdded})
			w.names.Cameras = append(w.names.Cameras, manifest.NamedCam{ID: yard, Name: "Yard", State: manifest.NameOn})
			w.names.At, w.names.Seq = w.now-c.named*minute, w.names.Seq+1
			w.answer = func(a *api.Sync) { a.Runs[0].Checkpoint = old }
			w.status = func(s *manifest.Status) { s.Uploaded = 0 }
			v, err := s.Sync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			timeline, err := v.Timeline(t.Context(), yard, w.now-60*minute, w.now)
			if rule.Of(err) != c.rule || (err == nil) != (c.rule == "") {
				t.Fatalf("refused as %q: %v", rule.Of(err), err)
			}
			if err == nil && len(timeline.Segments) != 0 {
				t.Errorf("%d segments of nothing", len(timeline.Segments))
			}
		})
	}
}
