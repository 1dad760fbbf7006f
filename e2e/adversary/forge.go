// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the hub's state is read with it

	"keyhold/e2e/proxy"
	"keyhold/media"
	"keyhold/member/footage"
	"keyhold/member/session"
	"keyhold/sealing/open"
	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// Loot is what the attacker has in hand: all that lies at the operator, and their own household.
type Loot struct {
	Door, Yard, Shed id.Camera

	// Hidden is the epoch of the door whose page and footage are kept back; HiddenObjects are its packs.
	Hidden        id.Epoch
	HiddenAt      int64 // a moment in it
	HiddenObjects map[id.Object]bool

	// For each of the door's packs, something of the same shape to put into its place.
	Forged   map[id.Object][]byte // sealed to the right public key
	Reverse  map[id.Object][]byte // its own segments, the last first
	OfYard   map[id.Object][]byte // segments of the other camera
	OfOthers map[id.Object][]byte // segments of the other household

	// Rewritten says for each of the door's true segments what a forged record has to say of it, by its hash.
	Rewritten  map[id.Hash]manifest.File
	recipients map[id.Epoch]*to.Recipient
	// identities open the door's pages: whoever forges a record knows what stands in the true one.
	identities map[id.Epoch]*open.Identity

	From, Until int64 // of the door's footage
}

// Plunder gathers the loot once everything is recorded.
func Plunder(ctx context.Context, s *Stage) (*Loot, error) {
	mine, err := owner(s.Home.Path("device"), s.Home.CloudURL())
	if err != nil {
		return nil, err
	}
	theirs, err := owner(s.Other.Path("device"), s.Home.CloudURL())
	if err != nil {
		return nil, err
	}
	l := &Loot{
		HiddenObjects: map[id.Object]bool{}, Forged: map[id.Object][]byte{}, Reverse: map[id.Object][]byte{},
		OfYard: map[id.Object][]byte{}, OfOthers: map[id.Object][]byte{},
		Rewritten: map[id.Hash]manifest.File{}, identities: map[id.Epoch]*open.Identity{},
	}
	var doors, yards, sheds []session.Segment
	var view *session.View
	if view, l.Door, doors, err = segmentsOf(ctx, mine, door); err != nil {
		return nil, err
	}
	for _, d := range doors {
		if l.identities[d.Pack.Epoch], err = view.Identity(ctx, l.Door, d.Pack.Epoch); err != nil {
			return nil, err
		}
	}
	if _, l.Yard, yards, err = segmentsOf(ctx, mine, yard); err != nil {
		return nil, err
	}
	if view, l.Shed, sheds, err = segmentsOf(ctx, theirs, shed); err != nil {
		return nil, err
	}
	if len(doors) == 0 || len(yards) == 0 || len(sheds) == 0 {
		return nil, fmt.Errorf("not every camera has footage: %d, %d and %d segments", len(doors), len(yards), len(sheds))
	}
	l.From, l.Until = doors[0].Start, doors[len(doors)-1].End
	if err := l.hide(doors); err != nil {
		return nil, err
	}
	own, err := openAll(ctx, theirs, view, l.Shed, sheds)
	if err != nil {
		return nil, err
	}
	return l, l.exchange(ctx, s, doors, yards, sheds, own)
}

// hide chooses what is dropped: the second of the door's epochs.
func (l *Loot) hide(doors []session.Segment) error {
	for _, d := range doors {
		if l.Hidden == "" && d.Pack.Epoch != doors[0].Pack.Epoch {
			l.Hidden, l.HiddenAt = d.Pack.Epoch, (d.Start+d.End)/2
		}
		if d.Pack.Epoch == l.Hidden {
			l.HiddenObjects[d.Pack.Object] = true
		}
	}
	if last := doors[len(doors)-1].Pack.Epoch; l.Hidden == "" || l.Hidden == last {
		return fmt.Errorf("the door's footage does not lie in three epochs")
	}
	return nil
}

// exchange makes for each of the door's packs what may be served in its place.
func (l *Loot) exchange(ctx context.Context, s *Stage, doors, yards, sheds []session.Segment, own [][]byte) error {
	var err error
	if l.recipients, err = recipientsOf(ctx, s.Home.Path("hub")); err != nil {
		return err
	}
	vault := s.Home.Path("cloud")
	number := 0 // of the door's segment, over all packs
	for _, pack := range packsOf(doors) {
		whole, err := stored(vault, pack.Object)
		if err != nil {
			return err
		}
		forged, reverse, ofYard, ofOthers := bytes.Clone(whole), bytes.Clone(whole), bytes.Clone(whole), bytes.Clone(whole)
		segments := 0
		for _, f := range pack.Files {
			if f.Kind == manifest.FileSegment {
				segments++
			}
		}
		for i, f := range pack.Files[:segments] {
			place := func(object []byte) []byte { return object[f.Offset : f.Offset+f.Size] }
			fake, plain, err := forgeAny(own, number, l.recipients[pack.Epoch], f.Size)
			if err != nil {
				return err
			}
			copy(place(forged), fake)
			if l.Rewritten[f.SHA256], err = rewritten(f, fake, plain); err != nil {
				return err
			}
			other := pack.Files[segments-1-i]
			fit(place(reverse), whole[other.Offset:other.Offset+other.Size])
			for _, swap := range []struct {
				object []byte
				from   session.Segment
			}{{ofYard, yards[number%len(yards)]}, {ofOthers, sheds[number%len(sheds)]}} {
				theirs, err := stored(vault, swap.from.Pack.Object)
				if err != nil {
					return err
				}
				fit(place(swap.object), theirs[swap.from.Offset:swap.from.Offset+swap.from.Size])
			}
			number++
		}
		l.Forged[pack.Object], l.OfYard[pack.Object], l.OfOthers[pack.Object] = forged, ofYard, ofOthers
		if segments > 1 {
			l.Reverse[pack.Object] = reverse
		}
	}
	if len(l.Reverse) == 0 {
		return fmt.Errorf("no pack of the door holds two segments")
	}
	return nil
}

// packsOf lists the packs of segments, each once.
func packsOf(segments []session.Segment) []*manifest.Pack {
	var packs []*manifest.Pack
	for _, s := range segments {
		if n := len(packs); n == 0 || packs[n-1].Object != s.Pack.Object {
			packs = append(packs, s.Pack)
		}
	}
	return packs
}

// fit fills a place with other bytes: what is too long is cut, the rest stays.
func fit(place, other []byte) { copy(place, other) }

// stored reads an object where the operator keeps it.
func stored(vault string, object id.Object) ([]byte, error) {
	name := string(object)
	b, err := os.ReadFile(filepath.Join(vault, "objects", strings.TrimPrefix(name, "obj_")[:2], name))
	if err != nil {
		return nil, fmt.Errorf("read the vault: %w", err)
	}
	return b, nil
}

// openAll opens the forger's own footage, as its owner may.
func openAll(ctx context.Context, s *session.Session, v *session.View, camera id.Camera, segments []session.Segment) ([][]byte, error) {
	fetch, err := footage.Start(ctx, s, v, camera, segments, request.PurposeHistory)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for i := range fetch.Len() {
		plain, err := fetch.Segment(ctx, i)
		if err != nil {
			return nil, err
		}
		out = append(out, plain)
	}
	return out, nil
}

// recipientsOf reads the public keys of epochs from the hub's state: they are no secret, and may be learnt.
func recipientsOf(ctx context.Context, hub string) (map[id.Epoch]*to.Recipient, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(hub, "state.db")+"?mode=ro")
	if err != nil {
		return nil, fmt.Errorf("open the hub's state: %w", err)
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT epoch, recipient FROM epochs`)
	if err != nil {
		return nil, fmt.Errorf("read the hub's epochs: %w", err)
	}
	defer rows.Close()
	out := map[id.Epoch]*to.Recipient{}
	for rows.Next() {
		var epoch, text string
		if err := rows.Scan(&epoch, &text); err != nil {
			return nil, fmt.Errorf("read the hub's epochs: %w", err)
		}
		if out[id.Epoch(epoch)], err = to.ParseRecipient(text); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// forgeAny forges from the first segment, counted from a number on, that is small enough.
func forgeAny(own [][]byte, number int, recipient *to.Recipient, size int64) (fake, plain []byte, err error) {
	for i := range own {
		plain = own[(number+i)%len(own)]
		if fake, err = forge(plain, recipient, size); err == nil {
			return fake, plain, nil
		}
	}
	return nil, nil, err
}

// rewritten is what a record says of a forged file in the place of the true one.
func rewritten(f manifest.File, fake, plain []byte) (manifest.File, error) {
	segment, err := media.Parse(plain)
	if err != nil {
		return f, err
	}
	var content []byte
	err = segment.Content(func(b []byte) error {
		content = append(content, b...)
		return nil
	})
	f.SHA256, f.Content = id.HashOf(fake), manifest.Content{SHA256: id.HashOf(content), Size: int64(len(content))}
	return f, err
}

// rewrite puts the forged files into a page of the door's record.
func (l *Loot) rewrite(e *proxy.Exchange) bool {
	steps := strings.Split(e.URL.Path, "/") // /v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}
	if !proxy.Pages(e) || len(steps) != 9 || id.Camera(steps[6]) != l.Door {
		return false
	}
	epoch := id.Epoch(steps[7])
	identity, recipient := l.identities[epoch], l.recipients[epoch]
	if identity == nil || recipient == nil {
		return false
	}
	page, err := l.rewritePage(identity, e.Body)
	if err != nil || page == nil {
		return false
	}
	sealed, err := seal(recipient, page)
	if err != nil {
		return false
	}
	e.Body = sealed
	return true
}

// rewritePage returns nil for a page that names no footage.
func (l *Loot) rewritePage(identity *open.Identity, sealed []byte) ([]byte, error) {
	r, err := identity.Open(bytes.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("open a page: %w", err)
	}
	entries, err := manifest.ParsePage(plain)
	if err != nil {
		return nil, err
	}
	var page []byte
	changed := false
	for _, entry := range entries {
		raw := entry.Raw
		if pack, ok := entry.Leaf.(*manifest.Pack); ok {
			for i, f := range pack.Files {
				if other, ok := l.Rewritten[f.SHA256]; ok {
					pack.Files[i], changed = other, true
				}
			}
			if raw, err = manifest.EncodeLeaf(pack); err != nil {
				return nil, err
			}
		}
		page = manifest.AppendEntry(page, entry.Index, raw)
	}
	if !changed {
		return nil, nil
	}
	return page, nil
}

// forge seals other footage to a public key, so that it opens and is exactly as long as the true file. What is
// missing in length is a `free` box inside, which every player skips.
func forge(plain []byte, recipient *to.Recipient, size int64) ([]byte, error) {
	if recipient == nil {
		return nil, fmt.Errorf("forge: the epoch's public key is not known")
	}
	missing := int64(0)
	for range 4 {
		padded := bytes.Clone(plain)
		if missing >= 8 {
			box := make([]byte, missing)
			binary.BigEndian.PutUint32(box, uint32(missing))
			copy(box[4:], "free")
			padded = append(padded, box...)
		}
		sealed, err := seal(recipient, padded)
		if err != nil {
			return nil, err
		}
		if int64(len(sealed)) == size {
			return sealed, nil
		}
		missing += size - int64(len(sealed))
		if missing < 8 {
			break
		}
	}
	return nil, fmt.Errorf("forge: %d bytes do not fit into the place of a file of %d", len(plain), size)
}

// seal makes one age file.
func seal(recipient *to.Recipient, plain []byte) ([]byte, error) {
	var sealed bytes.Buffer
	w, err := recipient.Seal(&sealed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed.Bytes(), nil
}
