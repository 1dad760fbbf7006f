// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

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
}

const (
	filmWidth  = 640
	filmHeight = 360
	filmRate   = 15
)

// Make renders the film as H.264 and AAC with a key frame every second.
func (f Film) Make(ctx context.Context, path string) error {
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
	args := []string{"-v", "error", "-y", "-f", "lavfi", "-i", source}
	picture := "[0:v]null[p]"
	if f.Code != "" {
		code := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".png")
		if err := qrcode.WriteFile(f.Code, qrcode.Medium, 256, code); err != nil {
			return fmt.Errorf("draw the code: %w", err)
		}
		args = append(args, "-loop", "1", "-i", code)
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
	args = append(args, "-filter_complex", picture+fmt.Sprintf(";aevalsrc='%s':s=48000[s]", sound), "-map", "[p]", "-map", "[s]",
		"-t", fmt.Sprint(f.Seconds), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0",
		"-g", fmt.Sprint(filmRate), "-keyint_min", fmt.Sprint(filmRate), "-sc_threshold", "0", "-c:a", "aac", "-b:a", rate, path)
	if said, err := exec.CommandContext(ctx, "ffmpeg", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("render a film: %w\n%s", err, said)
	}
	return nil
}
