// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"slices"
	"sync"
)

// mostGroup bounds the group of pictures that is kept of a camera, in bytes.
const mostGroup = 24 << 20

// A Subscription takes the frames of a source at its own pace. Who is too slow loses frames, always up to the next key
// frame, so that what is taken can be decoded; nobody else waits.
type Subscription struct {
	fan *fan
	c   chan *Frame

	skipping bool // until the next key frame; guarded by fan.mu
	lost     int  // guarded by fan.mu
}

// C gives the frames, and nil where a session ends. It is closed when the source ends.
func (s *Subscription) C() <-chan *Frame { return s.c }

// Lost is how many frames did not fit into the queue.
func (s *Subscription) Lost() int {
	s.fan.mu.Lock()
	defer s.fan.mu.Unlock()
	return s.lost
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.fan.mu.Lock()
	defer s.fan.mu.Unlock()
	if s.fan.takers[s] {
		delete(s.fan.takers, s)
		close(s.c)
	}
}

// A fan hands frames to any number of takers.
type fan struct {
	mu     sync.Mutex
	takers map[*Subscription]bool
	closed bool
	group  []*Frame // the newest key frame and the pictures after it; guarded by mu
	size   int      // of the group, in bytes; guarded by mu
}

func (f *fan) subscribe(queue int) *Subscription {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.add(queue)
}

// watch is subscribe for who wants to see something at once: it gives the group, and what follows on it.
func (f *fan) watch(queue int) (*Subscription, []*Frame) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.add(queue)
	s.skipping = len(f.group) == 0
	return s, slices.Clone(f.group)
}

// add needs the lock.
func (f *fan) add(queue int) *Subscription {
	s := &Subscription{fan: f, c: make(chan *Frame, max(queue, 1)), skipping: true}
	if f.closed {
		close(s.c)
		return s
	}
	if f.takers == nil {
		f.takers = map[*Subscription]bool{}
	}
	f.takers[s] = true
	return s
}

func (f *fan) send(fr *Frame) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keep(fr)
	for s := range f.takers {
		s.offer(fr)
	}
}

// keep holds on to the group of pictures. The caller holds the lock.
func (f *fan) keep(fr *Frame) {
	switch {
	case fr == nil || fr.Kind == Video && fr.Key:
		clear(f.group) // who watches has a copy of its own
		f.group, f.size = f.group[:0], 0
	case fr.Kind != Video || len(f.group) == 0:
		return
	}
	if fr == nil {
		return
	}
	if f.size += fr.Size(); f.size > mostGroup {
		f.group, f.size = nil, 0
		return
	}
	f.group = append(f.group, fr)
}

// offer never waits. The caller holds the lock.
func (s *Subscription) offer(fr *Frame) {
	starts := fr == nil || fr.Kind == Video && fr.Key
	if s.skipping && !starts {
		if s.lost > 0 { // before the first key frame nothing is lost
			s.lost++
		}
		return
	}
	select {
	case s.c <- fr:
		s.skipping = fr == nil
	default:
		s.lost++
		s.skipping = true
	}
}

func (f *fan) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.group = true, nil
	for s := range f.takers {
		delete(f.takers, s)
		close(s.c)
	}
}
