// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/ingest/ingesttest"
	"keyhold/media"
	"keyhold/statement/manifest"
)

// export opens everything that was recorded and joins it.
func (b *bench) export(o media.Options) (path string, res media.Result) {
	b.t.Helper()
	type place struct{ pack, file int }
	var order []place
	for i, p := range b.made {
		for j, f := range p.Files {
			if f.Kind == manifest.FileSegment {
				order = append(order, place{i, j})
			}
		}
	}
	path = filepath.Join(b.t.TempDir(), "export.mp4")
	out, err := os.Create(path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer out.Close()
	var pieces []media.Recorded
	var content [][]byte
	res, err = media.Export(out, func() (media.Piece, error) {
		for len(order) > 0 {
			at := order[0]
			order = order[1:]
			p, f := b.made[at.pack], b.made[at.pack].Files[at.file]
			if o.From > 0 && f.End <= o.From || o.Until > 0 && f.Start >= o.Until {
				continue
			}
			plain := b.open(p, f)
			pieces, content = append(pieces, media.Recorded{Session: p.Session, Start: f.Start, End: f.End, Media: f.Media}), append(content, inside(b.t, plain))
			return media.Piece{Data: plain, Session: p.Session, Start: f.Start, End: f.End}, nil
		}
		return media.Piece{}, io.EOF
	}, o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.listed(path, pieces, content, o)
	return path, res
}

// inside is the content of a segment.
func inside(t testing.TB, plain []byte) []byte {
	t.Helper()
	s, err := media.Parse(plain)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	if err := s.Content(func(b []byte) error { out = append(out, b...); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// listed wants an export's list of samples to be the one that belongs to what was recorded.
func (b *bench) listed(path string, pieces []media.Recorded, content [][]byte, o media.Options) {
	b.t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	const head = 28 + 16 // ftyp, and the header of mdat
	at := int64(head)
	for _, c := range content {
		at += int64(len(c))
	}
	list, err := media.NewList(file[at+8:], pieces, o)
	if err != nil {
		b.t.Fatal(err)
	}
	at = head
	for i, c := range content {
		if err := list.Segment(at, c); err != nil {
			b.t.Errorf("segment %d of %d: %v", i+1, len(content), err)
			return
		}
		at += int64(len(c))
	}
}

const frame = 1.0 / 15

func TestSoundStaysWithThePictureOverHalfAnHour(t *testing.T) {
	t.Parallel()
	jitter := rand.New(rand.NewPCG(1, 2))
	for name, o := range map[string]ingesttest.Options{
		"a camera without reports": {},
		"a sound clock that is 150 millionths too fast, reports, a restless network": {
			Drift: 150, Reports: 5 * time.Second,
			Late: func(int) time.Duration { return time.Duration(jitter.Int64N(int64(80 * time.Millisecond))) },
		},
		"a sound clock that is 150 millionths too slow, no reports": {Drift: -150},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			r := b.recorder(b.config())
			minutes := 30
			if n, err := strconv.Atoi(os.Getenv("KEYHOLD_TEST_MINUTES")); err == nil {
				minutes = n
			} else if testing.Short() {
				minutes = 2
			}
			o.For = time.Duration(minutes) * time.Minute
			b.play(r, cameratest.Blip(), o)
			if len(b.gaps) != 0 {
				t.Errorf("gaps %v", b.gaps)
			}
			path, _ := b.export(media.Options{})
			flashes, beeps := cameratest.FlashesAndBeeps(t, path)
			n, worst := cameratest.Together(t, flashes, beeps, 40*time.Millisecond)
			if n < minutes*60-10 {
				t.Errorf("only %d flashes in %d minutes", n, minutes)
			}
			t.Logf("%d flashes, at worst %s apart", n, worst)
		})
	}
}

func TestAnExportLastsAsLongAsWhatItShows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.recorder(b.config())
	b.play(r, cameratest.Blip(), ingesttest.Options{For: 30 * time.Second, Reports: 5 * time.Second})
	start := b.made[0].Start()
	for name, c := range map[string]struct {
		o    media.Options
		want float64
	}{
		"all":               {media.Options{}, 30},
		"the middle":        {media.Options{From: start + 5300, Until: start + 21500}, 16.2},
		"from in a segment": {media.Options{From: start + 9900}, 20.1},
	} {
		path, res := b.export(c.o)
		plain, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		p := ffprobe(t, plain)
		if !p.has("h264") || !p.has("aac") {
			t.Errorf("%s: streams %+v", name, p.Streams)
		}
		if got := seconds(t, p.Format.Duration); math.Abs(got-c.want) > frame {
			t.Errorf("%s: ffprobe says %.3f s, want %.3f", name, got, c.want)
		}
		if got := float64(res.Shown) / 1e6; math.Abs(got-c.want) > frame {
			t.Errorf("%s: the result says %.3f s, want %.3f", name, got, c.want)
		}
	}
}

func TestAnExportOfPicturesInAnotherOrderLastsAsLongAsTheirCount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.recorder(b.config())
	const pictures = 4 * 110 // four rounds of the clip
	b.play(r, cameratest.Plain(), ingesttest.Options{For: pictures * time.Second / 15})
	path, _ := b.export(media.Options{})
	plain, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := ffprobe(t, plain)
	if got := seconds(t, p.Format.Duration); math.Abs(got-pictures*frame) > frame {
		t.Errorf("ffprobe says %.3f s, want %.3f", got, pictures*frame)
	}
	for _, s := range p.Streams {
		if s.CodecType == "video" && s.Frames != "440" {
			t.Errorf("ffprobe decodes %s pictures, want %d", s.Frames, pictures)
		}
	}
}

func TestTimeStampsThatWrapAroundGoOn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.recorder(b.config())
	var first [2]uint32
	var seen [2]bool
	b.play(r, cameratest.Blip(), ingesttest.Options{
		For: 60 * time.Second, Reports: 5 * time.Second,
		Change: func(_ time.Duration, p *camera.Packet) bool {
			k, rate := 0, uint32(90000)
			if p.Audio {
				k, rate = 1, 48000
			}
			if !seen[k] {
				seen[k], first[k] = true, p.RTP.Timestamp
			}
			p.RTP.Timestamp += -first[k] - rate*uint32(20+k*3) // the wrap comes after 20 and 23 s
			return true
		},
	})
	sessions := map[int64]bool{}
	for _, p := range b.made {
		sessions[p.Session] = true
	}
	if len(sessions) != 1 || len(b.gaps) != 0 {
		t.Errorf("%d sessions and %d gaps, want one session without a gap", len(sessions), len(b.gaps))
	}
	path, _ := b.export(media.Options{})
	flashes, beeps := cameratest.FlashesAndBeeps(t, path)
	if n, _ := cameratest.Together(t, flashes, beeps, 40*time.Millisecond); n < 57 {
		t.Errorf("only %d flashes in a minute", n)
	}
}

func TestAJumpOfTheCamerasClockEndsTheSessionAndNotTheRecording(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]int64{"an hour ahead": 3600 * 90000, "a minute back": -60 * 90000, "a day ahead": 86400 * 90000} {
		b := newBench(t)
		r := b.recorder(b.config())
		b.play(r, cameratest.Silent(), ingesttest.Options{
			For: 40 * time.Second,
			Change: func(at time.Duration, p *camera.Packet) bool {
				if at > 20*time.Second {
					p.RTP.Timestamp += uint32(jump)
				}
				return true
			},
		})
		sessions := map[int64]bool{}
		for _, p := range b.made {
			b.holds(p)
			sessions[p.Session] = true
			for _, f := range p.Files {
				if f.Media > 6_000_000 || f.End-f.Start > 6000 {
					t.Errorf("%s: a segment of %d µs", name, f.Media)
				}
			}
		}
		if len(sessions) != 2 || len(b.gaps) != 1 || b.gaps[0].Reason != manifest.GapJump {
			t.Errorf("%s: %d sessions, gaps %v; want two and one gap by a jump", name, len(sessions), b.gaps)
		}
		_, res := b.export(media.Options{})
		if shown := float64(res.Shown) / 1e6; shown < 38 || shown > 40.1 || res.Joints != 1 {
			t.Errorf("%s: the export shows %.1f s with %d joints", name, shown, res.Joints)
		}
	}
}

// A keeper keeps frames.
type keeper struct{ frames []*ingest.Frame }

func (k *keeper) Frame(f *ingest.Frame)         { k.frames = append(k.frames, f) }
func (k *keeper) Lost(time.Time, ingest.Reason) {}

func TestACameraThatChangesItsPictureGoesOnInANewSegment(t *testing.T) {
	t.Parallel()
	var small, large keeper
	ingesttest.Replay(t, cameratest.Clip(t, cameratest.Silent()), ingesttest.Options{For: 6 * time.Second}, &small)
	ingesttest.Replay(t, cameratest.Clip(t, colours()), ingesttest.Options{For: 6 * time.Second}, &large)
	b := newBench(t)
	r := b.recorder(b.config())
	for _, f := range small.frames {
		r.Frame(f)
	}
	for _, f := range large.frames { // in the same session, six seconds on
		g := *f
		g.Session, g.At = small.frames[0].Session, f.At.Add(6*time.Second)
		g.PTS, g.DTS = f.PTS+6*ingest.VideoRate, f.DTS+6*ingest.VideoRate
		r.Frame(&g)
	}
	r.Lost(time.Time{}, ingest.ReasonCamera)
	r.Close()
	if len(b.made) != 1 || len(b.gaps) != 0 {
		t.Fatalf("%d packs, gaps %v", len(b.made), b.gaps)
	}
	b.holds(b.made[0])
	var lengths []int64
	for _, f := range b.made[0].Files {
		ffprobe(t, b.open(b.made[0], f))
		lengths = append(lengths, f.Media/1_000_000)
	}
	if !slices.Equal(lengths, []int64{4, 2, 4, 2}) {
		t.Errorf("segments of %v seconds, want a cut where the picture changes", lengths)
	}
	path, res := b.export(media.Options{})
	plain, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := ffprobe(t, plain)
	if p.Streams[0].Frames != "180" || res.Joints != 0 {
		t.Errorf("ffprobe decodes %s pictures, want 180; %d joints", p.Streams[0].Frames, res.Joints)
	}
}

func TestSoundThatComesOrGoesStartsASessionAndLosesNoPicture(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		audio    func(at time.Duration) bool
		sessions []string // codecs of the sound
	}{
		"never any":        {func(time.Duration) bool { return false }, []string{""}},
		"from the start":   {func(time.Duration) bool { return true }, []string{"aac"}},
		"half a second in": {func(at time.Duration) bool { return at > 500*time.Millisecond }, []string{"aac"}},
		"after ten":        {func(at time.Duration) bool { return at > 10*time.Second }, []string{"", "aac"}},
		"for ten":          {func(at time.Duration) bool { return at < 10*time.Second }, []string{"aac", ""}},
	} {
		b := newBench(t)
		b.play(b.recorder(b.config()), cameratest.Blip(), ingesttest.Options{
			For:    30 * time.Second,
			Change: func(at time.Duration, p *camera.Packet) bool { return !p.Audio || c.audio(at) },
		})
		var got []string
		session := int64(0)
		for _, p := range b.made {
			b.holds(p)
			if p.Session == session {
				continue
			}
			session = p.Session
			codec := ""
			if ffprobe(t, b.open(p, p.Files[0])).has("aac") {
				codec = "aac"
			}
			got = append(got, codec)
		}
		if !slices.Equal(got, c.sessions) || len(b.gaps) != 0 {
			t.Errorf("%s: sound of the sessions is %q, want %q; gaps %v", name, got, c.sessions, b.gaps)
		}
		path, _ := b.export(media.Options{})
		plain, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if p := ffprobe(t, plain); p.Streams[0].Frames != "450" {
			t.Errorf("%s: ffprobe decodes %s pictures, want 450", name, p.Streams[0].Frames)
		}
	}
}
