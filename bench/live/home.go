// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
	"keyhold/home/camera/freeport"
	"keyhold/member/live"
	"keyhold/member/session"
	"keyhold/statement/id"
)

// home is a household with one camera, its device, and the peer at the same camera.
type home struct {
	*setting.Home
	session *session.Session
	camera  id.Camera
	peer    *harness.Process
	peerURL string
}

func begin(ctx context.Context) (_ *home, err error) {
	own, err := setting.Begin(ctx, setting.Wish{Cameras: []string{"door"}, Bare: true})
	if err != nil {
		return nil, err
	}
	h := &home{Home: own}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err := h.startPeer(ctx, h.CameraURL("door")); err != nil {
		return nil, err
	}
	s, v, err := h.Device(ctx, "device")
	if err != nil {
		return nil, err
	}
	c, ok := v.Camera("door")
	if !ok {
		return nil, errors.New("the camera is not there")
	}
	h.session, h.camera = s, c.ID
	return h, nil
}

func (h *home) startPeer(ctx context.Context, camera string) error {
	at, err := freeport.Address(ctx)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	h.peerURL = "http://" + at
	if h.peer, err = harness.Start("peer", h.Path("logs/peer.log"), nil, self, "-bare", camera, "-listen", at); err != nil {
		return err
	}
	return h.peer.Until(ctx, 20*time.Second, "listening", func(ctx context.Context) bool { return harness.Listens(ctx, at) })
}

func (h *home) close() error {
	var err error
	if h.peer != nil {
		err = h.peer.Stop()
	}
	return errors.Join(err, h.Close())
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
