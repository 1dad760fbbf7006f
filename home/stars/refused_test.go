// SPDX-License-Identifier: Apache-2.0

package stars_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/home/epochs"
	"keyhold/home/stars"
	"keyhold/home/state"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/star"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// A list that the cloud has no room for is told again, later each time, and until it is taken nobody is told that what is
// new in it stays.
func TestWhatTheCloudHasNoRoomForWaits(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	db := must[*state.DB](t)(state.Open(ctx, filepath.Join(t.TempDir(), "state.db")))
	defer func() { _ = db.Close() }()
	book := must[*stars.Book](t)(stars.Load(ctx, db))
	door := must[id.Camera](t)(id.NewCamera(rand.Reader))
	const first, second = int64(1_000_000), int64(9_000_000)

	// newest is the list that waits to be sent last, and n how many wait.
	newest := func() (list []byte, n int) {
		t.Helper()
		must[any](t)(nil, db.Read(ctx, func(tx *sql.Tx) error {
			return state.Each(ctx, tx, `SELECT body FROM outbox WHERE kind = 'kept' ORDER BY id`, nil, func(scan func(...any) error) error {
				n++
				return scan(&list)
			})
		}))
		return list, n
	}
	write := func(seq, moment int64, on bool) id.Object {
		t.Helper()
		object := must[id.Object](t)(id.NewObject(rand.Reader))
		one := &stars.Star{Setting: star.Setting{Camera: door, Moment: moment, On: on, Seq: seq}, Statement: []byte("signed")}
		pack := stars.Pack{Pack: &manifest.Pack{
			Header: manifest.Header{At: moment, Camera: door}, Epoch: must[id.Epoch](t)(id.NewEpoch(rand.Reader)), Files: []manifest.File{{Start: moment, End: moment + 1}}, Object: object,
		}, Run: must[id.Run](t)(id.NewRun(rand.Reader))}
		given := []stars.Pack{pack}
		if !on {
			given = nil
		}
		must[any](t)(nil, db.Write(ctx, func(tx *sql.Tx) error {
			return errors.Join(stars.Write(ctx, tx, one, given), stars.Stands(ctx, tx, one, epochs.Stands{}))
		}))
		book.Done(one)
		return object
	}
	said := func() []request.Starred { return must[[]request.Starred](t)(book.Stars(ctx, door, 0, 0, 32)) }

	kept := write(1, first, true)
	list, _ := newest()
	now := time.Unix(1_790_000_000, 0)
	must[any](t)(nil, book.Answered(ctx, string(door), list, true, now))
	fresh := write(2, second, true)
	if s := said(); len(s) != 2 || s[1].Waiting || !slices.Equal(s[1].Objects, []id.Object{fresh}) {
		t.Fatalf("before the cloud has said anything it is %+v", s)
	}
	list, n := newest()
	must[any](t)(nil, book.Answered(ctx, string(door), list, false, now))
	if s := said(); len(s) != 2 || s[0].Waiting || !slices.Equal(s[0].Objects, []id.Object{kept}) || !s[1].Waiting || len(s[1].Objects) != 0 {
		t.Errorf("without room it is %+v", s)
	}

	// A pause, twice as long each time and bounded; and none where a list of another camera was taken.
	at := now
	for i, pause := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		at = at.Add(pause)
		if due := stars.Due(book, at.Add(-time.Second)); len(due) != 0 {
			t.Errorf("try %d: it is told again too soon", i)
		}
		if due := stars.Due(book, at); !slices.Equal(due, []id.Camera{door}) {
			t.Errorf("try %d: told again are %v", i, due)
		}
		must[any](t)(nil, book.Answered(ctx, string(door), list, false, at))
	}
	for range 10 {
		must[any](t)(nil, book.Answered(ctx, string(door), list, false, at))
	}
	if due := stars.Due(book, at.Add(time.Hour)); len(due) != 1 {
		t.Error("it is not told again within the hour")
	}
	ran := make(chan error, 1)
	queued := make(chan struct{}, 1)
	go func() {
		ran <- book.Run(ctx, func() time.Time { return at }, func() { queued <- struct{}{} })
	}()
	other := must[id.Camera](t)(id.NewCamera(rand.Reader))
	must[any](t)(nil, book.Answered(ctx, string(other), must[[]byte](t)(canon.Marshal(&api.Kept{Objects: []id.Object{}, Pages: []api.KeptPage{}})), true, at))
	select {
	case <-queued:
	case <-time.After(time.Minute):
		t.Fatal("nothing is told again when there is room")
	}
	again, m := newest()
	if m != n+1 || !slices.Equal(again, list) {
		t.Errorf("%d lists wait, after %d", m, n)
	}
	must[any](t)(nil, book.Answered(ctx, string(door), again, true, at))
	if s := said(); len(s) != 2 || s[1].Waiting || len(s[1].Objects) != 1 {
		t.Errorf("with room it is %+v", s)
	}
	stop()
	if err := <-ran; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
