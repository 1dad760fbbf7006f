// SPDX-License-Identifier: Apache-2.0

// Package shelf hands out what this hub still has of a household's record, as the cloud would.
//
// It promises that an answer lists nothing which the roster does not let its reader see at that moment, and that all of
// one answer is of one moment of state.db. What it hands out is ciphertext or signed; it opens nothing. It trusts its
// caller to have found out who is asking. It lacks what only the cloud has: pages and objects of more than some days
// ago, runs of a hub before this one, keys that one device gave to another. It writes nothing.
package shelf

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/home/ledger"
	"keyhold/home/packs"
	"keyhold/home/record"
	"keyhold/home/state"
	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// Shelf answers for one hub. Its fields are set once, before use.
type Shelf struct {
	DB     *state.DB
	Ledger *ledger.Ledger
	Packs  *packs.Store
	Key    ed25519.PrivateKey
	Roster func() *roster.State
	// Status is the hub's word on itself now, signed.
	Status func(context.Context) ([]byte, error)
	// Erasing is the statement by which everything is to be erased, and when; nil and 0 if nothing is.
	Erasing func() (statement []byte, due int64)
	Now     func() time.Time
}

// mostObjects bounds an answer.
const mostObjects = 50_000

// ErrTooMuch says that an answer would be too long.
var ErrTooMuch = errors.New("shelf: too many objects for one answer")

// Sync lists everything but footage that the reader of a fetch may see now. The address is the caller's to add.
func (s *Shelf) Sync(ctx context.Context, f *request.Fetch, sight roster.Sight) (*api.Sync, error) {
	out := &api.Sync{
		Envelopes: []request.Row{}, Erase: []byte{}, Labels: []api.LabelRef{}, Names: []byte{}, Pages: []api.PageRef{},
		Reseals: [][]byte{}, Runs: []api.RunRef{}, Now: s.Now().UnixMilli(),
	}
	// The status is read before the tree that it names, the roster last: a reader may find more than it was told of.
	var err error
	if out.Status, err = s.Status(ctx); err != nil {
		return nil, fmt.Errorf("shelf: %w", err)
	}
	out.Status = append([]byte{}, out.Status...)
	r := s.Roster()
	if statement, due := s.Erasing(); statement != nil {
		out.Erase, out.EraseDue = statement, due
	}
	err = s.DB.Read(ctx, func(tx *sql.Tx) error {
		runs, err := s.Ledger.Checkpoints(ctx, tx)
		if err != nil {
			return err
		}
		for _, c := range runs {
			out.Runs = append(out.Runs, api.RunRef{Checkpoint: c.Text, Run: c.Run})
		}
		if len(out.Erase) > 0 {
			return nil
		}
		for _, step := range []func(context.Context, *sql.Tx, *answer) error{s.pages, s.names, s.labels, s.envelopes} {
			if err := step(ctx, tx, &answer{fetch: f, sight: sight, roster: r, out: out}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("shelf: %w", err)
	}
	out.Roster = s.Roster().Chain
	return out, nil
}

// answer is a Sync in the making.
type answer struct {
	fetch  *request.Fetch
	sight  roster.Sight
	roster *roster.State
	out    *api.Sync
}

func (s *Shelf) pages(ctx context.Context, tx *sql.Tx, a *answer) error {
	list, err := s.Ledger.Shown(ctx, tx, id.Hour(a.fetch.From), id.Hour(a.fetch.Until))
	if err != nil {
		return err
	}
	for _, p := range list {
		stored, updated := p.Updated, p.Updated
		if p.Updated == 0 {
			// It grows, which its size tells; whoever has seen it so need not read it again.
			stored, updated = a.out.Now, p.Name.Hour*time.Hour.Milliseconds()
		}
		if asked(a.fetch.Cameras, p.Name.Camera) && a.sight.Sees(roster.History, p.Name.Camera, p.Name.Hour, stored) {
			a.out.Pages = append(a.out.Pages, api.PageRef{
				Camera: p.Name.Camera, Epoch: p.Name.Epoch, Hour: p.Name.Hour, Run: p.Name.Run, Size: p.Size, Updated: updated,
			})
		}
	}
	return nil
}

// asked says whether a fetch is about a camera; none named means all.
func asked(cameras []id.Camera, c id.Camera) bool {
	for _, one := range cameras {
		if one == c {
			return true
		}
	}
	return len(cameras) == 0
}

func (s *Shelf) names(ctx context.Context, tx *sql.Tx, a *answer) error {
	to, err := recipient(ctx, tx, id.HouseholdCamera)
	if err != nil || to == nil || !a.sight.People() {
		return err
	}
	sealed, err := household.SealedNames(ctx, tx, to)
	a.out.Names = append(a.out.Names, sealed...)
	return err
}

// recipient is that of a camera's newest epoch; nil if there is none.
func recipient(ctx context.Context, tx *sql.Tx, c id.Camera) (*to.Recipient, error) {
	var text string
	err := tx.QueryRowContext(ctx, `SELECT recipient FROM epochs WHERE camera = $1 AND current = 1`, string(c)).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return to.ParseRecipient(text)
}

// labels are for those who read no names, and for all who may see the camera.
func (s *Shelf) labels(ctx context.Context, tx *sql.Tx, a *answer) error {
	var list []id.Camera
	err := state.Each(ctx, tx, `SELECT id FROM cameras WHERE label > 0 ORDER BY id`, nil, func(scan func(...any) error) error {
		var c id.Camera
		err := scan(&c)
		list = append(list, c)
		return err
	})
	if err != nil {
		return fmt.Errorf("list labels: %w", err)
	}
	for _, c := range list {
		if a.sight.Why(roster.History, c) != "" {
			continue
		}
		to, err := recipient(ctx, tx, c)
		if err != nil {
			return err
		}
		if to == nil {
			continue
		}
		sealed, err := household.LabelAgain(ctx, tx, c, a.roster, s.Key, a.out.Now, to)
		if err != nil {
			return err
		}
		a.out.Labels = append(a.out.Labels, api.LabelRef{Camera: c, Label: sealed})
	}
	return nil
}

// envelopes are the reader's own; those who see everything get the sheet's too.
func (s *Shelf) envelopes(ctx context.Context, tx *sql.Tx, a *answer) error {
	second := a.fetch.Device
	if a.sight.People() && !a.fetch.Device.ReturnKey() {
		second = id.Sheet
	}
	const query = `SELECT camera, epoch, device, head, bytes FROM envelopes WHERE device IN ($1, $2) ORDER BY epoch, device`
	return state.Each(ctx, tx, query, []any{string(a.fetch.Device), string(second)}, func(scan func(...any) error) error {
		var r request.Row
		var head []byte
		if err := scan(&r.Camera, &r.Epoch, &r.Device, &head, &r.Bytes); err != nil {
			return err
		}
		copy(r.Head[:], head)
		if a.sight.Why(roster.History, r.Camera) == "" {
			a.out.Envelopes = append(a.out.Envelopes, r)
		}
		return nil
	})
}

// Objects lists the objects of hours of cameras that a reader may have for a purpose now.
func (s *Shelf) Objects(ctx context.Context, f *request.Fetch, sight roster.Sight) ([]api.ObjectRef, error) {
	out := []api.ObjectRef{}
	err := s.DB.Read(ctx, func(tx *sql.Tx) error {
		const query = `SELECT object, camera, hour, size, ends FROM packs WHERE hour BETWEEN $1 AND $2 ORDER BY starts LIMIT $3`
		args := []any{id.Hour(f.From), id.Hour(f.Until), mostObjects + 1}
		return state.Each(ctx, tx, query, args, func(scan func(...any) error) error {
			var o api.ObjectRef
			var ends int64
			if err := scan(&o.Object, &o.Camera, &o.Hour, &o.Size, &ends); err != nil {
				return err
			}
			if asked(f.Cameras, o.Camera) && sight.Sees(Action(f.Purpose), o.Camera, o.Hour, ends) {
				out = append(out, o)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("shelf: objects: %w", err)
	}
	if len(out) > mostObjects {
		return nil, ErrTooMuch
	}
	return out, nil
}

// Action is what a fetch of footage does with a camera.
func Action(purpose string) roster.Action {
	if purpose == request.PurposeExport {
		return roster.Export
	}
	return roster.History
}

// Object opens an object and says of which camera and hour it is; nil if this hub does not have it.
func (s *Shelf) Object(ctx context.Context, o id.Object) (f *os.File, ref api.ObjectRef, err error) {
	ref.Object = o
	err = s.DB.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT camera, hour, size FROM packs WHERE object = $1`, string(o)).Scan(&ref.Camera, &ref.Hour, &ref.Size)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ref, nil
	}
	if err != nil {
		return nil, ref, fmt.Errorf("shelf: object: %w", err)
	}
	f, err = os.Open(record.PackPath(s.Packs.Dir, o))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ref, nil // it was removed a moment ago
	}
	if err != nil {
		return nil, ref, fmt.Errorf("shelf: object: %w", err)
	}
	return f, ref, nil
}

// Page returns a sealed page; nil if this hub does not have it.
func (s *Shelf) Page(ctx context.Context, n manifest.PageName) ([]byte, error) {
	return s.Ledger.Sealed(ctx, n)
}

// Tile returns the first hashes of a tile; nil if this hub does not have them.
func (s *Shelf) Tile(ctx context.Context, run id.Run, level int, n int64, width int) ([]byte, error) {
	return s.Ledger.Tile(ctx, run, level, n, width)
}
