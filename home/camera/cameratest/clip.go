// SPDX-License-Identifier: Apache-2.0

// Package cameratest draws clips for tests with ffmpeg. It keeps them in a cache, so that a second test run is quick;
// a half-drawn clip is never left under its final name.
package cameratest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Args are what ffmpeg gets before the name of the file.
type Args []string

// Plain is a moving test picture of seven seconds and a bit, with B-frames, a key frame every two seconds and a tone.
func Plain() Args {
	return Args{
		"-f", "lavfi", "-i", "testsrc2=s=320x180:r=15", "-f", "lavfi", "-i", "sine=440:r=48000", "-t", "7.3",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0",
		"-pix_fmt", "yuv420p", "-c:a", "aac",
	}
}

// Silent is Plain without sound and without B-frames, with a key frame every second.
func Silent() Args {
	return Args{
		"-f", "lavfi", "-i", "testsrc2=s=320x180:r=15", "-t", "8",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "15", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
	}
}

// Blip is ten seconds with a white flash and a beep of 100 ms at each full second.
func Blip() Args {
	return Args{
		"-f", "lavfi", "-i", "color=black:s=160x90:r=15,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'",
		"-f", "lavfi", "-i", "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=48000", "-t", "10",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k",
	}
}

// Clip gives the path of an MP4 file.
func Clip(t testing.TB, args Args) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "keyhold", "test-clips")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(strings.Join(args, "\x00")))
	path := filepath.Join(dir, hex.EncodeToString(sum[:8])+".mp4")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	f, err := os.CreateTemp(dir, "drawing-*.mp4")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	defer os.Remove(f.Name())
	Run(t, "ffmpeg", append(append([]string{"-v", "error", "-y"}, args...), f.Name())...)
	if err := os.Rename(f.Name(), path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Run runs a program that the test needs and gives its output and its complaints.
func Run(t testing.TB, name string, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, errs.String())
	}
	return out.String(), errs.String()
}
