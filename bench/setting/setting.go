// SPDX-License-Identifier: Apache-2.0

// Package setting is what the measurements share: the film that all cameras show, and the name of the machine. It keeps
// the film in the user's cache and trusts what lies there.
package setting

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Clip draws a clip of twenty seconds at the bit rate of a real camera into the cache.
func Clip(ctx context.Context) (string, error) {
	return Film(ctx, "bench-1080p15.mp4", nil, nil,
		"-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=15,noise=alls=12:allf=t", "-f", "lavfi", "-i", "sine=440:r=48000", "-t", "20",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0",
		"-b:v", "4M", "-maxrate", "4M", "-bufsize", "2M", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k")
}

// Film has ffmpeg draw a film into the cache, from what is given to its standard input. What is there by that name is
// taken as it is; what is drawn is kept only if check, where there is one, has nothing against it.
func Film(ctx context.Context, name string, input []byte, check func(path string) error, recipe ...string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "keyhold", name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	half := path + ".half.mp4"
	defer os.Remove(half)
	cmd := exec.CommandContext(ctx, "ffmpeg", append(append([]string{"-v", "error", "-y"}, recipe...), half)...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("draw the clip with ffmpeg: %w", err)
	}
	if check != nil {
		if err := check(half); err != nil {
			return "", fmt.Errorf("the clip that was drawn: %w", err)
		}
	}
	return path, os.Rename(half, path)
}

// Machine names the processor and the number of its cores.
func Machine() string {
	name := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				name = strings.TrimSpace(v)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores", name, runtime.NumCPU())
}
