// SPDX-License-Identifier: Apache-2.0

// Package challenge gives what a command to act has to be signed over, and takes it back once.
//
// It is in memory alone: what was given before a restart is good for nothing after it. It holds a few for each device, so
// that nobody fills it.
package challenge

import (
	"crypto/rand"
	"slices"
	"sync"

	"keyhold/statement/command"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// mostOfDevice is how many of one device may be out: more than fingers press in their time.
const mostOfDevice = 8

// Book is what is out. The zero value is ready; it is safe for concurrent use.
type Book struct {
	mu  sync.Mutex
	out map[id.Device][]given // the oldest first; guarded by mu
}

type given struct {
	bytes [command.ChallengeSize]byte
	asked command.Asked
}

// Give makes a challenge for what a device wants to do. now is the hub's clock in milliseconds.
func (b *Book) Give(d id.Device, action roster.Action, target id.Camera, now int64) ([]byte, command.Asked) {
	g := given{asked: command.Asked{Action: action, NotAfter: now + command.Window, Target: target}}
	_, _ = rand.Read(g.bytes[:]) // it never fails
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.out == nil {
		b.out = map[id.Device][]given{}
	}
	list := b.out[d]
	if len(list) >= mostOfDevice {
		list = slices.Delete(list, 0, len(list)-mostOfDevice+1)
	}
	b.out[d] = append(list, g)
	return g.bytes[:], g.asked
}

// Take gives what a challenge was made for. It is gone then, whatever comes of it.
func (b *Book) Take(d id.Device, challenge []byte) (command.Asked, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, g := range b.out[d] {
		if string(g.bytes[:]) == string(challenge) {
			if b.out[d] = slices.Delete(b.out[d], i, i+1); len(b.out[d]) == 0 {
				delete(b.out, d)
			}
			return g.asked, true
		}
	}
	return command.Asked{}, false
}

// Drop forgets what was given for a target: what it means has changed since.
func (b *Book) Drop(target id.Camera) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for d, list := range b.out {
		if b.out[d] = slices.DeleteFunc(list, func(g given) bool { return g.asked.Target == target }); len(b.out[d]) == 0 {
			delete(b.out, d)
		}
	}
}
