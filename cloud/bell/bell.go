// SPDX-License-Identifier: Apache-2.0

// Package bell tells those who wait that something has come, and nothing more.
//
// A ring carries no content and may be missed by whoever starts to listen too late, so a listener first listens, then
// looks, then waits. It works inside one process; the cloud is exactly one.
package bell

import "sync"

// Bell wakes listeners by topic. The zero value is ready.
type Bell struct {
	mu     sync.Mutex
	topics map[string]map[chan struct{}]struct{} // guarded by mu
}

// Ring wakes everybody who listens to the topic. It never waits.
func (b *Bell) Ring(topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.topics[topic] {
		select {
		case c <- struct{}{}:
		default: // has a ring to come already
		}
	}
}

// Listen returns a channel that gets a value after each Ring from now on; rings that come while one is pending are
// one. stop ends it.
func (b *Bell) Listen(topic string) (rings <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.topics == nil {
		b.topics = map[string]map[chan struct{}]struct{}{}
	}
	if b.topics[topic] == nil {
		b.topics[topic] = map[chan struct{}]struct{}{}
	}
	b.topics[topic][c] = struct{}{}
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.topics[topic], c)
		if len(b.topics[topic]) == 0 {
			delete(b.topics, topic)
		}
	}
}
