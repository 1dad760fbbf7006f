// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	clipPackage = "opencv-doc"
	clipPath    = "usr/share/doc/opencv-doc/examples/data/vtest.avi"
	// clipHash is the SHA-256 of the clip; a package that carries another file is refused.
	clipHash = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"
)

// findClip returns the path of the clip: the cached copy, the installed package's, or a freshly fetched one.
// The package weighs 96 MB, so only this one file of it is kept and the package is never installed.
func findClip(ctx context.Context, w io.Writer) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	cached := filepath.Join(cache, "clip", "vtest.avi")
	for _, path := range []string{cached, "/" + clipPath} {
		if hashOf(path) == clipHash {
			return path, nil
		}
	}
	began := time.Now()
	fmt.Fprintf(w, "footage: fetching %s (96 MB) for one clip inside it\n", clipPackage)
	if err := fetchClip(ctx, cached); err != nil {
		return "", err
	}
	fmt.Fprintf(w, "footage: clip fetched in %.0f s (download)\n", time.Since(began).Seconds())
	return cached, nil
}

// fetchClip downloads the package, takes the one file out and keeps it only if its hash is the known one.
func fetchClip(ctx context.Context, dst string) error {
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return fmt.Errorf("make the clip's folder: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dst), "fetch-")
	if err != nil {
		return fmt.Errorf("make a folder for the download: %w", err)
	}
	defer os.RemoveAll(tmp)
	// As root, apt drops to a user of its own that cannot write here; it says so and goes on.
	get := exec.CommandContext(ctx, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", clipPackage)
	get.Dir = tmp
	if text, err := get.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get download %s: %w: %s", clipPackage, err, lastLine(text))
	}
	debs, err := filepath.Glob(filepath.Join(tmp, "*.deb"))
	if err != nil || len(debs) != 1 {
		return fmt.Errorf("apt-get download %s left %d packages", clipPackage, len(debs))
	}
	unpack := exec.CommandContext(ctx, "sh", "-c", `dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" "./$3"`, "sh", debs[0], tmp, clipPath)
	if text, err := unpack.CombinedOutput(); err != nil {
		return fmt.Errorf("take the clip out of %s: %w: %s", clipPackage, err, lastLine(text))
	}
	got := filepath.Join(tmp, clipPath)
	if hashOf(got) != clipHash {
		return errors.New("the package's clip is not the known one (its SHA-256 differs)")
	}
	if err := os.Rename(got, dst); err != nil {
		return fmt.Errorf("keep the clip: %w", err)
	}
	return nil
}

// hashOf is the hex SHA-256 of a file, or nothing where it cannot be read.
func hashOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}
