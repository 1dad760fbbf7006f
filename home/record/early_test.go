// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"os"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest/ingesttest"
	"keyhold/home/record"
	"keyhold/statement/manifest"
)

func TestAPackLeavesEarlyWhenAsked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.recorder(b.config())
	s := &scheme{patient{r}, map[int64]func(){6: r.CloseEarly}, map[int64]bool{}}
	ingesttest.Replay(t, cameratest.Clip(t, cameratest.Silent()), ingesttest.Options{For: 20 * time.Second}, s)
	r.Close()
	if len(b.made) != 2 || len(b.gaps) != 0 {
		t.Fatalf("%d packs, gaps %v; want two packs", len(b.made), b.gaps)
	}
	if end := b.made[0].End() - ingesttest.Start.UnixMilli(); end < 6000 || end > 7100 {
		t.Errorf("the pack was closed at %d ms, want the key frame after 6 s", end)
	}
}

// Somebody may ask more often than packs can leave: that must cost neither a picture of the recording nor a queue.
func TestPacksThatAreAskedForDoNotPileUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := b.config()
	leave := make(chan struct{})
	cfg.Closed = func(p record.Pack) error { <-leave; return b.closed(p) }
	r := b.recorder(cfg)
	asks := map[int64]func(){}
	for second := int64(2); second < 50; second += 2 {
		asks[second] = r.CloseEarly
	}
	asks[30] = func() { close(leave) }
	ingesttest.Replay(t, cameratest.Clip(t, cameratest.Silent()), ingesttest.Options{For: 50 * time.Second}, &scheme{patient{r}, asks, map[int64]bool{}})
	r.Close()
	if len(b.gaps) != 0 || len(b.made) < 2 {
		t.Fatalf("%d packs, gaps %v", len(b.made), b.gaps)
	}
	if first, second := b.made[0].End()-ingesttest.Start.UnixMilli(), b.made[1].End()-ingesttest.Start.UnixMilli(); first > 4000 || second < 30_000 {
		t.Errorf("packs ended at %d and %d ms, while the first did not leave until 30 s", first, second)
	}
}

func TestADiskThatFailsCostsAGapAndNotTheRecorder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.recorder(b.config())
	away := b.spool + ".away"
	move := func(from, to string) func() {
		return func() {
			until(t, func() bool { return r.Behind() == 0 })
			if err := os.Rename(from, to); err != nil {
				t.Error(err)
			}
		}
	}
	s := &scheme{patient{r}, map[int64]func(){
		6: r.CloseEarly,
		10: func() {
			until(t, func() bool { return r.Behind() == 0 && r.Leaving() == 0 })
			r.CloseEarly()
			move(b.spool, away)()
		},
		30: move(away, b.spool),
	}, map[int64]bool{}}
	ingesttest.Replay(t, cameratest.Clip(t, cameratest.Silent()), ingesttest.Options{For: 50 * time.Second}, s)
	r.Close()
	if len(b.gaps) != 1 || b.gaps[0].Reason != manifest.GapDisk {
		t.Fatalf("gaps %+v, want one because of the disk", b.gaps)
	}
	last := b.made[len(b.made)-1]
	b.holds(last)
	if b.gaps[0].Until != last.Start() {
		t.Errorf("the gap ends at %d, recording goes on at %d", b.gaps[0].Until, last.Start())
	}
}
