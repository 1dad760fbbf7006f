// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"slices"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/member/live"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// smalls are the cameras of which the hub says that they have a second stream.
func (r *Rig) smalls() []id.Camera {
	r.t.Helper()
	return r.Do(request.Op{Kind: request.OpSmalls}).Result.Smalls
}

// setSmall says where a camera's second stream is, and gives the hub's word against it.
func (r *Rig) setSmall(s *session.Session, c id.Camera, url string) string {
	r.t.Helper()
	_, err := s.Do(r.t.Context(), request.Op{Kind: request.OpSetSmall, Camera: c, URL: url})
	return word(err)
}

// shownSmall watches cameras that are shown small.
func (r *Rig) shownSmall(cameras ...id.Camera) (end func()) {
	r.t.Helper()
	v, err := live.Open(r.t.Context(), r.Member, live.Wish{Cameras: cameras, Small: true, Picture: func(int, [][]byte, bool, time.Duration) {}})
	must(r.t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = v.Wait(ctx) }()
	return func() { stop(); <-ended; v.Close() }
}

func TestTheSecondStreamIsFoundAndConnectedWhileSomebodyLooks(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.addFound("Door")
	yard := r.Add("Yard", "b")
	if list := r.smalls(); !slices.Equal(list, []id.Camera{door}) {
		t.Fatalf("the cameras with a second stream are %v, not the one that named it", list)
	}
	second := camera.SmallPath("a")
	if n := r.Camera.Readers(second); n != 0 {
		t.Errorf("%d are connected to the second stream while nobody looks", n)
	}
	end := r.shownSmall(door, yard)
	r.Until("a connection to the second stream", func() bool { return r.Camera.Readers(second) == 1 })
	more := r.shownSmall(door)
	r.Until("the record of both looks", func() bool { return len(r.lives(door)) == 2 })
	if n := r.Camera.Readers(second); n != 1 {
		t.Errorf("%d are connected to the second stream", n)
	}
	if n := r.Camera.Readers("a"); n != 1 {
		t.Errorf("%d are connected to the first stream, not the recorder", n)
	}
	more()
	end()
	r.Until("the end of the connection", func() bool { return r.Camera.Readers(second) == 0 })
	if n := r.Camera.Readers("a"); n != 1 {
		t.Errorf("%d are connected to the first stream, not the recorder", n)
	}
	// What ends the camera ends both.
	defer r.shownSmall(door, yard)()
	r.Until("a connection to the second stream", func() bool { return r.Camera.Readers(second) == 1 })
	r.Do(request.Op{Kind: request.OpRemoveCamera, Camera: door})
	if n, m := r.Camera.Readers("a"), r.Camera.Readers(second); n+m != 0 {
		t.Errorf("after the camera was removed %d and %d are connected", n, m)
	}
	r.hasNoPassword()
}

func TestTheSecondStreamIsSetAndTakenAway(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	yard := r.Add("Yard", "b")
	second := r.URL(camera.SmallPath("a")[1:])
	for _, c := range []struct{ camera, url, word string }{
		{string(yard), "rtsp://u:p@127.0.0.1:1/none", request.RefusedUnreachable},
		{string(yard), r.URL("a") + "/nothing", request.RefusedUnreachable},
		{"cam_aaaaaaaaaaaaaaaaaaaaaaaaaa", second, request.RefusedNotFound},
		{string(yard), second, ""},
	} {
		if word := r.setSmall(r.Member, id.Camera(c.camera), c.url); word != c.word {
			t.Errorf("the second stream of %s is answered %q, want %q", c.camera, word, c.word)
		}
	}
	if list := r.smalls(); !slices.Equal(list, []id.Camera{yard}) {
		t.Fatalf("the cameras with a second stream are %v", list)
	}
	path := camera.SmallPath("a")
	defer r.shownSmall(yard)()
	r.Until("a connection", func() bool { return r.Camera.Readers(path) == 1 })
	// While somebody looks.
	if word := r.setSmall(r.Member, yard, ""); word != "" {
		t.Fatal(word)
	}
	r.Until("its end", func() bool { return r.Camera.Readers(path) == 0 })
	if list := r.smalls(); len(list) != 0 {
		t.Errorf("the cameras with a second stream are %v", list)
	}
	// The hub keeps it over a restart.
	if word := r.setSmall(r.Member, yard, second); word != "" {
		t.Fatal(word)
	}
	r.Stop()
	r.Start()
	r.Serving()
	r.Until("the second stream after a restart", func() bool { return slices.Equal(r.smalls(), []id.Camera{yard}) })
}

func TestWhatIsCoveredOrRecordedStaysWithItsStream(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	yard := r.Add("Yard", "b")
	record := func(form string) string {
		_, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpSetRecorded, Camera: yard, Recorded: form})
		return word(err)
	}
	answers := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: the hub answers %q, want %q", what, got, want)
		}
	}
	second := r.URL(camera.SmallPath("a")[1:])
	answers("a second stream", r.setSmall(r.Member, yard, second), "")
	r.mask(r.Member, yard, window)
	answers("recording the second stream while something is covered", record(request.RecordSmall), request.RefusedCovered)
	answers("making others of the same pictures", record(request.RecordMade), "")
	answers("another second stream, that is not recorded", r.setSmall(r.Member, yard, r.URL("a")), "")
	answers("the first second stream", r.setSmall(r.Member, yard, second), "")
	r.mask(r.Member, yard)
	answers("recording the second stream", record(request.RecordSmall), "")
	answers("taking away what is recorded", r.setSmall(r.Member, yard, ""), request.RefusedForm)
	r.mask(r.Member, yard, window)
	answers("another stream to be recorded", r.setSmall(r.Member, yard, r.URL("a")), request.RefusedCovered)
	answers("recording the first stream", record(request.RecordSent), request.RefusedCovered)
	if form := r.form(yard); form.Form != request.RecordSmall || !form.Small {
		t.Errorf("it is recorded as %+v", form)
	}
}
