// SPDX-License-Identifier: Apache-2.0

package stars_test

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"keyhold/api"
	"keyhold/home/epochs"
	"keyhold/home/ledger"
	"keyhold/home/stars"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/star"
)

// A star of the hub before keeps its number and its page; none comes twice, or in the place of another; and only when all of
// them have come does the list take the place of the one that the cloud has from that hub.
func TestStarsOfAnEarlierHubComeAlong(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := must[*state.DB](t)(state.Open(ctx, filepath.Join(t.TempDir(), "state.db")))
	defer func() { _ = db.Close() }()
	book := must[*stars.Book](t)(stars.Load(ctx, db))
	door := must[id.Camera](t)(id.NewCamera(rand.Reader))
	run := must[id.Run](t)(id.NewRun(rand.Reader))
	epoch := must[id.Epoch](t)(id.NewEpoch(rand.Reader))
	object := must[id.Object](t)(id.NewObject(rand.Reader))
	old := func(seq, moment int64) *stars.Carried {
		return &stars.Carried{
			Star: stars.Star{Setting: star.Setting{Camera: door, Moment: moment, On: true, Seq: seq}, Statement: []byte("signed")}, Run: run, Epoch: epoch, Page: 7,
			Packs: []stars.Pack{{Pack: &manifest.Pack{
				Header: manifest.Header{At: 5 * 3_600_000, Camera: door}, Epoch: epoch, Files: []manifest.File{{Start: moment, End: moment + 1}}, Object: object,
			}, Run: run}},
		}
	}
	list := func() (out *api.Kept) {
		t.Helper()
		must[any](t)(nil, db.Read(ctx, func(tx *sql.Tx) (err error) {
			out, err = stars.List(ctx, tx, door)
			return err
		}))
		return out
	}
	must[any](t)(nil, book.Carry(ctx, old(4, 1000)))
	must[any](t)(nil, book.Carry(ctx, old(4, 1000)))
	if err := book.Carry(ctx, old(4, 2000)); !errors.Is(err, stars.ErrTaken) {
		t.Errorf("another star of that number: %v", err)
	}
	must[any](t)(nil, book.Carry(ctx, old(2, 3000)))
	if last := book.Last(door); last != 4 {
		t.Errorf("the newest number is %d", last)
	}
	pages := []api.KeptPage{{Epoch: epoch, Hour: 5, Run: run}, {Epoch: epoch, Hour: 7, Run: run}}
	if l := list(); l.Whole || !slices.Equal(l.Objects, []id.Object{object}) || !slices.Equal(l.Pages, pages) {
		t.Errorf("with two stars the list is %+v", l)
	}
	if over := must[bool](t)(book.Ended(ctx, door)); over {
		t.Error("it is over before it was said")
	}
	must[any](t)(nil, db.Write(ctx, func(tx *sql.Tx) error { return stars.End(ctx, tx, door, 0) }))
	if over := must[bool](t)(book.Ended(ctx, door)); !over || !list().Whole {
		t.Error("it is not over, or the list is not whole")
	}
	said := must[*stars.Book](t)(stars.Load(ctx, db))
	if s, err := said.Stars(ctx, door, 0, 0, 32); err != nil || len(s) != 2 || said.Last(door) != 4 {
		t.Errorf("after a restart there are %+v, %v", s, err)
	}
	// Let go, its page goes as well; where something was lost the older list goes on beside this one.
	gone := &stars.Star{Setting: star.Setting{Camera: door, Moment: 1000, Seq: 5}, Statement: []byte("signed")}
	must[any](t)(nil, db.Write(ctx, func(tx *sql.Tx) error {
		return errors.Join(stars.Write(ctx, tx, gone, nil), stars.Stands(ctx, tx, gone, epochs.Stands{Place: ledger.Place{Run: run, At: 9 * 3_600_000}, Epoch: epoch}))
	}))
	must[any](t)(nil, db.Write(ctx, func(tx *sql.Tx) error {
		return stars.Write(ctx, tx, &stars.Star{Setting: star.Setting{Camera: door, Moment: 3000, Seq: 6}, Statement: []byte("signed")}, nil)
	}))
	if l := list(); len(l.Objects) > 0 || len(l.Pages) > 0 || !l.Whole {
		t.Errorf("with none left the list is %+v", l)
	}
	yard := must[id.Camera](t)(id.NewCamera(rand.Reader))
	must[any](t)(nil, db.Write(ctx, func(tx *sql.Tx) error {
		if err := stars.End(ctx, tx, yard, 1); err != nil {
			return err
		}
		l, err := stars.List(ctx, tx, yard)
		if err == nil && l.Whole {
			t.Error("a list is called whole of which something was lost")
		}
		return err
	}))
}
