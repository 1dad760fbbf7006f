// SPDX-License-Identifier: Apache-2.0

package away

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// oneWay is how long a packet takes on a line: there and back it is 40 ms.
	oneWay = 20 * time.Millisecond
	// loss is how many packets are lost, in each direction.
	loss = 0.01
	// perSecond is what goes through in a second, in bytes, where nothing else is said; longest is how much may wait for
	// that.
	perSecond = 20e6 / 8
	longest   = 200 * time.Millisecond
)

// A Wire is a line between a router and the rest of the world. It delays, loses, and holds no more than a line does.
type Wire struct {
	near, far *os.File
	wg        sync.WaitGroup
	cut       atomic.Bool
	rate      atomic.Int64
	seed      uint64

	mu  sync.Mutex
	tap func([]byte) // guarded by mu
}

// NewWire makes the device wan in the router, and one of the given name here.
func NewWire(router *Space, name string) (*Wire, error) {
	w := &Wire{}
	for i := range len(name) {
		w.seed = w.seed*31 + uint64(name[i])
	}
	err := router.In(func() (err error) { w.near, err = tun("wan"); return err })
	if err != nil {
		return nil, err
	}
	if w.far, err = tun(name); err != nil {
		return nil, errors.Join(err, w.near.Close())
	}
	w.rate.Store(perSecond)
	w.wg.Go(func() { w.carry(w.near, w.far, 0) })
	w.wg.Go(func() { w.carry(w.far, w.near, 1) })
	return w, nil
}

// tun opens a device whose packets are read and written here.
func tun(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	r, err := unix.NewIfreq(name)
	if err == nil {
		r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, r)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the device %s: %w", name, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Cut cuts the line, or mends it.
func (w *Wire) Cut(cut bool) { w.cut.Store(cut) }

// Carries sets how many bytes go through in a second, in each direction.
func (w *Wire) Carries(perSecond int64) { w.rate.Store(perSecond) }

// Tap is given each packet that enters the line from either side; nil ends that.
func (w *Wire) Tap(f func([]byte)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tap = f
}

// Close ends it.
func (w *Wire) Close() error {
	err := errors.Join(w.near.Close(), w.far.Close())
	w.wg.Wait()
	return err
}

type flight struct {
	due    time.Time
	packet []byte
}

// carry brings packets over, in their order.
func (w *Wire) carry(from, to *os.File, direction uint64) {
	luck := rand.New(rand.NewPCG(w.seed, direction)) //nolint:gosec // the same losses each time
	air := make(chan flight, 4096)
	w.wg.Go(func() {
		for f := range air {
			time.Sleep(time.Until(f.due)) // this is what a line does
			_, _ = to.Write(f.packet)     // a device that is down loses it
		}
	})
	defer close(air)
	free := time.Now() // when what was sent before has gone out
	for {
		b := make([]byte, 2048)
		n, err := from.Read(b)
		if errors.Is(err, fs.ErrClosed) {
			return
		}
		if err != nil || w.cut.Load() {
			continue
		}
		w.mu.Lock()
		if w.tap != nil {
			w.tap(b[:n])
		}
		w.mu.Unlock()
		now := time.Now()
		if free.Before(now) {
			free = now
		}
		if luck.Float64() < loss || free.Sub(now) > longest {
			continue
		}
		free = free.Add(time.Duration(float64(n) / float64(w.rate.Load()) * float64(time.Second)))
		air <- flight{free.Add(oneWay), b[:n]}
	}
}
