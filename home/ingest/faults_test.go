// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/ingest/ingesttest"
)

// replay plays a clip and gives what a source would hand out.
func replay(t *testing.T, clip cameratest.Args, o ingesttest.Options) *taker {
	t.Helper()
	var k taker
	ingesttest.Replay(t, cameratest.Clip(t, clip), o, &k)
	return &k
}

func (k *taker) pictures() []*ingest.Frame {
	return slices.DeleteFunc(slices.Clone(k.frames), func(f *ingest.Frame) bool { return f.Kind != ingest.Video })
}

// fine is large enough for pictures of several packets.
func fine(extra ...string) cameratest.Args {
	return append(cameratest.Args{
		"-f", "lavfi", "-i", "testsrc2=s=640x360:r=15", "-t", "4", "-c:v", "libx264", "-preset", "veryfast", "-g", "15",
		"-sc_threshold", "0", "-pix_fmt", "yuv420p", "-crf", "12",
	}, extra...)
}

func TestAPictureThatLacksAPacketIsLeftOutAndTheOthersAreKept(t *testing.T) {
	t.Parallel()
	for name, clip := range map[string]cameratest.Args{"one slice": fine("-bf", "0"), "four slices": fine("-bf", "0", "-slices", "4")} {
		for part, lost := range map[string]func(i, n int) bool{
			"the first":  func(i, _ int) bool { return i == 0 },
			"the middle": func(i, n int) bool { return i == n/2 },
			"the last":   func(i, n int) bool { return i == n-1 },
			"all":        func(int, int) bool { return true },
		} {
			var all [][]*rtp.Packet
			whole := replay(t, clip, ingesttest.Options{For: 4 * time.Second, Change: func(_ time.Duration, p *camera.Packet) bool {
				if n := len(all); n == 0 || all[n-1][0].Timestamp != p.RTP.Timestamp {
					all = append(all, nil)
				}
				all[len(all)-1] = append(all[len(all)-1], p.RTP)
				return true
			}}).pictures()

			// Key frames are let through: their first packet has nothing but the parameter sets, which are known.
			picture, at, torn := -1, 0, 0
			var stamp uint32
			got := replay(t, clip, ingesttest.Options{For: 4 * time.Second, Change: func(_ time.Duration, p *camera.Packet) bool {
				if picture < 0 || p.RTP.Timestamp != stamp {
					picture, at, stamp = picture+1, 0, p.RTP.Timestamp
				}
				n := len(all[picture])
				drop := picture%7 == 3 && picture%15 != 0 && n > 2 && lost(at, n)
				if drop && (at == 0 || at == n/2 || at == n-1) {
					torn++
				}
				at++
				return !drop
			}}).pictures()
			if part == "all" {
				torn /= 3
			}
			if torn < 3 {
				t.Fatalf("%s: only %d pictures were torn", name, torn)
			}
			if len(got) != len(whole)-torn {
				t.Errorf("%s, %s packet: %d pictures of %d, %d were torn", name, part, len(got), len(whole), torn)
			}
			at = 0
			for _, f := range got {
				for at < len(whole) && whole[at].PTS != f.PTS {
					at++
				}
				if at == len(whole) || !slices.EqualFunc(whole[at].Units, f.Units, bytes.Equal) {
					t.Fatalf("%s, %s packet: the picture at %d is not the camera's", name, part, f.PTS)
				}
			}
		}
	}
}

func TestADescriptionThatLiesCostsNoPicture(t *testing.T) {
	t.Parallel()
	video := func(change func(*format.H264)) func(*ingest.Tracks) {
		return func(x *ingest.Tracks) {
			if f, ok := x.Video.(*format.H264); ok {
				change(f)
			}
		}
	}
	var other ingest.Tracks
	replay(t, fine("-bf", "0"), ingesttest.Options{For: time.Millisecond, Describe: func(x *ingest.Tracks) { other = *x }})
	for name, lie := range map[string]func(*ingest.Tracks){
		"no lie":                       func(*ingest.Tracks) {},
		"parameter sets only in band":  video(func(f *format.H264) { f.SPS, f.PPS = nil, nil }),
		"those of another picture":     func(x *ingest.Tracks) { x.Video = other.Video },
		"parameter sets that are none": video(func(f *format.H264) { f.SPS, f.PPS = []byte{0x67, 1}, []byte{0x68} }),
		"a sound of another rate": func(x *ingest.Tracks) {
			if f, ok := x.Audio.(*format.MPEG4Audio); ok {
				c := *f.Config
				c.SampleRate = 44100
				f.Config = &c
			}
		},
	} {
		k := replay(t, cameratest.Plain(), ingesttest.Options{For: 30 * time.Second, Describe: lie, Reports: 5 * time.Second})
		list := k.pictures()
		_, sessions, ends := k.count()
		if len(list) != 450 || sessions != 1 || len(ends) != 1 {
			t.Errorf("%s: %d pictures of 450 in %d sessions", name, len(list), sessions)
			continue
		}
		for i, f := range list {
			var sps h264.SPS
			if err := sps.Unmarshal(f.Params.SPS); err != nil || sps.Width() != 320 {
				t.Fatalf("%s: picture %d has the parameters of another", name, i)
			}
		}
		if last := list[len(list)-1]; last.DTS < 29*ingest.VideoRate || last.DTS > 31*ingest.VideoRate {
			t.Errorf("%s: the last picture is at %d", name, last.DTS)
		}
	}
	// Where it names another codec than is sent, nothing is what it should be, and nothing comes out.
	k := replay(t, cameratest.Silent(), ingesttest.Options{For: 5 * time.Second, Describe: func(x *ingest.Tracks) { x.Video = &format.H265{PayloadTyp: 96} }})
	if n, _, _ := k.count(); n != 0 {
		t.Errorf("%d frames of H.264 were taken for H.265", n)
	}
}

// A camera that is set to another size goes on in the same session: new parameter sets come before a key frame.
func TestParameterSetsThatChangeMidStreamBelongToThePicturesAfterThem(t *testing.T) {
	t.Parallel()
	now := ingesttest.Start
	var k taker
	var asm *ingest.Assembler
	var last rtp.Header
	var due time.Duration
	for _, clip := range []cameratest.Args{cameratest.Silent(), fine("-bf", "0"), fine("-bf", "2")} {
		c, err := camera.OpenClip(cameratest.Clip(t, clip))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		seq, err := camera.NewSequence(c)
		if err != nil {
			t.Fatal(err)
		}
		if asm == nil {
			tracks, err := ingest.Choose(seq.Description())
			if err != nil {
				t.Fatal(err)
			}
			asm, err = ingest.NewAssembler(ingest.AssemblerConfig{
				Tracks: tracks, Now: func() time.Time { return now }, Frame: k.Frame, Lost: k.Lost,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		from, began, first := last, due, true
		var base rtp.Header
		for {
			pkts, err := seq.Next()
			if err != nil {
				t.Fatal(err)
			}
			if len(pkts) > 0 && pkts[0].Due >= 3*time.Second {
				break
			}
			for _, p := range pkts {
				if first {
					base, first = p.RTP.Header, false
				}
				if from.SSRC != 0 { // as if the camera before had sent it
					p.RTP.SSRC = from.SSRC
					p.RTP.SequenceNumber += from.SequenceNumber + 1 - base.SequenceNumber
					p.RTP.Timestamp += from.Timestamp + ingest.VideoRate/15 - base.Timestamp
				}
				due = began + p.Due + time.Second/15
				now = ingesttest.Start.Add(due)
				asm.VideoPacket(p.RTP)
				if int32(p.RTP.Timestamp-last.Timestamp) > 0 || last.SSRC == 0 {
					last.Timestamp = p.RTP.Timestamp
				}
				last.SSRC, last.SequenceNumber = p.RTP.SSRC, p.RTP.SequenceNumber
			}
		}
	}
	asm.End(ingest.ReasonStopped)
	list := k.pictures()
	if _, sessions, _ := k.count(); sessions != 1 || len(list) != 3*45 {
		t.Fatalf("%d pictures in %d sessions, want %d in one", len(list), sessions, 3*45)
	}
	for i, f := range list {
		var sps h264.SPS
		if err := sps.Unmarshal(f.Params.SPS); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{true: 320, false: 640}[i < 45]; sps.Width() != want {
			t.Fatalf("picture %d is said to be %d wide", i, sps.Width())
		}
		if i > 0 && !f.Params.Same(list[i-1].Params) && !f.Key {
			t.Fatalf("at picture %d, which is no key frame, the parameters change", i)
		}
		if i > 0 && f.DTS <= list[i-1].DTS {
			t.Fatalf("decoding time %d after %d", f.DTS, list[i-1].DTS)
		}
	}
}

// By UDP packets overtake each other, come twice, or not at all.
func TestUDPPutsPacketsInOrderAndSurvivesLoss(t *testing.T) {
	t.Parallel()
	// The payloader gives lists of packets, the element behind it one after the other.
	send := "filesrc location=" + cameratest.Clip(t, fine("-bf", "0")) + " ! qtdemux ! h264parse ! rtph264pay config-interval=-1 ! netsim name=pay0"
	at := cameratest.StartForeign(t,
		cameratest.Foreign{Path: "late", Launch: send, Over: "udp", Shuffle: true},
		cameratest.Foreign{Path: "lost", Launch: send, Over: "udp", Shuffle: true, Lose: 97},
	)
	var took [2]taker
	for i, path := range []string{"late", "lost"} {
		// Behind a packet that is lost the others are held back until there are 64, so it takes longer than that to be a stall.
		run(t, ingest.Config{URL: at + path, Sink: &took[i], Stall: 4 * time.Second})
	}
	for i, least := range []int{58, 40} { // at the ends of the stream a picture may be torn
		k := &took[i]
		until(t, "the end of the stream", 20*time.Second, func() bool { _, _, ends := k.count(); return len(ends) > 0 })
		n := 0
		k.mu.Lock()
		for _, f := range k.pictures() {
			if f.Session == k.frames[0].Session {
				n++
			}
		}
		k.mu.Unlock()
		if n < least || n > 60 {
			t.Errorf("%d pictures of 60 came, want at least %d", n, least)
		}
	}
}

func TestACameraThatRefusesOneTransportIsAskedForTheOther(t *testing.T) {
	t.Parallel()
	send := "filesrc location=" + cameratest.Clip(t, fine("-bf", "0")) + " ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1"
	at := cameratest.StartForeign(t,
		cameratest.Foreign{Path: "tcp", Launch: send, Over: "tcp"},
		cameratest.Foreign{Path: "udp", Launch: send, Over: "udp"},
	)
	var took [2]taker
	for i, path := range []string{"tcp", "udp"} {
		run(t, ingest.Config{URL: at + path, Sink: &took[i], Stall: time.Second})
	}
	for i := range took {
		// It is played once for each client: the second session shows that the way is found again.
		until(t, "two sessions", 30*time.Second, func() bool { n, sessions, _ := took[i].count(); return sessions == 2 && n > 60 })
	}
}
