// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/skip2/go-qrcode"
)

// Film is what a camera of a test shows and lets hear.
type Film struct {
	Seconds int
	Code    string  // a QR code in the picture, if not empty
	Hz      float64 // a tone over quiet noise, if not 0
	Pulse   bool    // a white flash and a blip, 100 ms long, at the beginning of every second
	Colour  string  // of a broad bar, by a name that ffmpeg knows; cameras are told apart by it
	Small   bool    // the colour everywhere and nothing that moves: a tenth of the bytes
	Count   bool    // eight squares that count the pictures, from the left: white is a one; see Counted
	Half    bool    // half as wide and as high, as a camera's second stream is
}

const (
	filmWidth  = 640
	filmHeight = 360
	filmRate   = 15
)

// Make puts the film at path, as H.264 and AAC with a key frame every second. A film that was rendered once is kept in
// the user's cache, under the hash of its recipe: rendering costs as much as a minute of everything else.
func (f Film) Make(ctx context.Context, path string) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("find the folder for films: %w", err)
	}
	recipe := f.recipe()
	hash := sha256.Sum256([]byte(strings.Join(recipe, "\x00") + "\x00" + f.Code))
	kept := filepath.Join(cache, "keyhold", "films", hex.EncodeToString(hash[:16])+".mp4")
	if _, err := os.Stat(kept); errors.Is(err, fs.ErrNotExist) {
		err = f.render(ctx, recipe, kept)
		if err != nil {
			return err
		}
	}
	film, err := os.ReadFile(kept)
	if err != nil {
		return fmt.Errorf("take a film from the cache: %w", err)
	}
	if err := os.WriteFile(path, film, 0o600); err != nil {
		return fmt.Errorf("put a film in its place: %w", err)
	}
	return nil
}

const codeFile = "code.png"

// render makes the film in a folder of its own; it is in its place whole or not at all.
func (f Film) render(ctx context.Context, recipe []string, kept string) error {
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return fmt.Errorf("make the folder for films: %w", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(kept), "part-")
	if err != nil {
		return fmt.Errorf("make a folder for a film: %w", err)
	}
	defer os.RemoveAll(dir)
	if f.Code != "" {
		if err := qrcode.WriteFile(f.Code, qrcode.Medium, 256, filepath.Join(dir, codeFile)); err != nil {
			return fmt.Errorf("draw the code: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, "ffmpeg", append(recipe, "film.mp4")...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("render a film: %w\n%s", err, said)
	}
	if err := os.Rename(filepath.Join(dir, "film.mp4"), kept); err != nil {
		return fmt.Errorf("keep a film: %w", err)
	}
	return nil
}

// recipe is what ffmpeg is told, but for the file's name.
func (f Film) recipe() []string {
	colour := f.Colour
	if colour == "" {
		colour = "SteelBlue"
	}
	source := fmt.Sprintf("testsrc2=s=%dx%d:r=%d,drawbox=c=%s:w=iw:h=90:t=fill", filmWidth, filmHeight, filmRate, colour)
	rate := "64k"
	if f.Small {
		rate = "16k"
		source = fmt.Sprintf("color=c=%s:s=%dx%d:r=%d", colour, filmWidth, filmHeight, filmRate)
	}
	if f.Half {
		source += fmt.Sprintf(",scale=%d:%d", filmWidth/2, filmHeight/2)
	}
	if f.Count {
		for bit := range countBits {
			source += fmt.Sprintf(`,drawbox=x=%d:y=%d:w=%d:h=%d:c=black:t=fill,drawbox=x=%d:y=%d:w=%d:h=%d:c=white:t=fill:enable='bitand(n\,%d)'`,
				bit*countSide, filmHeight-countSide, countSide, countSide, bit*countSide, filmHeight-countSide, countSide, countSide, 1<<bit)
		}
	}
	args := []string{"-v", "error", "-y", "-f", "lavfi", "-i", source}
	picture := "[0:v]null[p]"
	if f.Code != "" {
		args = append(args, "-loop", "1", "-i", codeFile)
		picture = fmt.Sprintf("[0:v][1:v]overlay=x=%d:y=20[p]", filmWidth-280)
	}
	sound := "0.01*(random(0)-0.5)"
	if f.Hz != 0 {
		sound += fmt.Sprintf("+0.2*sin(2*PI*%g*t)", f.Hz)
	}
	if f.Pulse {
		sound += `+0.5*sin(2*PI*1000*t)*lt(mod(t\,1)\,0.1)`
		picture = strings.TrimSuffix(picture, "[p]") + `[q];[q]drawbox=c=white:t=fill:enable='lt(mod(t\,1)\,0.1)'[p]`
	}
	return append(args, "-filter_complex", picture+fmt.Sprintf(";aevalsrc='%s':s=48000[s]", sound), "-map", "[p]", "-map", "[s]",
		"-t", fmt.Sprint(f.Seconds), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0",
		"-g", fmt.Sprint(filmRate), "-keyint_min", fmt.Sprint(filmRate), "-sc_threshold", "0", "-c:a", "aac", "-b:a", rate)
}

const (
	countBits = 8
	countSide = 60
)

// Counted reads how far into a film with Count a picture of it is.
func Counted(picture image.Image) time.Duration {
	b := picture.Bounds()
	n := 0
	for bit := range countBits {
		x := b.Min.X + (bit*countSide+countSide/2)*b.Dx()/filmWidth
		y := b.Min.Y + (filmHeight-countSide/2)*b.Dy()/filmHeight
		if r, _, _, _ := picture.At(x, y).RGBA(); r > 0x8000 {
			n |= 1 << bit
		}
	}
	return time.Duration(n) * time.Second / filmRate
}
