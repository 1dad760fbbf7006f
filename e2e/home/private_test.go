// SPDX-License-Identifier: Apache-2.0

package home

import (
	"errors"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/internal/intime"
	"keyhold/member/live"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/private"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/signal"
)

// off turns a camera, or all, off or on again by hand.
func (r *Rig) off(s *session.Session, c id.Camera, on bool) {
	r.t.Helper()
	_, err := s.SetPrivate(r.t.Context(), c, func(x *private.Setting) { x.On = on })
	must(r.t, err)
}

// reads says how many take a feed of the camera now.
func (r *Rig) reads(path string) int { return r.Camera.Readers(path) }

// quiet waits until nobody takes a feed, and says how long that took.
func (r *Rig) quiet(path string) time.Duration {
	r.t.Helper()
	began := time.Now()
	for r.reads(path) > 0 {
		if time.Since(began) > patience {
			r.t.Fatalf("%s is still read", path)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

// privates are when a camera was private, on its record.
func (r *Rig) privates(c id.Camera) []*manifest.Private {
	r.t.Helper()
	return r.Timeline(c).Privates
}

// state is how the hub says that a camera is.
func (r *Rig) state(c id.Camera) string {
	r.t.Helper()
	for _, x := range r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras {
		if x.ID == c {
			return x.State
		}
	}
	return ""
}

func TestPrivateClosesTheStreamAtItsSourceAndEverybodyIsTold(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	ben := r.Bring("Ben", roster.Owner)
	r.Packs(door, 1)
	heard := r.listen(ben.session())
	v, err := r.watch(ben.session(), nil, door)
	must(t, err)
	second := camera.SmallPath("a")
	if word := r.setSmall(r.Member, door, r.URL(second[1:])); word != "" {
		t.Fatal(word)
	}
	defer r.shownSmall(door)()
	r.Until("a reader of each stream", func() bool { return r.reads("a") == 1 && r.reads(second) == 1 })

	began := time.Now()
	r.off(r.Member, door, true)
	answered := time.Since(began)
	after := r.quiet("a") + r.quiet(second)
	t.Logf("answered after %s, no reader %s later", answered, after)
	if after > intime.By(time.Second) {
		t.Errorf("the camera had a reader for %s after the hub had answered", after)
	}
	var ended *live.EndedError
	if err := <-v.ended; !errors.As(err, &ended) || ended.Word != signal.Private {
		t.Errorf("the view ended with %v", err)
	}
	if n := r.reads("b"); n != 1 {
		t.Errorf("the other camera has %d readers", n)
	}
	r.Until("word that the door is private", func() bool { return len(heard.newest().Private) == 1 })
	told := heard.newest().Private[0]
	if told.Camera != door || told.Person != r.Member.Person() || told.Device != r.Member.Keys.ID() || told.Home || told.Hours {
		t.Errorf("what was told is %+v", told)
	}
	r.Until("it on the record", func() bool { return len(r.privates(door)) == 1 })
	if l := r.privates(door)[0]; l.State != manifest.PrivateBegan || l.Since != told.Since || l.Person != r.Member.Person() {
		t.Errorf("on the record is %+v", l)
	}
	if acts := r.Timeline(door).Acts; len(acts) != 1 || acts[0].Person != r.Member.Person() || acts[0].Private == nil || !acts[0].Private.On {
		t.Errorf("who turned it off is said to be %+v", acts)
	}
	if word := r.setSmall(r.Member, door, r.URL("b")); word != request.RefusedPrivate {
		t.Errorf("another stream of it is looked at: %q", word)
	}
	if s := r.state(door); s != request.CameraPrivate {
		t.Errorf("the hub says that it is %s", s)
	}
	var no *live.RefusedError
	if _, err := live.Open(t.Context(), ben.session(), live.Wish{Cameras: []id.Camera{door}}); !errors.As(err, &no) || no.Word != signal.Private {
		t.Errorf("a view of it: %v", err)
	}

	began = time.Now()
	r.off(ben.session(), door, false) // anybody who may turn it off may turn it on again
	r.Until("a reader again", func() bool { return r.reads("a") == 1 })
	t.Logf("a reader again %s later", time.Since(began))
	r.Until("word that nothing is private", func() bool { return len(heard.newest().Private) == 0 })
	r.Until("the stretch on the record", func() bool {
		list, gaps := r.privates(door), r.Timeline(door).Gaps
		return len(list) == 1 && list[0].State == manifest.PrivateEnded && list[0].Person == ben.Person &&
			len(gaps) > 0 && gaps[len(gaps)-1].Reason == manifest.GapPrivate && gaps[len(gaps)-1].From < list[0].Since+1000 && gaps[len(gaps)-1].Until >= list[0].Until
	})
	if n := len(r.privates(yard)); n != 0 {
		t.Errorf("the other camera has %d such leaves", n)
	}
}

func TestNothingConnectsToAPrivateCameraOverARestart(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	r.off(r.Member, id.HouseholdCamera, true)
	r.quiet("a")
	before := r.Camera.Taken("a")
	for range 2 {
		r.Stop()
		r.Start()
		r.Serving()
		if s := r.state(door); s != request.CameraPrivate {
			t.Errorf("after a restart it is %s", s)
		}
	}
	// Neither a full disk that has room again nor a new camera opens anything.
	r.free.Store(1)
	r.Until("a full disk", func() bool { return r.logged("recording stops") })
	r.free.Store(1 << 40)
	r.Until("room again", func() bool { return r.logged("recording goes on") })
	_, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpAddCamera, Name: "Yard", URL: r.URL("b")})
	if word(err) != request.RefusedPrivate {
		t.Errorf("a camera is added while all are private: %v", err)
	}
	if now, ever := r.reads("a"), r.Camera.Taken("a"); now != 0 || ever != before {
		t.Errorf("the private camera was read %d times since", ever-before)
	}
	if r.Camera.Taken("b") != 0 {
		t.Error("a camera that was not added was read")
	}
	r.off(r.Member, id.HouseholdCamera, false)
	r.Until("a reader again", func() bool { return r.reads("a") == 1 })
}

func TestPrivateByHoursBeginsAndEndsByTheClock(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	r.moveTo(r.nextMonday(13, 58))
	door := r.Add("Door", "a")
	_, err := r.Member.SetPrivate(t.Context(), door, func(x *private.Setting) {
		x.Hours, x.Zone = []roster.Hours{{Days: []int{1}, From: 14 * 60, Until: 15 * 60}}, "Europe/Berlin"
	})
	must(t, err)
	if r.reads("a") != 1 {
		t.Error("it is private before its hours")
	}
	r.offset.Add(int64(3 * time.Minute))
	took := r.quiet("a")
	t.Logf("closed %s after the hour had come", took)
	if took > intime.By(2*time.Second) {
		t.Errorf("it was read for %s in its hours", took)
	}
	// Who turns it off by hand meanwhile has it stay so, and their word on the record.
	r.off(r.Member, door, true)
	r.offset.Add(int64(2 * time.Hour))
	next := func() int { return r.count(`SELECT count(*) FROM private_now WHERE hours = 0`) }
	r.Until("it by hand alone", func() bool { return next() == 1 })
	before := r.Camera.Taken("a")
	r.off(r.Member, door, false)
	if ever := r.Camera.Taken("a"); r.reads("a") > 1 || ever > before+1 {
		t.Error("it was read though it was private by hand")
	}
	r.Until("a reader again", func() bool { return r.reads("a") == 1 })
	list, err := r.Member.Privates(t.Context())
	must(t, err)
	if len(list) != 1 || list[0].On || len(list[0].Hours) != 1 || list[0].Seq != 3 {
		t.Errorf("what is set is %+v", list)
	}
}

// Who made a camera one of a child's room, and who took that back, stands among what was set for it.
func TestWhoSetAChildsRoomIsListed(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	for _, on := range []bool{true, false} {
		must(t, r.Member.SetChild(t.Context(), door, on))
	}
	r.Until("both on the record", func() bool {
		acts := r.Timeline(door).Acts
		return len(acts) == 2 && acts[0].Child != nil && acts[0].Child.On && acts[1].Child != nil && !acts[1].Child.On && acts[0].Person == r.Member.Person()
	})
}
