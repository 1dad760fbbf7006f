// SPDX-License-Identifier: Apache-2.0

// Package setting is what the measurements share: the film that all cameras show, and the name of the machine. It keeps
// the film in the user's cache and trusts what lies there.
package setting

import (
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
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "keyhold", "bench-1080p15.mp4")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	half := path + ".half.mp4"
	defer os.Remove(half)
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-y",
		"-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=15,noise=alls=12:allf=t", "-f", "lavfi", "-i", "sine=440:r=48000", "-t", "20",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0",
		"-b:v", "4M", "-maxrate", "4M", "-bufsize", "2M", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k", half)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("draw the clip with ffmpeg: %w", err)
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
