// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"sync"
	"syscall"

	"filippo.io/age"

	"keyhold/home/camera"
	"keyhold/home/ingest"
	"keyhold/home/record"
	"keyhold/sealing/to"
	"keyhold/statement/id"
)

// makeClip draws a clip of twenty seconds at the bit rate of a real camera into the cache.
func makeClip(ctx context.Context) (string, error) {
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

func child(role string, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if role == roleCameras {
		return serve(ctx, args[0], args[1])
	}
	return hub(ctx, args[0], args[1] == "true", args[2], args[3:])
}

func serve(ctx context.Context, clip, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	cfg := camera.Config{Addr: "127.0.0.1:0"}
	for i := range n {
		cfg.Feeds = append(cfg.Feeds, camera.Feed{Path: fmt.Sprintf("cam%d", i), File: clip})
	}
	c, err := camera.Start(cfg)
	if err != nil {
		return err
	}
	fmt.Println(c.Addr())
	return c.Run(ctx)
}

// hub is the recording road of the production hub: the same packages, wired without the rest.
func hub(ctx context.Context, dir string, pictures bool, profile string, urls []string) error {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	spool, packs := filepath.Join(dir, "spool"), filepath.Join(dir, "packs")
	for _, d := range []string{spool, packs} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return err
		}
	}
	var thumbs *record.Thumbs
	if pictures {
		var err error
		if thumbs, err = record.NewThumbs(record.ThumbsConfig{}); err != nil {
			return err
		}
		defer thumbs.Close()
	}
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		return err
	}
	sealer, err := to.ParseRecipient(key.Recipient().String())
	if err != nil {
		return err
	}
	epoch, err := id.NewEpoch(rand.Reader)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for _, u := range urls {
		cam, err := id.NewCamera(rand.Reader)
		if err != nil {
			return err
		}
		r, err := record.New(record.Config{
			Camera: cam, Spool: spool, Packs: packs, Epoch: record.Epoch{ID: epoch, Sealer: sealer}, Thumbs: thumbs,
		})
		if err != nil {
			return err
		}
		s, err := ingest.New(ingest.Config{URL: u, Sink: r})
		if err != nil {
			return err
		}
		wg.Go(func() {
			s.Run(ctx)
			r.Close()
		})
	}
	fmt.Println("recording")
	wg.Wait()
	return nil
}
