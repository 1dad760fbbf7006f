// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
)

// FuzzChild feeds whatever a child may write, that a camera has taken over.
func FuzzChild(f *testing.F) {
	for _, codecs := range []cameratest.Args{
		{"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac"}, {"-c:v", "libx265", "-x265-params", "log-level=error", "-c:a", "libopus"},
	} {
		args := append(cameratest.Args{"-f", "lavfi", "-i", "testsrc2=s=32x32:r=10", "-f", "lavfi", "-i", "sine=r=48000", "-t", "0.6", "-pix_fmt", "yuv420p"}, codecs...)
		b, err := os.ReadFile(cameratest.Clip(f, append(args, "-f", "mpegts", "-muxdelay", "0", "-pes_payload_size", "0", "-omit_video_pes_length", "0")))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2+50])
		f.Add(bytes.Repeat([]byte("G"), 188*3))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		now := time.UnixMilli(1_800_000_000_000)
		var of *ingest.Session
		var last [2]int64
		asm, err := ingest.Unpack(bytes.NewReader(b), ingest.AssemblerConfig{
			Now: func() time.Time { now = now.Add(10 * time.Millisecond); return now },
			Frame: func(fr *ingest.Frame) {
				if fr.Session != of {
					if fr.Kind != ingest.Video || !fr.Key || fr.DTS != 0 {
						t.Fatal("a session does not start with a key frame at 0")
					}
					of, last = fr.Session, [2]int64{-1, -1}
				}
				if fr.DTS <= last[fr.Kind] || len(fr.Units) == 0 {
					t.Fatalf("decoding time %d after %d, %d units", fr.DTS, last[fr.Kind], len(fr.Units))
				}
				last[fr.Kind] = fr.DTS
			},
			Lost: func(time.Time, ingest.Reason) {},
		})
		if err == nil {
			t.Fatal("a stream without end")
		}
		if asm != nil {
			asm.End(ingest.ReasonCamera)
		}
	})
}

// flood sends packets of a picture that has no end.
type flood struct {
	head  []byte
	count byte
	sent  int
}

func (f *flood) Read(p []byte) (int, error) {
	if len(f.head) > 0 {
		n := copy(p, f.head)
		f.head = f.head[n:]
		return n, nil
	}
	packet := append([]byte{0x47, 0x01, 0x00, 0x10 | f.count&15}, bytes.Repeat([]byte{7}, 184)...)
	f.count++
	f.sent += len(packet)
	f.head = packet[min(copy(p, packet), 188):]
	return min(len(p), 188), nil
}

func TestAChildThatSendsWithoutEndIsLeft(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, append(cameratest.Args{"-f", "lavfi", "-i", "testsrc2=s=32x32:r=10", "-t", "0.6", "-pix_fmt", "yuv420p"},
		"-c:v", "libx264", "-preset", "ultrafast", "-f", "mpegts", "-muxdelay", "0"))
	b, err := os.ReadFile(clip)
	if err != nil {
		t.Fatal(err)
	}
	f := &flood{head: b}
	if _, err := ingest.Unpack(f, ingest.AssemblerConfig{Frame: func(*ingest.Frame) {}, Lost: func(time.Time, ingest.Reason) {}}); err == nil {
		t.Fatal("it was read to its end")
	}
	if f.sent > 16<<20 {
		t.Errorf("%d bytes were read", f.sent)
	}
}
