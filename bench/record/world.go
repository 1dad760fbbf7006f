// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/camera/freeport"
)

// startCameras runs the simulated cameras for all measurements.
func startCameras(ctx context.Context, dir string, programs harness.Programs, clip string, n int) (*harness.Process, []string, error) {
	addr, err := freeport.Address(ctx)
	if err != nil {
		return nil, nil, err
	}
	args := []string{"camera", "serve", "--listen", addr}
	var urls []string
	for i := range n {
		args = append(args, fmt.Sprintf("cam%d=%s", i, clip))
		urls = append(urls, fmt.Sprintf("rtsp://%s/cam%d", addr, i))
	}
	p, err := harness.Start("cameras", filepath.Join(dir, "cameras.log"), nil, programs.Keyhold, args...)
	if err != nil {
		return nil, nil, err
	}
	err = p.Until(ctx, 20*time.Second, "listening", func(ctx context.Context) bool { return harness.Listens(ctx, addr) })
	if err != nil {
		return nil, nil, errors.Join(err, p.Stop())
	}
	return p, urls, nil
}

// nowhere is an address at which nobody answers.
const nowhere = "http://127.0.0.1:1"

// A home is a household with a hub that is started for each measurement.
type home struct {
	*harness.World
	send bool
}

// found begins a household and adds the cameras. Without send the cloud is away while the hub is measured, and there is
// no decoder of preview pictures.
func found(ctx context.Context, dir string, programs harness.Programs, urls []string, send bool) (h *home, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	w, err := harness.NewWorld(ctx, dir, programs)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if err := w.StartCloud(ctx); err != nil {
		return nil, err
	}
	if err := w.StartHub(ctx); err != nil {
		return nil, err
	}
	if err := w.Pair(ctx, w.CloudURL()); err != nil {
		return nil, err
	}
	for i, u := range urls {
		if _, err := w.Owner(ctx, "cameras", "add", fmt.Sprintf("camera %d", i+1), u); err != nil {
			return nil, err
		}
	}
	if err := w.Hub.Stop(); err != nil {
		return nil, err
	}
	if !send {
		w.HubCloud, w.Env = nowhere, []string{"PATH=" + w.Path("no-programs")}
		if err := w.Cloud.Stop(); err != nil {
			return nil, err
		}
	}
	return &home{w, send}, nil
}
