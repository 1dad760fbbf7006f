// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/internal/intime"
	"keyhold/member/live"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/signal"
)

// viewer watches cameras.
type viewer struct {
	*live.View
	ended chan error
	first atomic.Int64 // when the first picture came, ns
	last  atomic.Int64 // when the newest came
	n     atomic.Int64
	stop  context.CancelFunc
}

// watch opens a view and waits for its first picture, before which noted is called.
func (r *Rig) watch(s *session.Session, before func(), cameras ...id.Camera) (*viewer, error) {
	r.t.Helper()
	v := &viewer{ended: make(chan error, 1)}
	var once sync.Once
	came := make(chan struct{})
	view, err := live.Open(r.t.Context(), s, live.Wish{Cameras: cameras, Picture: func(int, [][]byte, bool, time.Duration) {
		once.Do(func() {
			if before != nil {
				before()
			}
			v.first.Store(time.Now().UnixNano())
			close(came)
		})
		v.last.Store(time.Now().UnixNano())
		v.n.Add(1)
	}})
	if err != nil {
		return nil, err
	}
	v.View = view
	ctx, stop := context.WithCancel(context.Background())
	v.stop = stop
	go func() { v.ended <- view.Wait(ctx) }()
	r.t.Cleanup(v.end)
	select {
	case <-came:
	case <-time.After(patience):
		r.t.Fatal("no picture came")
	}
	return v, nil
}

// end ends it; a second time does nothing.
func (v *viewer) end() {
	if v.stop == nil {
		return
	}
	v.stop()
	v.stop = nil
	v.Close()
}

// told collects what somebody is told of who is watching.
type told struct {
	mu   sync.Mutex
	list []*signal.Watching
}

func (r *Rig) listen(s *session.Session) *told {
	r.t.Helper()
	line, err := s.Line(r.t.Context())
	must(r.t, err)
	must(r.t, line.Ask(r.t.Context()))
	out := &told{}
	done := make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		for {
			_, w, err := line.Next(ctx)
			if err != nil {
				return
			}
			if w != nil {
				out.mu.Lock()
				out.list = append(out.list, w)
				out.mu.Unlock()
			}
		}
	}()
	r.t.Cleanup(func() { stop(); <-done; line.Close() })
	r.Until("the answer to who is watching", func() bool { return out.newest() != nil })
	return out
}

func (t *told) newest() *signal.Watching {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) == 0 {
		return nil
	}
	return t.list[len(t.list)-1]
}

// lives are the live looks on the record of a camera, as the owner sees it.
func (r *Rig) lives(c id.Camera) []*manifest.Live {
	r.t.Helper()
	return r.Timeline(c).Lives
}

func TestALookIsOnTheRecordBeforeTheFirstPictureAndEverybodyIsTold(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	ben := r.Bring("Ben", roster.Owner)
	vera := r.Bring("Vera", roster.Viewer, always(yard))
	r.Packs(door, 1)
	heard, other := r.listen(ben.session()), r.listen(vera.session())
	if w := heard.newest(); len(w.Looks) != 0 {
		t.Fatalf("%d are watching before anybody does", len(w.Looks))
	}

	written := 0
	began := time.Now()
	v, err := r.watch(r.Member, func() { written = r.count(`SELECT count(*) FROM live_looks`) }, door)
	must(t, err)
	t.Logf("first picture after %s", time.Unix(0, v.first.Load()).Sub(began))
	if written != 1 {
		t.Errorf("when the first picture came %d looks were written down, not 1", written)
	}
	r.Until("word that somebody is watching", func() bool { return len(heard.newest().Looks) == 1 })
	look := heard.newest().Looks[0]
	if look.Camera != door || look.Device != r.Member.Keys.ID() || look.Person != r.Member.Person() || look.View != v.ID {
		t.Errorf("what was told is %+v", look)
	}
	r.Until("the look on the record", func() bool {
		list := r.lives(door)
		return len(list) == 1 && list[0].State == manifest.LiveBegan && list[0].View == v.ID && list[0].Since == look.Since
	})
	r.Until("pictures", func() bool { return v.n.Load() > 30 })
	v.end()
	r.Until("word that nobody is watching", func() bool { return len(heard.newest().Looks) == 0 })
	r.Until("its end on the record", func() bool {
		list := r.lives(door)
		return len(list) == 1 && list[0].State == manifest.LiveEnded && list[0].Until > list[0].Since
	})
	if n := len(r.lives(yard)); n != 0 {
		t.Errorf("%d looks at a camera that nobody watched", n)
	}
	other.mu.Lock()
	defer other.mu.Unlock()
	if len(other.list) != 1 {
		t.Errorf("who may not see the door was told %d times", len(other.list)-1)
	}
}

func TestRemovalStopsThePictureWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	ben := r.Bring("Ben", roster.Owner)
	v, err := r.watch(ben.session(), nil, door)
	must(t, err)
	r.Until("pictures that flow", func() bool { return v.n.Load() > 40 })
	op := r.removal(ben.Person, "", ben) // he leaves
	began := time.Now()
	done := make(chan error, 1)
	go func() {
		_, err := r.Member.Do(t.Context(), op) // it is answered once the segments that were open are closed
		done <- err
	}()
	err = <-v.ended
	last := time.Unix(0, v.last.Load())
	if err == nil {
		t.Error("the view did not end")
	}
	if took := last.Sub(began); took > intime.By(2*time.Second) {
		t.Errorf("the last picture came %s after the removal was sent", took)
	}
	must(t, <-done)
	t.Logf("last picture %s after the removal was sent: %v", last.Sub(began), err)
	r.Until("its end on the record", func() bool {
		list := r.lives(door)
		return len(list) == 1 && list[0].State == manifest.LiveEnded
	})
	var no *live.RefusedError
	if _, err := live.Open(t.Context(), ben.session(), live.Wish{Cameras: []id.Camera{door}}); err == nil || errors.As(err, &no) {
		t.Errorf("who is gone gets an answer: %v", err)
	}
}

func TestAGuestWatchesInTheHoursGivenAndNoLonger(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	r.moveTo(r.nextMonday(13, 59))
	sam := r.Bring("Sam", roster.Guest, roster.Right{
		Actions: []roster.Action{roster.Live}, Cameras: []id.Camera{door}, Zone: "Europe/Berlin",
		Hours: []roster.Hours{{Days: []int{1}, From: 14 * 60, Until: 18 * 60}}, Until: r.now().AddDate(0, 0, 7).UnixMilli(),
	})
	denied := func(what string, c id.Camera) {
		t.Helper()
		_, err := live.Open(t.Context(), sam.session(), live.Wish{Cameras: []id.Camera{c}, Picture: func(int, [][]byte, bool, time.Duration) {}})
		var no *live.RefusedError
		if !errors.As(err, &no) || no.Word != signal.Denied {
			t.Errorf("%s: %v", what, err)
		}
	}
	denied("before the hours", door)
	r.offset.Add(int64(2 * time.Minute))
	denied("another camera", yard)
	v, err := r.watch(sam.session(), nil, door)
	must(t, err)
	r.offset.Add(int64(4 * time.Hour))
	changed := time.Now()
	err = <-v.ended
	var ended *live.EndedError
	if !errors.As(err, &ended) || ended.Word != signal.EndRight {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Unix(0, v.last.Load()).Sub(changed); took > intime.By(2*time.Second) {
		t.Errorf("the last picture came %s after the hours had ended", took)
	}
	denied("after the hours", door)
	if n := r.count(`SELECT count(*) FROM live_looks`); n != 0 {
		t.Errorf("%d looks still last", n)
	}
}

func TestAViewOfSeveralCamerasEndsWithOneOfThem(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	var mu sync.Mutex
	seen := map[int]int{}
	view, err := live.Open(t.Context(), r.Device(r.owner()).session(), live.Wish{Cameras: []id.Camera{door, yard}, Picture: func(i int, _ [][]byte, _ bool, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		seen[i]++
	}})
	must(t, err)
	defer view.Close()
	r.Until("pictures of both", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return seen[0] > 5 && seen[1] > 5
	})
	removed := make(chan error, 1)
	go func() {
		_, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpRemoveCamera, Camera: yard})
		removed <- err
	}()
	var ended *live.EndedError
	if err := view.Wait(t.Context()); !errors.As(err, &ended) || ended.Word != signal.EndCamera {
		t.Errorf("it ended with %v", err)
	}
	must(t, <-removed)
	r.Until("its end on the record", func() bool {
		list := r.lives(yard)
		return len(list) == 1 && list[0].State == manifest.LiveEnded
	})
}

func TestWhatLastedWhenTheHubWasCutOffIsEndedOnTheRecord(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	r.Stop()
	view, err := id.NewView(rand.Reader)
	must(t, err)
	at := r.now().UnixMilli()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.Dir, "state.db"))
	must(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO live_looks (view, camera, device, person, signal, since, seen) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		string(view), string(door), string(r.Member.Keys.ID()), string(r.Member.Person()), make([]byte, 32), at-60_000, at-20_000)
	must(t, errors.Join(err, db.Close()))
	r.Start()
	r.Serving()
	r.Until("its end on the record", func() bool {
		list := r.lives(door)
		return len(list) == 1 && list[0].State == manifest.LiveEnded && list[0].Until == at-20_000 && list[0].View == view
	})
}

func TestADeviceThatSaysNothingIsToldOnlyAsMuchAsItsMailboxHolds(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	ben := r.Bring("Ben", roster.Owner)
	waiting := func() int {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(r.Vault, "cloud.db")+"?mode=ro&_pragma=busy_timeout(10000)")
		must(t, err)
		defer db.Close()
		var n int
		must(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM mail WHERE reader = $1 AND acked = 0`, string(ben.ID())).Scan(&n))
		return n
	}
	for range 36 { // each begins and ends
		r.offset.Add(int64(5 * time.Second)) // so that they are not too many in a minute
		v, err := r.watch(r.Member, nil, door)
		must(t, err)
		v.end()
	}
	r.Until("the last look's end", func() bool { return r.count(`SELECT count(*) FROM live_looks`) == 0 })
	if n := waiting(); n != 64 {
		t.Fatalf("%d lists wait for somebody who says nothing, not 64", n)
	}
	s := ben.session()
	must(t, func() error { _, err := s.Do(t.Context(), request.Op{Kind: request.OpPing}); return err }())
	heard := r.listen(s)
	v, err := r.watch(r.Member, nil, door)
	must(t, err)
	r.Until("word of the next look", func() bool { return len(heard.newest().Looks) == 1 })
	v.end()
}

func TestADeviceHasFourViewsAtOnce(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	var views []*viewer
	for range 4 {
		v, err := r.watch(r.Member, nil, door)
		must(t, err)
		views = append(views, v)
	}
	var no *live.RefusedError
	if _, err := r.watch(r.Member, nil, door); !errors.As(err, &no) || no.Word != signal.Busy {
		t.Errorf("a fifth: %v", err)
	}
	views[0].end()
	r.Until("room", func() bool { return r.count(`SELECT count(*) FROM live_looks`) == 3 })
	if _, err := r.watch(r.Member, nil, door); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
}

func TestAHubThatStopsEndsWhatIsWatched(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	v, err := r.watch(r.Device(r.owner()).session(), nil, door)
	must(t, err)
	r.Stop()
	var ended *live.EndedError
	if err := <-v.ended; !errors.As(err, &ended) || ended.Word != signal.EndHub {
		t.Errorf("it ended with %v", err)
	}
	list := r.lives(door) // the last thing that it sent
	if len(list) != 1 || list[0].State != manifest.LiveEnded {
		t.Errorf("on the record stands %+v", list)
	}
}
