// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	frameRate   = 15
	width       = 1920
	height      = 1080
	clipSeconds = 79
	// recipeVersion is raised when something about the films changes that the arguments do not show.
	recipeVersion = 4
)

// recipe is everything that decides what the films look like.
type recipe struct {
	source string
	films  []film
}

// film is one camera's: ffmpeg's arguments, and for the drawn scene the painter that feeds its standard input.
type film struct {
	name    string
	args    []string
	seconds int
	paint   *scene
}

// hash changes whenever a film would.
func (r recipe) hash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d, %s\n", recipeVersion, r.source)
	for _, f := range r.films {
		fmt.Fprintf(&b, "%s %q\n", f.name, f.args)
	}
	return hexHash(b.String())
}

// grain is a sensor's noise; it keeps the bit rate at a camera's level.
const grain = "noise=alls=6:allf=t"

// cameras names the three views, what the clock line calls them, the crop of the clip and the sound.
var cameras = []struct{ name, label, crop, sound string }{
	{"front-door", "FRONT DOOR", "448:252:0:92", steps(1.9, 196)},
	{"garden", "GARDEN", "512:288:240:282", steps(3.1, 147)},
	{"driveway", "DRIVEWAY", "416:234:352:8", steps(2.3, 220)},
}

// steps is a sound: wind, a pair of soft footfalls every so many seconds, and a quiet fifth that swells.
func steps(every float64, tone int) string {
	footfall := func(at float64) string {
		return fmt.Sprintf("0.20*sin(2*PI*90*t)*exp(-28*mod(t+%.2f\\,%.2f))", at, every)
	}
	return fmt.Sprintf("aevalsrc='%s+%s+0.02*(1+sin(2*PI*t/9))*(sin(2*PI*%d*t)+0.6*sin(2*PI*%d*t))':s=48000[a];"+
		"anoisesrc=c=brown:a=0.25:r=48000:seed=%d,lowpass=f=420,tremolo=f=0.15:d=0.6[b];[a][b]amix=2:normalize=0",
		footfall(0), footfall(0.55), tone, tone*3/2, tone)
}

// clipRecipe crops the clip three times.
func clipRecipe(clip string, seconds int) recipe {
	if seconds == 0 {
		seconds = clipSeconds
	}
	r := recipe{source: "the pedestrian clip of Debian's " + clipPackage}
	for _, c := range cameras {
		// What costs time by the pixel comes before the picture grows.
		picture := fmt.Sprintf("fps=%d,crop=%s,unsharp=3:3:0.7,%s,scale=%d:%d:flags=fast_bilinear,%s", frameRate, c.crop, grain, width, height, clock(c.label))
		args := append([]string{"-i", clip}, soundAndCodec(c.sound, picture, seconds)...)
		r.films = append(r.films, film{name: c.name, args: args, seconds: seconds})
	}
	return r
}

// drawnRecipe paints the three scenes.
func drawnRecipe(seconds int) recipe {
	if seconds == 0 {
		seconds = sceneSeconds
	}
	r := recipe{source: "a drawn scene"}
	for i, c := range cameras {
		size := fmt.Sprintf("%dx%d", width, height)
		args := []string{"-f", "rawvideo", "-pix_fmt", "rgba", "-s", size, "-r", strconv.Itoa(frameRate), "-i", "pipe:0"}
		args = append(args, soundAndCodec(c.sound, grain+","+clock(c.label), seconds)...)
		r.films = append(r.films, film{name: c.name, args: args, seconds: seconds, paint: scenes[i]})
	}
	return r
}

// clock burns the camera's name and a running time code into the top of the picture, where no player has its buttons.
func clock(label string) string {
	text := func(x, what string) string {
		return "drawtext=" + font() + "fontsize=34:fontcolor=white@0.92:box=1:boxcolor=black@0.45:boxborderw=12:y=36:x=" + x + ":" + what
	}
	return text("36", "text='"+label+"'") + "," + text("w-tw-36", `text='%{pts\:hms}'`)
}

// font names a font file where the usual one is there; else ffmpeg asks fontconfig for one.
func font() string {
	const file = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return "fontfile=" + file + ":"
}

// soundAndCodec is the half of the command that all films share. No B-frames and a key frame every two
// seconds, as cameras do.
func soundAndCodec(sound, picture string, seconds int) []string {
	return []string{
		"-filter_complex", "[0:v]" + picture + ",format=yuv420p[v];" + sound + ",aformat=channel_layouts=mono[s]",
		"-map", "[v]", "-map", "[s]", "-t", strconv.Itoa(seconds),
		"-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "main", "-bf", "0", "-refs", "1",
		"-g", strconv.Itoa(2 * frameRate), "-keyint_min", strconv.Itoa(2 * frameRate), "-sc_threshold", "0",
		"-b:v", "4M", "-maxrate", "4400k", "-bufsize", "4M",
		"-c:a", "aac", "-b:a", "64k", "-ac", "1", "-ar", "48000", "-movflags", "+faststart", "-f", "mp4",
	}
}

// encode makes one film and gives it its name only when ffmpeg has finished.
func encode(ctx context.Context, dir string, f film) error {
	final := filepath.Join(dir, f.name+".mp4")
	args := append([]string{"-hide_banner", "-v", "error", "-y"}, f.args...)
	cmd := exec.CommandContext(ctx, "ffmpeg", append(args, final+".part")...)
	var said bytes.Buffer
	cmd.Stderr = &said
	var err error
	if f.paint == nil {
		err = cmd.Run()
	} else {
		err = runPainted(cmd, f)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("ffmpeg for %s: %w: %s", f.name, err, lastLine(said.Bytes()))
	}
	if err := os.Rename(final+".part", final); err != nil {
		return fmt.Errorf("keep %s: %w", f.name, err)
	}
	return nil
}

// runPainted feeds the painter's frames into ffmpeg and waits for both.
func runPainted(cmd *exec.Cmd, f film) error {
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("open ffmpeg's input: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start ffmpeg: %w", err)
	}
	painted := paintFrames(in, f)
	return errors.Join(painted, in.Close(), cmd.Wait())
}

// paintFrames writes one raw picture after the other.
func paintFrames(w io.Writer, f film) error {
	p := newPainter(f.paint)
	for i := range f.seconds * frameRate {
		if _, err := w.Write(p.frame(float64(i) / frameRate)); err != nil {
			return fmt.Errorf("hand frame %d to ffmpeg: %w", i, err)
		}
	}
	return nil
}

// lastLine is the end of what a program said, for an error message.
func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
