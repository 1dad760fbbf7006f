// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"keyhold/e2e/harness"
	"keyhold/member/live"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// listener is a device that watches a camera and wants to hear it.
type listener struct{ pictures, packets atomic.Int64 }

func (r *Rig) listener(s *session.Session, c id.Camera) (l *listener, end func()) {
	l = &listener{}
	wish := live.Wish{
		Cameras: []id.Camera{c}, Picture: func(int, [][]byte, bool, time.Duration) { l.pictures.Add(1) }, Sound: func(*rtp.Packet) { l.packets.Add(1) },
	}
	ctx, stop := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	// On a busy machine a way may be lost before it is there, and everybody who watches asks again then.
	go func() { ended <- live.Keep(ctx, s, wish, nil) }()
	return l, func() {
		stop()
		if err := <-ended; err != nil {
			r.t.Errorf("watch: %v", err)
		}
	}
}

// waits waits longer than for anything else: on a busy machine views take their time, and so does the program that makes
// Opus of the camera's sound.
func (r *Rig) waits(what string, f func() bool) {
	r.t.Helper()
	must(r.t, harness.Poll(r.t.Context(), 4*patience, what, func(context.Context) bool { return f() }))
}

// hearsLive says whether somebody hears a camera while a witness, who may, hears two seconds of it.
func (r *Rig) hearsLive(witness, by *session.Session, c id.Camera) bool {
	r.t.Helper()
	one, end := r.listener(witness, c)
	defer end()
	other, end := r.listener(by, c)
	defer end()
	r.waits("pictures", func() bool { return other.pictures.Load() > 5 && one.packets.Load() > 0 })
	before := one.packets.Load()
	r.waits("two seconds of sound", func() bool { return one.packets.Load() > before+100 })
	return other.packets.Load() > 0
}

func TestWhoMayLookDoesNotHearForThat(t *testing.T) {
	t.Parallel()
	r := New(t)
	door := r.Add("Door", "a")
	gus := r.Bring("Gus", roster.Guardian)
	vera := r.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.Live}})
	if r.hearsLive(gus.session(), vera.session(), door) {
		t.Error("a viewer who was given the picture alone hears the camera")
	}
	owner := r.owner()
	give := func(actions ...roster.Action) {
		rights := []roster.Right{{Actions: actions}}
		r.order(owner, request.Op{Kind: request.OpAppendLink, Link: r.link(roster.SetRights{Person: vera.Person, Role: roster.Viewer, Rights: rights}, owner)})
	}
	give(roster.Listen, roster.Live)
	witness, end := r.listener(gus.session(), door)
	defer end()
	one, end := r.listener(vera.session(), door)
	defer end()
	r.waits("sound for who was given it", func() bool { return one.packets.Load() > 20 })
	give(roster.Live)
	r.waits("a second of sound for others alone", func() bool {
		was, from := one.packets.Load(), witness.packets.Load()
		r.waits("a second of sound", func() bool { return witness.packets.Load() > from+50 })
		return one.packets.Load() == was
	})
	pictures := one.pictures.Load()
	r.waits("pictures, still", func() bool { return one.pictures.Load() > pictures+5 })
}

func TestAChildsRoomIsHeardByFewAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	r := New(t)
	door := r.Add("Door", "a")
	gus := r.Bring("Gus", roster.Guardian)
	vera := r.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.Listen, roster.Live}, Cameras: []id.Camera{door}})
	if !r.hearsLive(gus.session(), vera.session(), door) {
		t.Fatal("a viewer hears nothing of a camera that is in nobody's room")
	}
	must(t, r.Member.SetChild(t.Context(), door, true))
	if r.hearsLive(gus.session(), vera.session(), door) {
		t.Error("a viewer hears a child's room")
	}
	r.Stop()
	r.Start()
	r.Serving()
	if r.hearsLive(gus.session(), vera.session(), door) {
		t.Error("a viewer hears a child's room once the hub was started anew")
	}
}
