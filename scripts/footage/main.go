// SPDX-License-Identifier: Apache-2.0

// Command footage makes the three films that the simulated cameras play: front-door, garden and driveway.
//
// It takes them from the pedestrian clip inside Debian's opencv-doc package (three crops, brought to 1080p
// H.264 with a running clock and a synthesised sound track), or, where that clip cannot be had or when asked
// with --drawn, from a scene that it draws itself. It promises that a second run with the same recipe does
// nothing, that a film appears under its name only when it is whole, and that it says which of the two sources
// was used. It trusts ffmpeg. A crash may leave files ending in .part, which the next run overwrites.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := flag.String("out", "", "folder to fill (default $XDG_CACHE_HOME/keyhold/footage)")
	drawn := flag.String("drawn", "", "draw the scene into this folder instead of using the clip")
	seconds := flag.Int("seconds", 0, "length of the films (default: the whole clip, or 40 s when drawn)")
	still := flag.Bool("still", false, "with --drawn: one PNG a camera instead of films")
	flag.Parse()
	if err := run(ctx, *out, *drawn, *seconds, *still, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "footage:", err)
		os.Exit(1)
	}
}

// run decides where the pictures come from and fills the folder.
func run(ctx context.Context, out, drawn string, seconds int, still bool, w io.Writer) error {
	if drawn != "" {
		if still {
			return drawStills(drawn)
		}
		return fill(ctx, drawn, drawnRecipe(seconds), w)
	}
	if out == "" {
		cache, err := cacheDir()
		if err != nil {
			return err
		}
		out = filepath.Join(cache, "footage")
	}
	clip, err := findClip(ctx, w)
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil {
		fmt.Fprintf(w, "\n*** The pedestrian clip could not be had: %v\n*** The cameras will show a DRAWN SCENE instead of real footage.\n\n", err)
		return fill(ctx, out, drawnRecipe(seconds), w)
	}
	return fill(ctx, out, clipRecipe(clip, seconds), w)
}

// stamp is what a filled folder remembers about how it was made.
type stamp struct {
	Recipe string `json:"recipe"`
	Source string `json:"source"`
}

// fill makes every film of the recipe unless the folder already holds exactly these.
func fill(ctx context.Context, dir string, r recipe, w io.Writer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the footage folder: %w", err)
	}
	want := stamp{Recipe: r.hash(), Source: r.source}
	stampPath := filepath.Join(dir, "recipe.json")
	if upToDate(dir, stampPath, want, r) {
		fmt.Fprintf(w, "footage: %s is ready (%s)\n", dir, r.source)
		return nil
	}
	if err := os.Remove(stampPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget the old footage: %w", err)
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		return errors.New("ffmpeg is not installed: run `make setup`")
	}
	began := time.Now()
	fmt.Fprintf(w, "footage: making %d films from %s; this is done once\n", len(r.films), r.source)
	for _, f := range r.films {
		if err := encode(ctx, dir, f); err != nil {
			return err
		}
		fmt.Fprintf(w, "footage: %s.mp4 after %.0f s\n", f.name, time.Since(began).Seconds())
	}
	text, err := json.Marshal(want)
	if err != nil {
		return fmt.Errorf("write the footage stamp: %w", err)
	}
	if err := os.WriteFile(stampPath, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the footage stamp: %w", err)
	}
	return nil
}

// upToDate says whether the folder was filled by this very recipe.
func upToDate(dir, stampPath string, want stamp, r recipe) bool {
	text, err := os.ReadFile(stampPath)
	if err != nil {
		return false
	}
	var have stamp
	if json.Unmarshal(text, &have) != nil || have != want {
		return false
	}
	for _, f := range r.films {
		if info, err := os.Stat(filepath.Join(dir, f.name+".mp4")); err != nil || info.Size() == 0 {
			return false
		}
	}
	return true
}

// cacheDir is where downloads and films are kept, outside the tree.
func cacheDir() (string, error) {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the cache folder: %w", err)
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "keyhold"), nil
}

// hexHash is the SHA-256 of a text, in hex.
func hexHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
