// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"keyhold/api"
	"keyhold/bench/setting"
	"keyhold/e2e/harness"
	"keyhold/home/camera/freeport"
	"keyhold/member/device"
	"keyhold/member/live"
	"keyhold/member/session"
	"keyhold/statement/id"
)

// home is a household with one camera, its device, and the peer at the same camera.
type home struct {
	*harness.World
	session *session.Session
	camera  id.Camera
	peer    *harness.Process
	peerURL string
}

func begin(ctx context.Context) (h *home, err error) {
	clip, err := setting.Clip(ctx)
	if err != nil {
		return nil, err
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
	w.Env = []string{"PATH=" + w.Path("no-programs")} // preview pictures have nothing to do with it, and come in bursts
	h = &home{World: w}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	for _, start := range []func() error{
		func() error { return w.StartCameras(ctx, map[string]string{"door": clip}) },
		func() error { return w.StartCloud(ctx) },
		func() error { return w.StartHub(ctx) },
		func() error { return w.Pair(ctx, w.CloudURL()) },
		func() error { _, err := w.Owner(ctx, "cameras", "add", "Door", w.CameraURL("door")); return err },
		func() error { return h.startPeer(ctx) },
		func() error { return h.open(ctx) },
	} {
		if err := start(); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// open makes this program the household's device.
func (h *home) open(ctx context.Context) error {
	var err error
	if h.session, err = h.sessionIn("device"); err != nil {
		return err
	}
	v, err := h.session.Steady(ctx, func(*session.View) error { return nil })
	if err != nil {
		return err
	}
	c, ok := v.Camera("Door")
	if !ok {
		return errors.New("the camera is not there")
	}
	h.camera = c.ID
	return nil
}

// sessionIn is that of the device in a folder.
func (h *home) sessionIn(name string) (*session.Session, error) {
	folder, err := device.Open(h.Path(name))
	if err != nil {
		return nil, err
	}
	transport := api.Transport(time.Minute)
	transport.MaxIdleConnsPerHost = 16
	return session.Open(folder, &api.Client{Base: h.CloudURL(), HTTP: &http.Client{Transport: transport}})
}

func (h *home) startPeer(ctx context.Context) error {
	at, err := freeport.Address(ctx)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	h.peerURL = "http://" + at
	if h.peer, err = harness.Start("peer", h.Path("logs/peer.log"), nil, self, "-bare", h.CameraURL("door"), "-listen", at); err != nil {
		return err
	}
	return h.peer.Until(ctx, 20*time.Second, "listening", func(ctx context.Context) bool { return harness.Listens(ctx, at) })
}

func (h *home) close() error {
	var err error
	if h.peer != nil {
		err = h.peer.Stop()
	}
	return errors.Join(err, h.Close(), os.RemoveAll(h.Dir))
}

// first opens the camera once with each.
func (h *home) first(ctx context.Context, s *seen) error {
	took, end, err := h.watch(ctx)
	if err != nil {
		return err
	}
	end()
	late, end, err := h.watchPeer(ctx)
	if err != nil {
		return err
	}
	end()
	s.first, s.peerFirst = append(s.first, ms(took)), append(s.peerFirst, ms(late))
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// watch opens the camera at the hub, and says when its first picture was there.
func (h *home) watch(ctx context.Context) (time.Duration, func(), error) {
	came := make(chan time.Duration, 1)
	var once sync.Once
	began := time.Now()
	v, err := live.Open(ctx, h.session, live.Wish{Cameras: []id.Camera{h.camera}, Picture: func(int, [][]byte, bool, time.Duration) {
		once.Do(func() { came <- time.Since(began) })
	}})
	if err != nil {
		return 0, nil, err
	}
	took, err := soon(ctx, came)
	if err != nil {
		v.Close()
	}
	return took, v.Close, err
}

// soon waits for a first picture.
func soon(ctx context.Context, came <-chan time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	select {
	case took := <-came:
		return took, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("no picture came: %w", ctx.Err())
	}
}
