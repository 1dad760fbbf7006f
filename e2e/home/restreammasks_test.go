// SPDX-License-Identifier: Apache-2.0

package home

import (
	"io"
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"

	"keyhold/internal/intime"
	"keyhold/statement/masks"
)

// yonder is covered in the place of window, and beyond where that lies in 320x180, without the blocks at its edges. Neither
// has a part of the other.
var (
	yonder = masks.Mask{Left: 0, Top: 0, Width: 200, Height: 1000}
	beyond = [4]int{2, 2, 60, 178}
)

// eye is a program that is not ours, and decodes what it reads of a camera of 320x180. It keeps of each picture how far
// brightness ranges where window and yonder lie.
type eye struct {
	ended chan struct{} // closed when it has ended

	mu   sync.Mutex
	seen [][2]int // guarded by mu
}

func (r *Rig) eye(address string) *eye {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", address, "-map", "0:v:0", "-vf", "format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1")
	out, err := cmd.StdoutPipe()
	must(r.t, err)
	must(r.t, cmd.Start())
	e := &eye{ended: make(chan struct{})}
	go func() {
		defer close(e.ended)
		for picture := make([]byte, 320*180); ; {
			if _, err := io.ReadFull(out, picture); err != nil {
				break
			}
			e.mu.Lock()
			e.seen = append(e.seen, [2]int{spread(picture, inner), spread(picture, beyond)})
			e.mu.Unlock()
		}
		_ = cmd.Wait()
	}()
	r.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-e.ended
	})
	return e
}

// spread is how far brightness ranges within a part of a picture.
func spread(picture []byte, part [4]int) int {
	low, high := byte(255), byte(0)
	for y := part[1]; y < part[3]; y++ {
		for x := part[0]; x < part[2]; x++ {
			low, high = min(low, picture[y*320+x]), max(high, picture[y*320+x])
		}
	}
	return int(high) - int(low)
}

// pictures are what it has seen.
func (e *eye) pictures() [][2]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([][2]int{}, e.seen...)
}

// sees waits for as many pictures more.
func (e *eye) sees(r *Rig, n int) {
	r.t.Helper()
	had := len(e.pictures())
	r.Until("pictures", func() bool { return len(e.pictures()) >= had+n })
}

// What an integration's programs read of a camera is covered in every picture, also while what is covered changes: the
// reading then ends, and the next one has what is covered from then on.
func TestWhatIsCoveredIsBlackForAnIntegration(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r.stream = l.Addr().String()
	must(t, l.Close())
	r.Begin()
	_, street := r.noise()
	r.mask(r.Member, street, window)
	at := r.lets("Home Assistant", street)[0]
	there := func() {
		t.Helper()
		r.Until("the camera", func() bool { _, err := probe(t.Context(), at); return err == nil })
	}
	// Of each picture the covered part is flat and the other one is not: so it is seen that there is something to cover.
	const flat, full = 6, 60
	covered := func(e *eye, part int, when string) {
		t.Helper()
		list := e.pictures()
		for i, p := range list {
			if p[part] > flat {
				t.Fatalf("%s: in picture %d of %d brightness ranges over %d where it is covered", when, i+1, len(list), p[part])
			}
			if p[1-part] < full {
				t.Fatalf("%s: in picture %d of %d brightness ranges over %d only where nothing is covered", when, i+1, len(list), p[1-part])
			}
		}
		t.Logf("%s: %d pictures, each covered", when, len(list))
	}
	// changes covers another part while a program reads, which has to end with what was covered before.
	changes := func(e *eye, list ...masks.Mask) {
		t.Helper()
		began := time.Now()
		r.mask(r.Member, street, list...)
		select {
		case <-e.ended:
		case <-time.After(patience):
			t.Fatal("what is covered has changed, and it still reads")
		}
		took := time.Since(began)
		t.Logf("it reads no more after %s", took)
		if limit := intime.By(2 * time.Second); took > limit {
			t.Errorf("it read on for %s, longer than %s", took, limit)
		}
	}

	there()
	e := r.eye(at)
	e.sees(r, 30)
	changes(e, yonder)
	covered(e, 0, "before it changed")

	there()
	e = r.eye(at)
	e.sees(r, 30)
	covered(e, 1, "after it changed")
	changes(e)
	covered(e, 1, "before it was uncovered")

	// The control: with nothing covered the very same measure sees the picture.
	there()
	e = r.eye(at)
	e.sees(r, 5)
	for _, p := range e.pictures() {
		if p[0] < full || p[1] < full {
			t.Errorf("uncovered, brightness ranges over %v only", p)
		}
	}
}
