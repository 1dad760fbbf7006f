// SPDX-License-Identifier: Apache-2.0

package blind

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	_ "image/gif" // pictures are found by their magic and decoded by whoever can
	_ "image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	largestFilm  = 512 << 20
	largestCut   = 64 << 20 // of a film that breaks off
	largestPixel = 64 << 20 // pixels of a picture
	perFilm      = 30 * time.Second
	soundRate    = 16000
)

// pictureMagic are the beginnings of pictures.
var pictureMagic = [][]byte{
	[]byte("\x89PNG\r\n\x1a\n"),
	{0xff, 0xd8, 0xff, 0xe0},
	{0xff, 0xd8, 0xff, 0xe1},
	{0xff, 0xd8, 0xff, 0xdb},
	{0xff, 0xd8, 0xff, 0xfe},
	[]byte("GIF87a"), []byte("GIF89a"),
}

// media finds pictures and films in the data and looks at what they show and let hear.
func (s *scanner) media(ctx context.Context, data []byte, where string) {
	for _, magic := range pictureMagic {
		for at := range places(data, magic) {
			s.picture(ctx, data[at:], fmt.Sprintf("%s > picture at %d", where, at))
		}
	}
	for _, f := range films(data) {
		if ctx.Err() == nil && s.first("film", f.data) {
			s.film(ctx, f.data, fmt.Sprintf("%s > %s at %d", where, f.kind, f.at))
		}
	}
}

// places yields where the needle is.
func places(data, needle []byte) func(func(int) bool) {
	return func(yield func(int) bool) {
		for from := 0; ; {
			i := bytes.Index(data[from:], needle)
			if i < 0 || !yield(from+i) {
				return
			}
			from += i + 1
		}
	}
}

// picture decodes a picture and reads the QR codes in it.
func (s *scanner) picture(ctx context.Context, data []byte, where string) {
	head, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || head.Width*head.Height > largestPixel {
		return
	}
	pic, _, err := image.Decode(bytes.NewReader(data))
	if err != nil || !s.first("picture", data[:min(len(data), 4096)]) {
		return
	}
	path := filepath.Join(s.tmp, "picture.png")
	var b bytes.Buffer
	if png.Encode(&b, pic) != nil || os.WriteFile(path, b.Bytes(), 0o600) != nil {
		return
	}
	s.report.Pictures++
	s.codes(ctx, where, path)
}

// codes reads QR codes with zbarimg.
func (s *scanner) codes(ctx context.Context, where string, pictures ...string) {
	if len(pictures) == 0 {
		return
	}
	args := append([]string{"--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable"}, pictures...)
	out, _ := exec.CommandContext(ctx, "zbarimg", args...).Output() // its status says only that a picture had no code
	for _, c := range s.canaries {
		if c.Kind == QR && strings.Contains(string(out), c.Text) {
			s.add(Finding{Canary: c.Name, Where: where, How: "QR code"})
		}
	}
	s.texts(ctx, out, where+" > QR code")
}

// carved is a piece of data that may be a film.
type carved struct {
	at   int
	kind string
	data []byte
}

// films carves everything that begins as films and sounds do.
func films(data []byte) []carved {
	var all []carved
	for at := range places(data, []byte("ftyp")) {
		if from := at - 4; from >= 0 {
			if end := boxes(data[from:]); end > 0 {
				all = append(all, carved{from, "mp4", data[from : from+end]})
			}
		}
	}
	slice := func(magic, kind string, check func([]byte) bool) {
		last := -1
		for at := range places(data, []byte(magic)) {
			// One that lies within the last is a part of it.
			if at < last || !check(data[at:]) {
				continue
			}
			end := min(len(data), at+largestCut)
			last = end
			all = append(all, carved{at, kind, data[at:end]})
		}
	}
	slice("OggS\x00\x02", "ogg", func([]byte) bool { return true })
	slice("RIFF", "wav", func(d []byte) bool { return len(d) > 16 && (string(d[8:12]) == "WAVE" || string(d[8:12]) == "AVI ") })
	slice("\x1a\x45\xdf\xa3", "matroska", func(d []byte) bool {
		return bytes.Contains(d[:min(len(d), 64)], []byte("matroska")) || bytes.Contains(d[:min(len(d), 64)], []byte("webm"))
	})
	for _, sps := range []string{"\x00\x00\x00\x01\x67", "\x00\x00\x00\x01\x27"} {
		slice(sps, "h264", func(d []byte) bool { return bytes.Contains(d[:min(len(d), 256)], []byte("\x00\x00\x01\x68")) })
	}
	return all
}

// boxes returns how far a chain of MP4 boxes goes, or nothing if it is none. Media that break off belong to it.
func boxes(data []byte) int {
	end, media := 0, false
	for end+8 <= len(data) && end < largestFilm {
		size := int(binary.BigEndian.Uint32(data[end:]))
		kind := data[end+4 : end+8]
		if media && string(kind) == "mdat" && size > len(data)-end {
			return min(len(data), end+largestCut)
		}
		if size < 8 || size > len(data)-end || slices.ContainsFunc(kind, func(b byte) bool { return b < 0x20 || b > 0x7e }) {
			break
		}
		media = media || string(kind) == "moov" || string(kind) == "moof"
		end += size
	}
	if !media {
		return 0
	}
	return end
}

// film decodes pictures and sound, each as far as it goes.
func (s *scanner) film(ctx context.Context, data []byte, where string) {
	path := filepath.Join(s.tmp, "film")
	if os.WriteFile(path, data, 0o600) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, perFilm)
	defer cancel()
	// A film that breaks off has shown pictures before; ffmpeg's status is of no interest.
	frames := filepath.Join(s.tmp, "frame-%04d.png")
	_ = exec.CommandContext(ctx, "ffmpeg", "-v", "quiet", "-nostdin", "-y", "-i", path, "-an", "-vf", "fps=1", "-frames:v", "60", frames).Run()
	pictures, _ := filepath.Glob(filepath.Join(s.tmp, "frame-*.png")) // the pattern is well-formed
	s.report.Pictures += len(pictures)
	s.codes(ctx, where, pictures...)
	for _, p := range pictures {
		os.Remove(p)
	}
	pcm, _ := exec.CommandContext(ctx, "ffmpeg", "-v", "quiet", "-nostdin", "-i", path, "-vn", "-ac", "1", "-ar", fmt.Sprint(soundRate), "-f", "s16le", "-").Output()
	if len(pcm) == 0 {
		return
	}
	s.report.Sounds++
	samples := make([]float64, len(pcm)/2)
	for i := range samples {
		samples[i] = float64(int16(binary.LittleEndian.Uint16(pcm[2*i:]))) / (1 << 15)
	}
	for _, c := range s.canaries {
		if c.Kind == Sound && toneIn(samples, soundRate, c.Hz) {
			s.add(Finding{Canary: c.Name, Where: where, How: fmt.Sprintf("a tone of %g Hz", c.Hz)})
		}
	}
}
