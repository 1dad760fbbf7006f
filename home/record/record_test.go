// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/ingest/ingesttest"
	"keyhold/home/record"
	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// A bench is a recorder with a place to record to and a key to look at what it did.
type bench struct {
	t            testing.TB
	spool, packs string
	camera       id.Camera
	keys         map[id.Epoch]*age.HybridIdentity

	mu    sync.Mutex
	made  []record.Pack
	gaps  []record.Gap
	fails error // what Closed answers
}

func newBench(t testing.TB) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{
		t: t, spool: filepath.Join(dir, "spool"), packs: filepath.Join(dir, "packs"),
		keys: map[id.Epoch]*age.HybridIdentity{},
	}
	for _, d := range []string{b.spool, b.packs} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if b.camera, err = id.NewCamera(rand.Reader); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) epoch() record.Epoch {
	b.t.Helper()
	e, err := id.NewEpoch(rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		b.t.Fatal(err)
	}
	b.keys[e] = key
	r, err := to.ParseRecipient(key.Recipient().String())
	if err != nil {
		b.t.Fatal(err)
	}
	return record.Epoch{ID: e, Sealer: r}
}

func (b *bench) closed(p record.Pack) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made = append(b.made, p)
	return b.fails
}

func (b *bench) gap(g record.Gap) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gaps = append(b.gaps, g)
}

func (b *bench) config() record.Config {
	return record.Config{
		Camera: b.camera, Spool: b.spool, Packs: b.packs, Epoch: b.epoch(), Closed: b.closed, Gap: b.gap,
	}
}

func (b *bench) recorder(cfg record.Config) *record.Recorder {
	b.t.Helper()
	r, err := record.New(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(r.Close)
	return r
}

// A patient sink plays no faster than the disk can follow.
type patient struct{ *record.Recorder }

func (p patient) Frame(f *ingest.Frame) {
	for p.Behind() > 100 {
		time.Sleep(time.Millisecond)
	}
	p.Recorder.Frame(f)
}

// play records a clip faster than it runs, and closes the recorder.
func (b *bench) play(r *record.Recorder, clip cameratest.Args, o ingesttest.Options) {
	b.t.Helper()
	ingesttest.Replay(b.t, cameratest.Clip(b.t, clip), o, patient{r})
	r.Close()
}

// open cuts a file out of a pack at its offset and opens it with stock age.
func (b *bench) open(p record.Pack, f manifest.File) []byte {
	b.t.Helper()
	all, err := os.ReadFile(p.Path)
	if err != nil {
		b.t.Fatal(err)
	}
	cut := all[f.Offset : f.Offset+f.Size]
	if id.HashOf(cut) != f.SHA256 {
		b.t.Fatalf("the hash of the file at %d is not the one announced", f.Offset)
	}
	r, err := age.Decrypt(bytes.NewReader(cut), b.keys[p.Epoch])
	if err != nil {
		b.t.Fatalf("stock age: %v", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		b.t.Fatalf("stock age: %v", err)
	}
	return plain
}

// holds checks what must be true of every pack.
func (b *bench) holds(p record.Pack) {
	b.t.Helper()
	all, err := os.ReadFile(p.Path)
	if err != nil {
		b.t.Fatal(err)
	}
	if int64(len(all)) != p.Size || id.HashOf(all) != p.SHA256 {
		b.t.Errorf("object of %d bytes does not have the size %d and hash announced", len(all), p.Size)
	}
	leaf := manifest.Pack{
		Epoch: p.Epoch, Files: p.Files, Object: p.Object, Session: p.Session, Size: p.Size,
		Header: manifest.Header{At: p.End(), Camera: p.Camera, Kind: manifest.KindPack, Salt: make([]byte, 16)},
	}
	if err := leaf.Check(); err != nil {
		b.t.Errorf("the manifest refuses the pack: %v", err)
	}
	for i, f := range p.Files {
		if i > 0 && f.Kind == manifest.FileSegment && f.Start < p.Files[i-1].End {
			b.t.Errorf("file %d starts at %d, before the end %d of the one before", i, f.Start, p.Files[i-1].End)
		}
	}
}

type probe struct {
	Streams []struct {
		CodecName string `json:"codec_name"`
		CodecType string `json:"codec_type"`
		StartTime string `json:"start_time"`
		Frames    string `json:"nb_read_frames"`
	} `json:"streams"`
	Format struct {
		Duration  string `json:"duration"`
		StartTime string `json:"start_time"`
	} `json:"format"`
}

// ffprobe decodes a file with ffmpeg's tools, which we did not write, and fails on any complaint.
func ffprobe(t testing.TB, plain []byte) probe {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.mp4")
	if err := os.WriteFile(path, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	out, complaints := cameratest.Run(t, "ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", path)
	if strings.TrimSpace(complaints) != "" {
		t.Errorf("ffprobe complains: %s", complaints)
	}
	var p probe
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p probe) has(codec string) bool {
	for _, s := range p.Streams {
		if s.CodecName == codec {
			return true
		}
	}
	return false
}

func seconds(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatalf("%q is no number of seconds", s)
	}
	return v
}

func TestTwoMinutesBecomePacksOfAMinuteThatStockToolsOpen(t *testing.T) {
	b := newBench(t)
	r := b.recorder(b.config())
	b.play(r, cameratest.Plain(), ingesttest.Options{For: 125 * time.Second, Reports: 5 * time.Second})

	if len(b.made) != 3 {
		t.Fatalf("got %d packs, want 3", len(b.made))
	}
	var media int64
	for i, p := range b.made {
		b.holds(p)
		var length int64
		for _, f := range p.Files {
			length += f.Media
		}
		if i < 2 && (length < 58_000_000 || length > 64_000_000) {
			t.Errorf("pack %d lasts %d µs, want about a minute", i, length)
		}
		for j, f := range p.Files {
			plain := b.open(p, f)
			if j%4 == 0 {
				if got := ffprobe(t, plain); !got.has("h264") || !got.has("aac") {
					t.Fatalf("pack %d file %d: streams %+v", i, j, got.Streams)
				}
			}
			media += f.Media
			if n := len(b.made); i == n-1 && j == len(p.Files)-1 {
				continue
			}
			if f.Media < 4_000_000 || f.Media > 6_100_000 {
				t.Errorf("pack %d file %d lasts %d µs", i, j, f.Media)
			}
		}
	}
	if d := media - 125_000_000; d < -70_000 || d > 70_000 {
		t.Errorf("the segments last %d µs together, want 125 s within a frame", media)
	}
	if len(b.gaps) != 0 {
		t.Errorf("gaps %v in a stream without any", b.gaps)
	}
	if left, _ := os.ReadDir(b.spool); len(left) != 0 {
		t.Errorf("%d files are left in the spool", len(left))
	}
}

// A scheme calls something before a picture that is due at a time.
type scheme struct {
	patient
	at   map[int64]func() // by PTS in seconds of the first session
	done map[int64]bool
}

func (s *scheme) Frame(f *ingest.Frame) {
	if f.Kind == ingest.Video {
		for at, do := range s.at {
			if f.PTS >= at*ingest.VideoRate && !s.done[at] {
				s.done[at] = true
				do()
			}
		}
	}
	s.patient.Frame(f)
}

func TestANewEpochStartsANewPackAtTheNextKeyFrame(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.recorder(b.config())
	next := b.epoch()
	s := &scheme{patient{r}, map[int64]func(){10: func() { r.SetEpoch(next) }}, map[int64]bool{}}
	ingesttest.Replay(t, cameratest.Clip(t, cameratest.Silent()), ingesttest.Options{For: 20 * time.Second}, s)
	r.Close()
	if len(b.made) != 2 || b.made[0].Epoch == next.ID || b.made[1].Epoch != next.ID {
		t.Fatalf("packs %+v, want two of different epochs", b.made)
	}
	if len(b.gaps) != 0 || b.made[0].End() != b.made[1].Start() {
		t.Errorf("gaps %v; the first pack ends at %d, the second starts at %d", b.gaps, b.made[0].End(), b.made[1].Start())
	}
	if end := b.made[0].End() - ingesttest.Start.UnixMilli(); end < 10_000 || end > 11_100 {
		t.Errorf("the old epoch is used until %d ms, want the key frame after 10 s", end)
	}
	for _, p := range b.made {
		b.holds(p)
		b.open(p, p.Files[0]) // only the epoch's own key opens it
	}
}

func TestAGroupOfPicturesLongerThanTenSecondsIsOneSegmentOfAtMostThirty(t *testing.T) {
	t.Parallel()
	clip := func(group string) cameratest.Args {
		return cameratest.Args{
			"-f", "lavfi", "-i", "testsrc2=s=160x90:r=5", "-t", "36", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0",
			"-g", group, "-keyint_min", group, "-sc_threshold", "0", "-pix_fmt", "yuv420p",
		}
	}
	for name, c := range map[string]struct {
		group   string
		longest int64
		gaps    int
	}{
		"every 12 s": {"60", 12_000_000, 0},
		"every 36 s": {"180", 30_000_000, 1},
	} {
		b := newBench(t)
		b.play(b.recorder(b.config()), clip(c.group), ingesttest.Options{For: 60 * time.Second})
		var longest int64
		for _, p := range b.made {
			b.holds(p)
			for _, f := range p.Files {
				longest = max(longest, f.Media)
				ffprobe(t, b.open(p, f))
			}
		}
		if longest != c.longest || len(b.gaps) != c.gaps {
			t.Errorf("%s: the longest segment has %d µs, want %d; gaps %v", name, longest, c.longest, b.gaps)
		}
	}
}
