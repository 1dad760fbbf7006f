// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"keyhold/home/find"
	"keyhold/statement/id"
)

const (
	// foundTime is how long a camera that was found can be tried and added.
	foundTime = 15 * time.Minute
	// mostFound is how many are known at a time; the one that was not seen for longest goes first.
	mostFound = 256
)

// found is a camera that answered in the home. Once it was tried, url says where its stream is, and small where its second
// one is, if it has one that showed a picture, with user and password: they are never logged, stay in memory, and go after
// foundTime.
type found struct {
	device     find.Device
	serial     string
	url, small string
	seen       time.Time
}

// findings are the cameras that were found lately.
type findings struct {
	now  func() time.Time
	mu   sync.Mutex
	byID map[id.Found]*found // guarded by mu
}

// put notes a device and gives its handle, the same as before if it is known.
func (f *findings) put(d find.Device) (id.Found, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tidy()
	for handle, one := range f.byID {
		if one.device.Service == d.Service && one.device.Endpoint == d.Endpoint {
			one.seen = f.now()
			return handle, nil
		}
	}
	handle, err := id.NewFound(rand.Reader)
	if err == nil {
		f.byID[handle] = &found{device: d, seen: f.now()}
	}
	return handle, err
}

// tidy forgets what is old, and what is too much. mu is held.
func (f *findings) tidy() {
	var all []id.Found
	for handle, one := range f.byID {
		if f.now().Sub(one.seen) > foundTime {
			delete(f.byID, handle)
			continue
		}
		all = append(all, handle)
	}
	slices.SortFunc(all, func(a, b id.Found) int { return f.byID[a].seen.Compare(f.byID[b].seen) })
	for len(all) >= mostFound {
		delete(f.byID, all[0])
		all = all[1:]
	}
}

// get gives a copy of what is known.
func (f *findings) get(handle id.Found) (found, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tidy()
	one, ok := f.byID[handle]
	if !ok {
		return found{}, false
	}
	return *one, true
}

// tried notes what a camera said that was asked with a password.
func (f *findings) tried(handle id.Found, url, small, serial string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one, ok := f.byID[handle]; ok {
		one.url, one.small, one.serial, one.seen = url, small, serial, f.now()
	}
}

func (f *findings) forget(handle id.Found) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byID, handle)
}
