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
