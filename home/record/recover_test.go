// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/ingest/ingesttest"
	"keyhold/home/record"
	"keyhold/statement/manifest"
)

// abandon records up to the given time and leaves the spool as a process does that is killed: a copy of it is taken
// while the pack is open. It gives the bench with the copy, and how many segments were whole.
func abandon(t *testing.T) (*bench, int) {
	t.Helper()
	b := newBench(t)
	r := b.recorder(b.config())
	left := filepath.Join(t.TempDir(), "spool")
	ingesttest.Replay(t, cameratest.Clip(t, cameratest.Silent()), ingesttest.Options{For: 30 * time.Second}, &stopper{
		patient{r}, func() {
			until(t, func() bool { return r.Behind() == 0 })
			if err := os.CopyFS(left, os.DirFS(b.spool)); err != nil {
				t.Fatal(err)
			}
		},
	})
	r.Close()
	b.made, b.gaps, b.spool = nil, nil, left
	if err := os.RemoveAll(b.packs); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(b.packs, 0o700); err != nil {
		t.Fatal(err)
	}
	return b, 7 // 30 s: seven segments of four seconds, and two seconds of an open one
}

// A stopper runs something before the session ends.
type stopper struct {
	patient
	before func()
}

func (s *stopper) Lost(at time.Time, why ingest.Reason) {
	s.before()
	s.patient.Lost(at, why)
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within a minute")
		}
	}
}

func (b *bench) recovers() error {
	return record.Recover(record.RecoverConfig{Spool: b.spool, Packs: b.packs, Closed: b.closed, Gap: b.gap})
}

func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v %v", pattern, found, err)
	}
	return found[0]
}

func TestAfterAKillEveryWholeSegmentIsThereAndTheGapIsSaid(t *testing.T) {
	t.Parallel()
	grow := func(n int64, fill byte) func(*testing.T, string, string) {
		return func(t *testing.T, part, _ string) {
			f, err := os.OpenFile(part, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			b := make([]byte, n)
			for i := range b {
				b[i] = fill
			}
			if _, err := f.Write(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	end := func(whole []manifest.File, i int) int64 { return whole[i].Offset + whole[i].Size }
	for name, c := range map[string]struct {
		harm func(t *testing.T, part, index string)
		lost int
	}{
		"as the kill left it":    {func(*testing.T, string, string) {}, 0},
		"a zero-filled tail":     {grow(300_000, 0), 0},
		"garbage behind":         {grow(70_000, 0xa5), 0},
		"a torn line":            {func(t *testing.T, _, index string) { chop(t, index, 20) }, 1},
		"zeros in the index":     {func(t *testing.T, _, index string) { grow(500, 0)(t, index, "") }, 0},
		"the last segment torn":  {func(t *testing.T, part, index string) { truncate(t, part, end(files(t, index), 6)-1) }, 1},
		"the last two are zeros": {func(t *testing.T, part, index string) { zero(t, part, end(files(t, index), 5)-10) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, whole := abandon(t)
			c.harm(t, one(t, b.spool, "*.part"), one(t, b.spool, "*.idx"))
			if err := b.recovers(); err != nil {
				t.Fatal(err)
			}
			if len(b.made) != 1 || len(b.made[0].Files) != whole-c.lost {
				t.Fatalf("%d packs, %+v; want one with %d segments", len(b.made), b.made, whole-c.lost)
			}
			p := b.made[0]
			b.holds(p)
			for i, f := range p.Files {
				plain := b.open(p, f)
				if i == len(p.Files)-1 {
					ffprobe(t, plain)
				}
			}
			if len(b.gaps) != 1 || b.gaps[0].From != p.End() || b.gaps[0].Until != 0 || b.gaps[0].Reason != manifest.GapHub {
				t.Errorf("gaps %v, want an open one from %d", b.gaps, p.End())
			}
			if left, _ := os.ReadDir(b.spool); len(left) != 0 {
				t.Errorf("%d files are left in the spool", len(left))
			}
		})
	}
}

func files(t *testing.T, index string) []manifest.File {
	t.Helper()
	b, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	_, out, err := record.ReadIndex(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func chop(t *testing.T, path string, n int64) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	truncate(t, path, st.Size()-n)
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// zero keeps the length and blanks everything from a place on.
func zero(t *testing.T, path string, from int64) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	truncate(t, path, from)
	truncate(t, path, st.Size())
}

func TestAKillBeforeTheFirstWholeSegmentLeavesNothing(t *testing.T) {
	t.Parallel()
	b, _ := abandon(t)
	truncate(t, one(t, b.spool, "*.part"), 1000)
	if err := b.recovers(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(b.spool); len(b.made) != 0 || len(left) != 0 {
		t.Errorf("%d packs, %d files left", len(b.made), len(left))
	}
}

func TestAPackThatNobodyConfirmedComesAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fails = errors.New("the hub's database is away")
	b.play(b.recorder(b.config()), cameratest.Silent(), ingesttest.Options{For: 10 * time.Second})
	if len(b.made) != 1 {
		t.Fatalf("%d packs", len(b.made))
	}
	first := b.made[0]
	if err := b.recovers(); err == nil {
		t.Error("the hub refused the pack again and nobody says so")
	}
	b.fails, b.made = nil, nil
	if err := b.recovers(); err != nil {
		t.Fatal(err)
	}
	if len(b.made) != 1 || b.made[0].SHA256 != first.SHA256 || b.made[0].Object != first.Object || len(b.gaps) != 0 {
		t.Errorf("got %+v and gaps %v, want the pack of before", b.made, b.gaps)
	}
	b.made = nil
	if err := b.recovers(); err != nil || len(b.made) != 0 {
		t.Errorf("it comes once more after it was confirmed: %v %v", b.made, err)
	}
}
