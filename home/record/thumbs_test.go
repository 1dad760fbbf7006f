// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest/ingesttest"
	"keyhold/home/record"
	"keyhold/internal/intime"
	"keyhold/statement/manifest"
)

func thumbs(t *testing.T, ffmpeg string) *record.Thumbs {
	t.Helper()
	th, err := record.NewThumbs(record.ThumbsConfig{FFmpeg: ffmpeg, Patience: 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(th.Close)
	return th
}

// colours is a clip whose picture is red, then green, then blue, then grey, each for one segment of four seconds.
func colours() cameratest.Args {
	return cameratest.Args{
		"-f", "lavfi", "-i", "color=red:s=640x360:r=15:d=4", "-f", "lavfi", "-i", "color=lime:s=640x360:r=15:d=4",
		"-f", "lavfi", "-i", "color=blue:s=640x360:r=15:d=4", "-f", "lavfi", "-i", "color=white:s=640x360:r=15:d=4",
		"-f", "lavfi", "-i", "color=black:s=640x360:r=15:d=4",
		"-filter_complex", "concat=n=5:v=1:a=0", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30",
		"-keyint_min", "30", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
	}
}

func TestEachSegmentHasItsTileInTheSprite(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := b.config()
	th, err := record.NewThumbs(record.ThumbsConfig{Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(th.Close)
	cfg.Thumbs = th
	b.play(b.recorder(cfg), colours(), ingesttest.Options{For: 20 * time.Second})
	p := b.made[0]
	b.holds(p)
	last := p.Files[len(p.Files)-1]
	if last.Kind != manifest.FileThumbs || len(p.Files) != 6 {
		t.Fatalf("files %+v, want five segments and a sprite", p.Files)
	}
	img, err := jpeg.Decode(bytes.NewReader(b.open(p, last)))
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X != 4*320 || size.Y != 2*180 {
		t.Fatalf("a sprite of %v, want four columns and two rows of 320x180", size)
	}
	for i, want := range [][3]uint32{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}, {0, 0, 0}, {128, 128, 128}} {
		r, g, bl, _ := img.At(i%4*320+160, i/4*180+90).RGBA()
		for k, got := range []uint32{r >> 8, g >> 8, bl >> 8} {
			if d := int(got) - int(want[k]); d > 40 || d < -40 {
				t.Errorf("tile %d is %d,%d,%d, want about %v", i, r>>8, g>>8, bl>>8, want)
				break
			}
		}
	}
}

func TestADecoderThatFailsOrHangsCostsOnlyThePictures(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"fails":           "#!/bin/sh\nexit 1\n",
		"hangs":           "#!/bin/sh\nexec sleep 60\n",
		"says nonsense":   "#!/bin/sh\ncat >/dev/null\nhead -c 5000 /dev/urandom\n",
		"says too much":   "#!/bin/sh\ncat >/dev/null\nexec head -c 100000000 /dev/zero\n",
		"eats the memory": "#!/bin/sh\ncat >/dev/null\nexec tail -c 4000000000 /dev/zero\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := filepath.Join(t.TempDir(), "ffmpeg")
			if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			b := newBench(t)
			cfg := b.config()
			cfg.Thumbs = thumbs(t, program)
			began := time.Now()
			b.play(b.recorder(cfg), cameratest.Silent(), ingesttest.Options{For: 61 * time.Second})
			if took := time.Since(began); took > intime.By(15*time.Second) {
				t.Errorf("recording took %s", took)
			}
			if len(b.made) == 0 || len(b.gaps) != 0 {
				t.Fatalf("%d packs, gaps %v", len(b.made), b.gaps)
			}
			for _, p := range b.made {
				b.holds(p)
				for _, f := range p.Files {
					if f.Kind != manifest.FileSegment {
						t.Error("a sprite without a picture")
					}
				}
			}
		})
	}
}

func TestWhoeverStopsDoesNotWaitForPictures(t *testing.T) {
	t.Parallel()
	decoder := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(decoder, []byte("#!/bin/sh\nexec sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	cfg := b.config()
	th, err := record.NewThumbs(record.ThumbsConfig{FFmpeg: decoder, Patience: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(th.Close)
	cfg.Thumbs = th
	hurry := time.AfterFunc(time.Second, th.Hurry)
	defer hurry.Stop()
	// Waits for the recorder's end, which without the hurry would be ten minutes away.
	b.play(b.recorder(cfg), colours(), ingesttest.Options{For: 8 * time.Second})
	p := b.made[0]
	b.holds(p)
	if last := p.Files[len(p.Files)-1]; last.Kind != manifest.FileSegment {
		t.Errorf("the pack ends with %s, of a decoder that gave nothing", last.Kind)
	}
}

// On a machine that is busy a child that comes last gets nothing for seconds; somebody waits for the other one.
func TestPicturesThatAreAskedForDoNotWaitForThoseThatAreNot(t *testing.T) {
	t.Parallel()
	const last = "10"
	if own, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err != nil || 20-own == 10 {
		t.Skipf("this process runs as a child does that comes last (%v)", err)
	}
	decoder := filepath.Join(t.TempDir(), "ffmpeg")
	// It has its priority when it gets its first bytes.
	script := "#!/bin/sh\ndd bs=1 count=4 2>/dev/null >&2\n[ $(nice) = " + last + " ] && exec sleep 60\n{ printf '\\0\\0\\0\\1'; cat; } | exec ffmpeg \"$@\"\n"
	if err := os.WriteFile(decoder, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	cfg := b.config()
	cfg.Thumbs = thumbs(t, decoder)
	r := b.recorder(cfg)
	s := &scheme{patient{r}, map[int64]func(){41: r.CloseEarly}, map[int64]bool{}}
	ingesttest.Replay(t, cameratest.Clip(t, colours()), ingesttest.Options{For: 44 * time.Second}, s)
	r.Close()
	p := b.made[0]
	b.holds(p)
	sprite := p.Files[len(p.Files)-1]
	if sprite.Kind != manifest.FileThumbs || len(p.Files) != 12 {
		t.Fatalf("files %+v, want eleven segments and a sprite", p.Files)
	}
	img, err := jpeg.Decode(bytes.NewReader(b.open(p, sprite)))
	if err != nil {
		t.Fatal(err)
	}
	// The clip begins again with red; the ten before it were not asked for, and their decoder hangs.
	for i, want := range map[int]uint32{0: 128, 10: 255} {
		if r, _, _, _ := img.At(i%4*320+160, i/4*180+90).RGBA(); r>>8 < want-40 || r>>8 > want+40 {
			t.Errorf("tile %d has %d of red, want about %d", i, r>>8, want)
		}
	}
}

func TestWithoutADecoderTheReasonIsSaid(t *testing.T) {
	if _, err := record.NewThumbs(record.ThumbsConfig{FFmpeg: "/nowhere/ffmpeg"}); err == nil {
		t.Error("a decoder that does not exist was found")
	}
}
