// SPDX-License-Identifier: Apache-2.0

package home

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"keyhold/home/hub"
	"keyhold/internal/intime"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// slow is a hub whose first pack waits for its pictures, and a camera that has recorded something.
func slow(t *testing.T) (*Rig, id.Camera) {
	t.Helper()
	dir := t.TempDir()
	decoder := filepath.Join(dir, "decoder")
	script := fmt.Sprintf("#!/bin/sh\nmkdir %s/hung 2>/dev/null && exec sleep 60\nexec ffmpeg \"$@\"\n", dir)
	must(t, os.WriteFile(decoder, []byte(script), 0o700))
	r := Unpaired(t)
	r.ffmpeg = decoder
	r.Begin()
	door := r.Add("Door", "a")
	r.Until("something recorded", func() bool { return r.state(door) == request.CameraRecording })
	return r, door
}

// On a busy machine the pictures of a camera's last pack take seconds. Whoever turns it on again does not wait for them,
// nor does anybody else of whom the hub takes one thing after the other, and what it recorded stays in order.
func TestACameraIsOnAgainBeforeThePicturesOfItsLastPackAreMade(t *testing.T) {
	t.Parallel()
	r, door := slow(t)
	r.off(r.Member, door, true)
	began := time.Now()
	r.off(r.Member, door, false)
	took := time.Since(began)
	t.Logf("on again after %s", took)
	if took > intime.By(4*time.Second) {
		t.Errorf("the hub took %s to turn it on again", took)
	}
	packs := r.Packs(door, 2)
	first, next := packs[0], packs[1]
	gaps := r.Timeline(door).Gaps
	if len(gaps) == 0 {
		t.Fatal("the time between is not on the record")
	}
	gap, last := gaps[0], first.Files[0].End
	for _, f := range first.Files {
		last = max(last, f.End)
	}
	if gap.Reason != manifest.GapPrivate || gap.From != last || gap.Until != next.Files[0].Start {
		t.Errorf("what was recorded ends at %d and goes on at %d; between is said to be %+v", last, next.Files[0].Start, gap)
	}
	if !(first.Seq < gap.Seq && gap.Seq < next.Seq) {
		t.Errorf("the record has a pack as number %d, the gap after it as %d, and the next pack as %d", first.Seq, gap.Seq, next.Seq)
	}
}

// Whoever removes a camera is answered once everything of it is put away, however often it was off before.
func TestWhatIsPutAwayOfACameraIsWaitedForToTheLast(t *testing.T) {
	t.Parallel()
	r, door := slow(t)
	for _, on := range []bool{true, false, true} {
		r.off(r.Member, door, on)
	}
	r.Do(request.Op{Kind: request.OpRemoveCamera, Camera: door})
	left, err := filepath.Glob(filepath.Join(hub.LayoutOf(r.Dir).Spool, "*"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("%d files are still to be put away", len(left))
	}
}
