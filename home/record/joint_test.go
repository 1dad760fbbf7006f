// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/ingest/ingesttest"
	"keyhold/media"
)

// A camera's pictures stop for three seconds before its connection breaks, and its sound does not: at the joint the export
// leaves out sound that would lie on it, and its list holds all the same.
func TestSoundThatOutlivesThePicturesIsHeldAtAJoint(t *testing.T) {
	t.Parallel()
	var one keeper
	ingesttest.Replay(t, cameratest.Clip(t, cameratest.Blip()), ingesttest.Options{
		For: 12 * time.Second, Reports: 5 * time.Second,
		Change: func(at time.Duration, p *camera.Packet) bool { return p.Audio || at < 9*time.Second },
	}, &one)
	b := newBench(t)
	r := b.recorder(b.config())
	again := *one.frames[0].Session
	again.ID += 20_000
	for _, f := range one.frames {
		r.Frame(f)
	}
	r.Lost(time.Time{}, ingest.ReasonCamera)
	for _, f := range one.frames {
		g := *f
		g.Session, g.At = &again, f.At.Add(20*time.Second)
		r.Frame(&g)
	}
	r.Lost(time.Time{}, ingest.ReasonCamera)
	r.Close()
	path, res := b.export(media.Options{})
	if res.Joints != 1 {
		t.Errorf("%d joints", res.Joints)
	}
	plain, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Of 24 seconds of sound three are left out at the joint, and the last three have no picture.
	const pieces = 18 * 48000 / 1024
	for _, s := range ffprobe(t, plain).Streams {
		if n, err := strconv.Atoi(s.Frames); s.CodecType == "audio" && (err != nil || n < pieces-5 || n > pieces+5) {
			t.Errorf("%d pieces of sound (%v), want about %d", n, err, pieces)
		}
	}
}
