// SPDX-License-Identifier: Apache-2.0

package lossless_test

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
	"github.com/mewkiz/flac/frame"

	"keyhold/home/lossless"
)

// stream is what a file of FLAC consists of, around frames that were made of blocks.
func stream(t testing.TB, rate, channels int, mulaw bool, samples int, blocks ...[]byte) []byte {
	t.Helper()
	info, err := lossless.Info(rate, channels, samples).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	out := append([]byte("fLaC\x80\x00\x00"), byte(len(info)))
	out = append(out, info...)
	e, err := lossless.New(rate, channels, mulaw)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		f, err := e.Frame(b)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f...)
	}
	return out
}

// decoded is what ffmpeg, which we did not write, makes of a file of FLAC: big-endian samples.
func decoded(t testing.TB, flac []byte) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "flac", "-i", "pipe:0", "-f", "s16be", "pipe:1")
	cmd.Stdin = bytes.NewReader(flac)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Fatalf("ffmpeg: %v\n%s", err, complaints.String())
	}
	return out.Bytes()
}

func TestEverySampleComesOutAsItWentIn(t *testing.T) {
	t.Parallel()
	every := make([]byte, 0, 1024)
	for i := range 1024 {
		every = append(every, byte(i), byte(i>>2))
	}
	silence := bytes.Repeat([]byte{0xd5}, 2048)
	for name, c := range map[string]struct {
		rate, channels int
		mulaw          bool
	}{
		"A-law": {8000, 1, false}, "mu-law": {8000, 1, true}, "two channels at 16 kHz": {16000, 2, false},
	} {
		var a g711.Alaw
		var mu g711.Mulaw
		a.Unmarshal(append(bytes.Clone(every), silence...))
		mu.Unmarshal(append(bytes.Clone(every), silence...))
		want := []byte(a)
		if c.mulaw {
			want = mu
		}
		n := 512 * c.channels
		var blocks [][]byte
		for b := append(bytes.Clone(every), silence...); len(b) > 0; b = b[n:] {
			blocks = append(blocks, b[:n])
		}
		file := stream(t, c.rate, c.channels, c.mulaw, 512, blocks...)
		if got := decoded(t, file); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes of samples come out of %d, or others", name, len(got), len(want))
		}
		if c.channels == 1 && len(file) > len(want)*9/10 {
			t.Errorf("%s: %d bytes of samples became %d", name, len(want), len(file))
		}
	}
}

func TestWhatIsNoBlockIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := lossless.New(8000, 3, false); err == nil {
		t.Error("three channels were taken")
	}
	e, err := lossless.New(8000, 2, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{nil, {1}, {1, 2, 3}, make([]byte, 1<<17)} {
		if _, err := e.Frame(b); err == nil {
			t.Errorf("a block of %d bytes was taken", len(b))
		}
	}
}

// FuzzFrame holds what is encoded against a decoder.
func FuzzFrame(f *testing.F) {
	f.Add(true, []byte{0, 1, 2, 3, 0x7f, 0x80, 0xff})
	f.Add(false, bytes.Repeat([]byte{0x55, 0xaa}, 256))
	f.Fuzz(func(t *testing.T, mulaw bool, block []byte) {
		e, err := lossless.New(8000, 1, mulaw)
		if err != nil {
			t.Fatal(err)
		}
		b, err := e.Frame(block)
		if err != nil {
			return
		}
		got, err := frame.Parse(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Subframes[0].Samples {
			a, mu := g711.Alaw{}, g711.Mulaw{}
			a.Unmarshal(block[i : i+1])
			mu.Unmarshal(block[i : i+1])
			pcm := []byte(a)
			if mulaw {
				pcm = mu
			}
			if want := int32(int16(binary.BigEndian.Uint16(pcm))); v != want {
				t.Fatalf("sample %d is %d, not %d", i, v, want)
			}
		}
		if n := len(got.Subframes[0].Samples); n != len(block) {
			t.Fatalf("%d samples of %d", n, len(block))
		}
	})
}

func BenchmarkASecondOfTelephone(b *testing.B) {
	e, err := lossless.New(8000, 1, false)
	if err != nil {
		b.Fatal(err)
	}
	block := make([]byte, 512)
	for i := range block {
		block[i] = byte(i * i / 7)
	}
	for b.Loop() {
		for range 8000 / 512 {
			if _, err := e.Frame(block); err != nil {
				b.Fatal(err)
			}
		}
	}
}
