// SPDX-License-Identifier: Apache-2.0

package setting

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"keyhold/api"
	"keyhold/e2e/harness"
	"keyhold/member/session"
)

// Home is a household of its own, whose programs run.
type Home struct{ *harness.World }

// Wish is what a Home has.
type Wish struct {
	Cameras []string // names; all show the film
	Film    string   // the clip if empty
	// By gives the address by which the hub reaches a camera; the camera's own if nil.
	By   func(address string) (string, error)
	Bare bool // its hub has no program that draws preview pictures, which come in bursts
	// Cloud and Hub are further flags.
	Cloud, Hub []string
}

// Begin starts cameras, cloud and hub in a folder of their own, begins the household and adds the cameras.
func Begin(ctx context.Context, wish Wish) (_ *Home, err error) {
	film := wish.Film
	if film == "" {
		if film, err = Clip(ctx); err != nil {
			return nil, err
		}
	}
	programs, err := harness.Build(ctx, false)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "keyhold-bench-")
	if err != nil {
		return nil, err
	}
	w, err := harness.NewWorld(ctx, dir, programs)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	h := &Home{w}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if wish.Bare {
		w.Env = []string{"PATH=" + w.Path("no-programs")}
	}
	films := map[string]string{}
	for _, name := range wish.Cameras {
		films[name] = film
	}
	for _, start := range []func() error{
		func() error { return w.StartCameras(ctx, films) },
		func() error { return w.StartCloud(ctx, wish.Cloud...) },
		func() error { return w.StartHub(ctx, wish.Hub...) },
		func() error { return w.Pair(ctx, w.CloudURL()) },
	} {
		if err := start(); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(films)) {
		at := w.CameraURL(name)
		if wish.By != nil {
			if at, err = wish.By(at); err != nil {
				return nil, fmt.Errorf("the way to camera %s: %w", name, err)
			}
		}
		if _, err := w.Owner(ctx, "cameras", "add", name, at); err != nil {
			return nil, fmt.Errorf("add camera %s: %w", name, err)
		}
	}
	return h, nil
}

// Device is the session of the device in a folder, once all that there is has been checked.
func (h *Home) Device(ctx context.Context, folder string) (*session.Session, *session.View, error) {
	transport := api.Transport(time.Minute)
	transport.MaxIdleConnsPerHost = 16
	s, err := h.Session(folder, h.CloudURL(), transport)
	if err != nil {
		return nil, nil, err
	}
	v, err := s.Steady(ctx, func(*session.View) error { return nil })
	return s, v, err
}

// Close stops everything, and removes the folder.
func (h *Home) Close() error { return errors.Join(h.World.Close(), os.RemoveAll(h.Dir)) }
