// SPDX-License-Identifier: Apache-2.0

package live

// A viewer that shows a camera small may have its second, smaller stream, and one whose first is not of H.264 is shown
// by its second; so is one whose line does not carry the first. Until that has a key frame the other goes on, so nobody
// sees a hole; and where it stops, the first is sent again.

// choose lets a track hold the feeds that it needs now, says whose pictures are to be sent next, and lets go of what it
// needs no more. It belongs to talk.
func (v *View) choose(t *track) {
	_, has := v.engine.small(t.camera)
	foreign := t.main != nil && t.main.isForeign()
	v.mu.Lock()
	from, wanted := t.from, t.wantSmall
	small := t.shown && has && (wanted || foreign || v.steer.Narrow())
	v.mu.Unlock()
	eased := t.eased
	t.eased = small && !wanted && !foreign

	stalled := from == t.small && !t.small.isPlaying()
	if small && t.small == nil {
		t.small = v.engine.hold(stream{t.camera, true})
	}
	if t.main == nil && (!small || stalled) {
		t.main = v.engine.hold(stream{t.camera, false})
	}
	target := t.main
	if small && (!stalled || foreign) {
		target = t.small
	}
	switch {
	case !t.follow(target):
	case eased && !small && !wanted:
		// The whole group at once is what such a line carries least, and the small picture goes on meanwhile.
		target.expect(t)
	default:
		target.join(t)
	}
	from = t.current()
	// Where the viewer wanted the first it is kept: it may be of H.264 again.
	if from == t.small && wanted && small && t.small.isPlaying() {
		t.main = v.release(t, t.main)
	}
	if from != t.small && !small {
		t.small = v.release(t, t.small)
	}
}

func (v *View) chooseAll() {
	for _, t := range v.tracks {
		v.choose(t)
	}
}

// release lets go of a feed, if it is held.
func (v *View) release(t *track, f *feed) *feed {
	if f != nil {
		f.leave(t)
		v.engine.drop(f)
	}
	return nil
}

// current is the feed whose pictures are sent.
func (t *track) current() *feed {
	t.view.mu.Lock()
	defer t.view.mu.Unlock()
	return t.from
}

// follow says whose pictures are to be sent from its next key frame on, and whether that is new.
func (t *track) follow(f *feed) bool {
	t.view.mu.Lock()
	defer t.view.mu.Unlock()
	if f == t.from {
		t.next = nil
		return false
	}
	if f == t.next {
		return false
	}
	t.next = f
	return true
}
