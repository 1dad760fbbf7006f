// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"sync"
	"time"

	"keyhold/home/ingest"
	"keyhold/statement/rule"
)

const (
	// feedQueue is how many frames may wait for being cut into packets.
	feedQueue = 256
	// mostGroup bounds the group of pictures, in bytes: with a longer one who comes waits for the next key frame.
	mostGroup = 24 << 20
	// silence is how long a camera may send no picture before those who watch are told.
	silence = 5 * time.Second
	// lookAgain is how often a camera that is not there is looked for.
	lookAgain = 250 * time.Millisecond
)

// A feed is one stream of a camera for all who watch it: its pictures are cut into packets once. It runs while somebody
// watches.
type feed struct {
	of   stream
	stop context.CancelFunc
	done chan struct{} // closed when run has ended

	mu      sync.Mutex
	group   []*picture      // the newest key frame and what followed; guarded by mu
	size    int             // of the group, in bytes; guarded by mu
	tracks  map[*track]bool // guarded by mu
	playing bool            // guarded by mu
	foreign bool            // it is not of H.264, which is what was agreed on; guarded by mu
	flow    flow            // guarded by mu
}

// join gives a track the group, and from then on every picture.
func (f *feed) join(t *track) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tracks[t] = true
	if rule.Off("next-key-frame") { // no check, but what the bench measures beside: a hub that keeps no key frame
		t.begin(f, nil)
		return
	}
	t.begin(f, f.group)
}

// expect gives a track every picture from the next key frame on.
func (f *feed) expect(t *track) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tracks[t] = true
}

// again gives a track the group once more.
func (f *feed) again(t *track) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tracks[t] {
		t.begin(f, f.group)
	}
}

// leave gives a track no more.
func (f *feed) leave(t *track) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.tracks, t)
}

func (f *feed) isPlaying() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.playing
}

func (f *feed) isForeign() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.foreign
}

// run takes the camera's frames until the context ends. A camera that goes away is looked for again: the hub may give
// it another source.
func (f *feed) run(ctx context.Context, open func(stream) (Stream, func(), bool)) {
	defer close(f.done)
	for ctx.Err() == nil {
		if s, done, ok := open(f.of); ok {
			f.follow(ctx, s)
			done()
		}
		f.play(false)
		t := time.NewTimer(lookAgain)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// follow hands on one source until it ends.
func (f *feed) follow(ctx context.Context, s Stream) {
	defer s.Live()()
	sub, group := s.Watch(feedQueue)
	defer sub.Close()
	f.reset()
	defer f.reset() // what comes next may be covered: who comes in between gets nothing of before
	for _, fr := range group {
		f.take(fr)
	}
	quiet := time.NewTimer(silence)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-quiet.C:
			f.play(false)
		case fr, ok := <-sub.C():
			if !ok {
				return
			}
			if f.take(fr) {
				quiet.Reset(silence)
			}
		}
	}
}

func (f *feed) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.group, f.size = nil, 0
}

// take cuts a frame and hands it on; it says whether that was a picture.
func (f *feed) take(fr *ingest.Frame) bool {
	if fr == nil { // the session ended: what comes next is a key frame of another
		f.reset()
		return false
	}
	if fr.Kind != ingest.Video {
		return false
	}
	f.is(fr.Params.Codec)
	if fr.Params.Codec != ingest.H264 {
		return false // such a stream waits
	}
	p := newPicture(fr)
	f.play(true)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flow.add(p)
	if p.key {
		f.group, f.size = nil, 0
	}
	if p.key || len(f.group) > 0 {
		f.group, f.size = append(f.group, p), f.size+p.size
	}
	if f.size > mostGroup {
		f.group, f.size = nil, 0
	}
	for t := range f.tracks {
		t.offer(f, p)
	}
	return true
}

// is tells those who watch when it turns out that the stream is of another kind.
func (f *feed) is(codec ingest.Codec) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if foreign := codec != ingest.H264; f.foreign != foreign {
		f.foreign = foreign
		f.changed()
	}
}

// play tells those who watch when pictures come, and when they stop.
func (f *feed) play(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.playing == on {
		return
	}
	f.playing = on
	f.changed()
}

// changed needs the lock.
func (f *feed) changed() {
	for t := range f.tracks {
		t.view.changed()
	}
}
