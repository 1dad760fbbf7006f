// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/api"
	"keyhold/home/gesture"
	"keyhold/home/household"
	"keyhold/statement/canon"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// errMoved ends the hub so that it begins anew at another cloud.
var errMoved = errors.New("hub: it goes to another cloud")

// KindMove is what a code for moving is asked for as.
const KindMove = "move"

const (
	moveFact, cloudFact, afreshFact = "move", "cloud", "afresh"
	// copiedFact stands before the object of each pack that was copied to the cloud that is moved to.
	copiedFact = "copied/"
	// remember is how long clouds keep footage: a run that members may have seen within it cannot be left behind.
	remember = 30 * 24 * time.Hour
)

// move is a move that was ordered. Now says that what had to be copied is there.
type move struct {
	Cloud request.Place `json:"cloud"`
	Now   bool          `json:"now"`
}

// cloud is where this hub has moved to. It counts as long as the address that it is started with is the one from
// which it went.
type cloud struct {
	Here request.Place `json:"here"`
	Left request.Place `json:"left"`
	Told string        `json:"told"`
}

// fact reads a fact of canonical JSON; false if there is none.
func (h *Hub) fact(ctx context.Context, name string, into any) (bool, error) {
	found := false
	err := h.db.Read(ctx, func(tx *sql.Tx) error {
		b, err := household.Fact(ctx, tx, name)
		if err != nil || b == nil {
			return err
		}
		found = true
		return canon.Unmarshal(b, into)
	})
	if err != nil {
		return false, fmt.Errorf("hub: read %s: %w", name, err)
	}
	return found, nil
}

func setFact(ctx context.Context, tx *sql.Tx, name string, v any) error {
	b, err := canon.Marshal(v)
	if err != nil {
		return fmt.Errorf("hub: keep %s: %w", name, err)
	}
	return household.SetFact(ctx, tx, name, b)
}

// address is the cloud's: the one that this hub has moved to, or the one that it is told at its start.
func (h *Hub) address(ctx context.Context) (string, error) {
	var c cloud
	moved, err := h.fact(ctx, cloudFact, &c)
	if err != nil || !moved || c.Told != h.Cloud {
		return h.Cloud, err
	}
	h.Log.Info("this household has moved to another cloud; start the hub with its address from now on")
	return c.Here.URL, nil
}

func (h *Hub) clientOf(p request.Place) *api.Client {
	return &api.Client{Base: p.URL, HTTP: h.HTTP, Now: h.Now}
}

// addressee is the cloud for which an erasure was signed: the one that this hub is at, or the one that it has left.
func (h *Hub) addressee(ctx context.Context, statement []byte) (client *api.Client, to ed25519.PublicKey, here bool, err error) {
	s, err := erasure.Read(statement)
	if err != nil {
		return nil, nil, false, refusal(word(err))
	}
	var c cloud
	moved, err := h.fact(ctx, cloudFact, &c)
	if err != nil {
		return nil, nil, false, err
	}
	if moved && bytes.Equal(s.To, c.Left.To) {
		return h.clientOf(c.Left), c.Left.To, false, nil
	}
	info, err := h.client.Info(ctx)
	if err != nil {
		return nil, nil, false, err
	}
	return h.client, info.To, true, nil
}

// moving carries out what belongs to a move. Only owners move a household.
func (h *Hub) moving(ctx context.Context, c *request.Command) error {
	p, ok := h.household.Roster().PersonOf(c.Device)
	if (!ok || p.Role != roster.Owner) && !rule.Off(rule.Signer) {
		return refusal(request.RefusedDenied)
	}
	if c.Op.Kind == request.OpMove {
		return h.prepare(ctx, c)
	}
	var m move
	ordered, err := h.fact(ctx, moveFact, &m)
	if err != nil {
		return err
	}
	if !ordered {
		return refusal(request.RefusedNotFound)
	}
	if c.Op.Kind == request.OpCopy {
		return h.copy(ctx, m.Cloud, c.Op.Copy)
	}
	m.Now = true
	return h.db.Write(ctx, func(tx *sql.Tx) error { return setFact(ctx, tx, moveFact, &m) })
}

// prepare writes down where to, after somebody at the hub has said so. The same again is no error.
func (h *Hub) prepare(ctx context.Context, c *request.Command) error {
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	h.control.Lock()
	defer h.control.Unlock()
	var m move
	ordered, err := h.fact(ctx, moveFact, &m)
	if err != nil {
		return err
	}
	if ordered && m.Cloud.URL == c.Op.Cloud.URL && bytes.Equal(m.Cloud.To, c.Op.Cloud.To) {
		return nil
	}
	if err := h.movable(ctx); err != nil {
		return err
	}
	info, err := h.clientOf(*c.Op.Cloud).Info(ctx)
	if err != nil || !bytes.Equal(info.To, c.Op.Cloud.To) {
		h.Log.Warn("the cloud to move to is not there, or is another", "error", err)
		return refusal(request.RefusedCloud)
	}
	person, _ := h.household.Roster().PersonOf(c.Device)
	if err := h.shown(ctx, person.ID, c.Op.Cloud.Hash(h.household.ID()), KindMove, "", c.Op.Gesture, h.Now().UnixMilli()); err != nil {
		return err
	}
	return h.db.Write(ctx, func(tx *sql.Tx) error {
		if err := gesture.Done(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM facts WHERE name LIKE 'copied/%'`); err != nil {
			return fmt.Errorf("hub: forget copies: %w", err)
		}
		return setFact(ctx, tx, moveFact, &move{Cloud: *c.Op.Cloud})
	})
}

// movable says no where this hub could not bring the whole record along: what it signed before it was put back, or what
// a hub before it has signed; or while everything is going to be erased.
func (h *Hub) movable(ctx context.Context) error {
	if h.erasing.Load() != nil {
		return refusal(request.RefusedExists)
	}
	var lost int
	err := h.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM runs WHERE abandoned <> 0 AND at > $1`, h.Now().Add(-remember).UnixMilli()).Scan(&lost)
	})
	if err != nil {
		return err
	}
	if before := predecessor(h.household.Roster()); lost > 0 || before != nil {
		h.Log.Warn("this hub cannot bring the whole record along, and does not move", "lost", lost)
		return refusal(request.RefusedInvalid)
	}
	return nil
}

// copy fetches from the cloud that is left what this hub no longer has, and gives it to the other. A pack is what its
// leaf says, and the leaf is this hub's own: it stands in its tree. Pages are sealed; their readers hold them against
// the same tree.
func (h *Hub) copy(ctx context.Context, to request.Place, c *request.Copied) error {
	there := h.clientOf(to)
	// First what is to stay there whatever its age. Where that cloud does not take it nobody moves: what is starred would be
	// gone there, one by one, and nobody told.
	if err := h.stars.Each(ctx, func(camera id.Camera, list []byte) error {
		err := h.give(ctx, there, request.WriteKept, api.KeptName(camera), api.Bytes(list))
		var p *api.Problem
		if errors.As(err, &p) && p.Kind() == api.TooMany && p.Rule == rule.Quota {
			return errors.Join(refusal(request.RefusedFull), p)
		}
		return err
	}); err != nil {
		return err
	}
	for _, l := range c.Leaves {
		if err := h.copyPack(ctx, there, c.Address, l); err != nil {
			return err
		}
	}
	for _, name := range c.Pages {
		parts := strings.Split(name, "/")
		if len(parts) != 4 {
			return refusal(request.RefusedInvalid)
		}
		run, err := id.ParseRun(parts[0])
		epoch, err2 := id.ParseEpoch(parts[2])
		var hour int64
		_, err3 := fmt.Sscan(parts[3], &hour)
		if camera := id.Camera(parts[1]); err != nil || err2 != nil || err3 != nil || !camera.ValidOrHousehold() {
			return refusal(request.RefusedInvalid)
		}
		page, err := h.client.Page(ctx, c.Address, run, id.Camera(parts[1]), epoch, hour)
		if err != nil {
			return unserved(err)
		}
		if err := h.give(ctx, there, request.WritePages, name, api.Bytes(page)); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hub) give(ctx context.Context, there *api.Client, kind, name string, body api.Body) error {
	err := there.Write(ctx, api.Signer{From: id.Hub, Key: h.keys.Sign}, h.household.ID(), kind, name, body)
	if err != nil {
		return errors.Join(refusal(request.RefusedCloud), err)
	}
	return nil
}

// unserved tells what the old cloud does not give from what does not hold.
func unserved(err error) error { return errors.Join(refusal(request.RefusedNotFound), err) }

func (h *Hub) copyPack(ctx context.Context, there *api.Client, address string, l request.Placed) error {
	own, err := h.ledger.Has(l.Run, l.Index, id.Hash(tlog.RecordHash(l.Leaf)))
	if err != nil {
		return err
	}
	if !own && !rule.Off(rule.NotIncluded) {
		h.Log.Error("a pack was to be copied that is none of this hub's", "rule", string(rule.NotIncluded))
		return refusal(request.RefusedInvalid)
	}
	leaf, err := manifest.ParseLeaf(l.Leaf)
	pack := manifest.Stored(leaf)
	if err != nil || pack == nil || len(pack.Files) == 0 {
		return refusal(request.RefusedInvalid)
	}
	done := copiedFact + string(pack.Object)
	var here int
	err = h.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM packs WHERE object = $1) + (SELECT count(*) FROM facts WHERE name = $2)`,
			string(pack.Object), done).Scan(&here)
	})
	if err != nil || here > 0 {
		return err // what is still here goes along by itself
	}
	f, err := os.CreateTemp(LayoutOf(h.Dir).Spool, "move.*.tmp")
	if err != nil {
		return fmt.Errorf("hub: copy: %w", err)
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }()
	sum, err := h.fetchPack(ctx, address, pack, f)
	if err != nil {
		return err
	}
	name := api.ObjectName(pack.Camera, id.Hour(pack.Files[0].Start), pack.Object)
	if err := h.give(ctx, there, request.WriteObjects, name, api.File(f.Name(), pack.Size, sum)); err != nil {
		return err
	}
	return h.db.Write(ctx, func(tx *sql.Tx) error { return household.SetFact(ctx, tx, done, []byte{}) })
}

// fetchPack reads an object and holds every file in it against the leaf.
func (h *Hub) fetchPack(ctx context.Context, address string, pack *manifest.Pack, f *os.File) (id.Hash, error) {
	r, err := h.client.Object(ctx, address, pack.Object, 0, -1)
	if err != nil {
		return id.Hash{}, unserved(err)
	}
	defer func() { _ = r.Close() }()
	whole := sha256.New()
	in := io.TeeReader(io.TeeReader(r, f), whole)
	for _, file := range pack.Files {
		part := sha256.New()
		n, err := io.CopyN(part, in, file.Size)
		if err != nil && !errors.Is(err, io.EOF) {
			return id.Hash{}, unserved(err)
		}
		if (n != file.Size || id.Hash(part.Sum(nil)) != file.SHA256) && !rule.Off(rule.FileHash) {
			h.Log.Error("the old cloud gives a recording that is not what this hub recorded; it is not copied", "rule", string(rule.FileHash))
			return id.Hash{}, refusal(request.RefusedInvalid)
		}
	}
	return id.Hash(whole.Sum(nil)), nil
}
