// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/internal/intime"
)

// still is a film without sound.
func still(t *testing.T) string {
	t.Helper()
	return cameratest.Clip(t, cameratest.Args{"-f", "lavfi", "-i", "testsrc2=s=160x90:r=15", "-t", "2", "-c:v", "libx264", "-bf", "0", "-g", "15", "-pix_fmt", "yuv420p"})
}

// tone is µ-law of one kilohertz, in pieces of 20 ms.
func tone(t *testing.T, pieces int) [][]byte {
	t.Helper()
	out := make([][]byte, pieces)
	for i := range out {
		var pcm []byte
		for n := range 160 {
			v := 0.5 * math.Sin(2*math.Pi*1000*float64(i*160+n)/ingest.SpeechRate)
			pcm = binary.BigEndian.AppendUint16(pcm, uint16(int16(v*math.MaxInt16)))
		}
		var err error
		if out[i], err = g711.Mulaw(pcm).Marshal(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// speak says the tone by a camera, as fast as it would be spoken, until that was enough. Each piece has its place in the
// time, or follows on the one before however late it comes.
func speak(t *testing.T, s *ingest.Source, timely bool, enough func(pieces int) bool) {
	t.Helper()
	sp, err := s.Speaker(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	said, began, at := tone(t, 50), time.Now(), 0
	for i := 0; !enough(i); i++ {
		if now := int(time.Since(began) * ingest.SpeechRate / time.Second); timely {
			at = max(at, now)
		}
		if err := sp.Write(said[i%len(said)], uint32(at)); err != nil {
			t.Fatal(err)
		}
		at += len(said[0])
		<-tick.C
	}
}

func sourceOf(t *testing.T, url string) *ingest.Source {
	t.Helper()
	s, err := ingest.New(ingest.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASpeakerIsClaimedWhileSomebodyTalksAndHeardInItsOwnLaw(t *testing.T) {
	t.Parallel()
	film := still(t)
	for _, law := range []string{"pcmu", "pcma", ""} {
		t.Run("law "+law, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "heard.wav")
			cam, err := camera.Start(camera.Config{
				Addr: "127.0.0.1:0", User: "u", Pass: "p", Feeds: []camera.Feed{{Path: "a", File: film}}, Speaker: &camera.SpeakerConfig{File: file, Law: law},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer cam.Close()
			s := sourceOf(t, "rtsp://u:p@"+cam.Addr().String()+"/a")
			if there, err := s.Speaks(t.Context()); err != nil || !there {
				t.Fatalf("it has a speaker, and says %v, %v", there, err)
			}
			if _, ever := cam.Claimed(); ever != 0 {
				t.Error("asking claims it")
			}
			first, err := s.Speaker(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Speaker(t.Context()); !errors.Is(err, ingest.ErrSpeakerTaken) {
				t.Errorf("claimed twice: %v", err)
			}
			first.Close()
			until(t, "the speaker to be free", 10*time.Second, func() bool { now, _ := cam.Claimed(); return !now })
			speak(t, s, false, func(pieces int) bool { return pieces == 50 })
			until(t, "the speaker to be free", 10*time.Second, func() bool { now, _ := cam.Claimed(); return !now })
			heard := cameratest.Tones(cameratest.Heard(t, file), 1000)
			// A busy machine breaks it, and loses nothing of it.
			var all time.Duration
			for _, one := range heard {
				all += one.Long()
			}
			if all < 900*time.Millisecond || all > 1100*time.Millisecond {
				t.Errorf("of a second were heard %v", heard)
			}
			if cam.Readers("a") != 0 || cam.Taken("a") != 0 {
				t.Error("who talks takes its pictures as well")
			}
		})
	}
}

// A speaker that takes AAC alone hears what is said, a little later, and nothing more once nobody talks.
func TestASpeakerThatTakesAACAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "heard.wav")
	cam, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "a", File: still(t)}}, Speaker: &camera.SpeakerConfig{File: file, Law: "aac"}})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	s := sourceOf(t, "rtsp://"+cam.Addr().String()+"/a")
	if there, err := s.Speaks(t.Context()); err != nil || !there {
		t.Fatalf("it has a speaker, and says %v, %v", there, err)
	}
	began := time.Now()
	speak(t, s, true, func(pieces int) bool { return pieces == 150 })
	gone := time.Now()
	until(t, "the speaker to be free", 10*time.Second, func() bool { now, _ := cam.Claimed(); return !now })
	heard := cameratest.Heard(t, file)
	var all time.Duration
	for _, one := range cameratest.Tones(heard, 1000) {
		all += one.Long()
	}
	t.Logf("of 3 s were heard %v, the first piece after %v", all, cam.Heard().Sub(began))
	if all < 2400*time.Millisecond || all > 3100*time.Millisecond {
		t.Errorf("of three seconds were heard %v", all)
	}
	if end := cam.Heard().Add(time.Duration(len(heard)) * time.Second / ingest.SpeechRate); end.After(gone.Add(200 * time.Millisecond)) {
		t.Errorf("it goes on for %v", end.Sub(gone))
	}

	// A hub without the program has no speaker there.
	none, err := ingest.New(ingest.Config{URL: "rtsp://" + cam.Addr().String() + "/a", FFmpeg: "no-such-program"})
	if err != nil {
		t.Fatal(err)
	}
	if there, err := none.Speaks(t.Context()); err != nil || there {
		t.Errorf("without the program it says %v, %v", there, err)
	}
	if _, err := none.Speaker(t.Context()); err == nil {
		t.Error("claimed without the program")
	}
	until(t, "the speaker to be free", 10*time.Second, func() bool { now, _ := cam.Claimed(); return !now })
}

// What a hub had no time for comes late, and what is said after it is heard as it is said.
func TestASpeakerThatTakesAACAloneIsHeardAgainAfterAStall(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "heard.wav")
	cam, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "a", File: still(t)}}, Speaker: &camera.SpeakerConfig{File: file, Law: "aac"}})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	speak(t, sourceOf(t, "rtsp://"+cam.Addr().String()+"/a"), false, func(pieces int) bool {
		if pieces == 50 {
			<-time.After(1500 * time.Millisecond) // the stall
		}
		return pieces == 150
	})
	until(t, "the speaker to be free", 10*time.Second, func() bool { now, _ := cam.Claimed(); return !now })
	var all time.Duration
	for _, one := range cameratest.Tones(cameratest.Heard(t, file), 1000) {
		all += one.Long()
	}
	if all < 2400*time.Millisecond {
		t.Errorf("of three seconds with a stall after the first were heard %v", all)
	}
}

func TestACameraWithoutASpeakerSaysSo(t *testing.T) {
	t.Parallel()
	cam, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "a", File: still(t)}}})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	s := sourceOf(t, "rtsp://"+cam.Addr().String()+"/a")
	if there, err := s.Speaks(t.Context()); err != nil || there {
		t.Errorf("it says %v, %v", there, err)
	}
	if _, err := s.Speaker(t.Context()); !errors.Is(err, ingest.ErrNoSpeaker) {
		t.Errorf("claimed: %v", err)
	}
}

// GStreamer's server is none of ours, and knows ONVIF's back channels.
func TestASpeakerThatIsNotOurs(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "heard.ulaw")
	// A picture that nobody asks for is let go: GStreamer would end the whole session with it, sometimes before it hears.
	launch := "filesrc location=" + still(t) + " ! qtdemux ! h264parse ! errorignore ignore-notlinked=true convert-to=ok ! rtph264pay name=pay0 pt=96"
	at := cameratest.StartForeign(t,
		cameratest.Foreign{Path: "talks", Hears: file, Launch: launch},
		cameratest.Foreign{Path: "mute", Launch: launch})
	mute := sourceOf(t, at+"mute")
	if there, err := mute.Speaks(t.Context()); err != nil || there {
		t.Errorf("one without says %v, %v", there, err)
	}
	s := sourceOf(t, at+"talks")
	if there, err := s.Speaks(t.Context()); err != nil || !there {
		t.Fatalf("it has a speaker, and says %v, %v", there, err)
	}
	// It hears nothing until its pipeline has begun, which takes a busy machine a while.
	const want = 2 * ingest.SpeechRate
	began := time.Now()
	speak(t, s, true, func(int) bool {
		b, err := os.ReadFile(file)
		return err == nil && len(b) >= want || time.Since(began) > intime.By(40*time.Second)
	})
	law, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all time.Duration
	heard := cameratest.Tones(cameratest.FromLaw(law), 1000)
	for _, one := range heard {
		all += one.Long()
	}
	if len(law) < want || all < 1900*time.Millisecond {
		t.Errorf("in %s were heard %v", time.Since(began), heard)
	}
}
