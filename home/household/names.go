// SPDX-License-Identifier: Apache-2.0

package household

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"keyhold/home/cameras"
	"keyhold/home/covers"
	"keyhold/home/nursery"
	"keyhold/home/privacy/kept"
	"keyhold/home/stars/marks"
	"keyhold/home/state"
	"keyhold/sealing/to"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// WriteNames signs the next document of names from what state.db holds now and keeps it. It returns
// the leaf that announces it; the caller sends [SealedNames] to the cloud.
func WriteNames(ctx context.Context, tx *sql.Tx, list []cameras.Camera, r *roster.State, key ed25519.PrivateKey, at int64) (*manifest.NamesChanged, error) {
	n := manifest.Names{
		At: at, Household: r.Household, Head: r.Head.Hash,
		Cameras: []manifest.NamedCam{}, Devices: []manifest.NamedDev{}, Persons: []manifest.NamedPer{},
	}
	for _, c := range list {
		s := manifest.NameOn
		if c.Removed != 0 {
			s = manifest.NameRemoved
		}
		n.Cameras = append(n.Cameras, manifest.NamedCam{ID: c.ID, Name: c.Name, Room: c.Room, State: s})
	}
	if err := addSettings(ctx, tx, &n); err != nil {
		return nil, err
	}
	if err := addSecret(ctx, tx, &n); err != nil {
		return nil, err
	}
	labels, err := labels(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, m := range r.Members {
		n.Devices = append(n.Devices, manifest.NamedDev{ID: m.ID, Name: labels[string(m.ID)]})
	}
	for _, p := range r.People {
		n.Persons = append(n.Persons, manifest.NamedPer{ID: p.ID, Name: labels[string(p.ID)]})
	}
	addFormer(&n, r, labels)
	if err := addReaders(ctx, tx, &n); err != nil {
		return nil, err
	}
	zone, err := Fact(ctx, tx, "zone")
	if err != nil {
		return nil, err
	}
	n.Zone = string(zone)
	if err := tx.QueryRowContext(ctx, `SELECT max(coalesce(max(seq), 0), $1) + 1 FROM names`, r.Now().First).Scan(&n.Seq); err != nil {
		return nil, fmt.Errorf("household: names: %w", err)
	}
	e, err := signNames(&n, key)
	if err != nil {
		return nil, fmt.Errorf("household: names: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM names`); err != nil {
		return nil, fmt.Errorf("household: names: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO names (seq, envelope) VALUES ($1, $2)`, n.Seq, e.Encode()); err != nil {
		return nil, fmt.Errorf("household: names: %w", err)
	}
	return &manifest.NamesChanged{Header: manifest.Header{Camera: id.HouseholdCamera}, Names: e.Hash(), Number: n.Seq}, nil
}

// namesLeap is how many numbers are left out where it is not known which were given.
const namesLeap = 1 << 20

// SkipNames leaves out numbers of the document of names: those that a hub gave before its folder was put back are not
// used for another document.
func SkipNames(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `UPDATE names SET seq = seq + $1`, namesLeap); err != nil {
		return fmt.Errorf("household: names: %w", err)
	}
	return nil
}

// addSettings says of cameras, and of all, what a hub has to know that takes this one's place.
func addSettings(ctx context.Context, tx *sql.Tx, n *manifest.Names) error {
	covered, err := covers.In(ctx, tx)
	if err != nil {
		return err
	}
	children, err := nursery.In(ctx, tx)
	if err != nil {
		return err
	}
	off, err := kept.In(ctx, tx)
	if err != nil {
		return err
	}
	starred, err := marks.In(ctx, tx)
	if err != nil {
		return err
	}
	n.Private = off[id.HouseholdCamera].Held()
	for i := range n.Cameras {
		c := &n.Cameras[i]
		c.Stars = starred[c.ID] // what is kept of a camera that is gone stays, too
		if c.State == manifest.NameOn {
			c.Masks, c.Child, c.Private = covered.Of(c.ID), children.Set(c.ID), off[c.ID].Held()
			c.Unsaid = covered.Unsaid(c.ID) || children.Unsaid(c.ID)
		}
	}
	return nil
}

// signNames shortens names where the document would be too long for a statement, leaves out rooms and what has to be set up again, then stars, and says last
// that it does not say what is covered and private: nobody may keep others from being removed by means of long names.
func signNames(n *manifest.Names, key ed25519.PrivateKey) (e *dsse.Envelope, err error) {
	sign := func() {
		thing, payload := n.Edition()
		e, err = dsse.Signed(thing, payload, id.Hub, key)
	}
	for _, longest := range []int{manifest.MaxName, 64, 32, 12} {
		for i := range n.Cameras {
			n.Cameras[i].Name = clip(n.Cameras[i].Name, longest)
			n.Cameras[i].Room = clip(n.Cameras[i].Room, longest)
		}
		for i := range n.Devices {
			n.Devices[i].Name = clip(n.Devices[i].Name, longest)
		}
		for i := range n.Persons {
			n.Persons[i].Name = clip(n.Persons[i].Name, longest)
		}
		if sign(); rule.Of(err) != rule.Length {
			return e, err
		}
	}
	for i := range n.Cameras {
		n.Cameras[i].Room, n.Cameras[i].Bell, n.Cameras[i].Door, n.Cameras[i].Light, n.Cameras[i].Speaker = "", false, "", false, false
	}
	n.Channels, n.Integrations = nil, nil
	if sign(); rule.Of(err) != rule.Length {
		return e, err
	}
	for i := range n.Cameras {
		n.Unstarred = n.Unstarred || len(n.Cameras[i].Stars) > 0
		n.Cameras[i].Stars = nil
	}
	if sign(); rule.Of(err) != rule.Length {
		return e, err
	}
	for i := range n.Cameras {
		if c := &n.Cameras[i]; len(c.Masks) > 0 || c.Private != nil {
			c.Masks, c.Private, c.Unsaid = nil, nil, true
		}
	}
	if sign(); rule.Of(err) != rule.Length || n.Private == nil {
		return e, err
	}
	n.Private, n.Unsaid = nil, true
	sign()
	return e, err
}

// clip ends a name at the end of a character.
func clip(name string, longest int) string {
	if len(name) <= longest {
		return name
	}
	for longest > 0 && !utf8.RuneStart(name[longest]) {
		longest--
	}
	return name[:longest]
}

// formerNames bounds the bytes that the names of those who are gone may take, so that the document always fits into a
// statement, however many came and went.
const formerNames = 16 << 10

// addFormer adds the names of those who are gone, for what they did while they were there: the last ones first.
func addFormer(n *manifest.Names, r *roster.State, labels map[string]string) {
	var gone []roster.Member
	for k := range labels {
		if m, ok := r.Former(id.Device(k)); ok {
			gone = append(gone, m)
		}
	}
	slices.SortFunc(gone, func(a, b roster.Member) int {
		return cmp.Or(cmp.Compare(b.Since, a.Since), cmp.Compare(a.ID, b.ID))
	})
	named := map[id.Person]bool{}
	for _, p := range r.People {
		named[p.ID] = true
	}
	left := formerNames
	for _, m := range gone {
		if left -= 128 + len(labels[string(m.ID)]) + len(labels[string(m.Person)]); left < 0 {
			return
		}
		n.Devices = append(n.Devices, manifest.NamedDev{ID: m.ID, Name: labels[string(m.ID)]})
		if !named[m.Person] {
			named[m.Person] = true
			n.Persons = append(n.Persons, manifest.NamedPer{ID: m.Person, Name: labels[string(m.Person)]})
		}
	}
}

// mostReaders is of how many integrations that read, or have read, the names are said: the last ones.
const mostReaders = 32

// addReaders adds the names of integrations that read cameras. They are of no roster, and stand on the record by an id of a
// person and of a device.
func addReaders(ctx context.Context, tx *sql.Tx, n *manifest.Names) error {
	err := state.Each(ctx, tx, `SELECT device, person, name FROM readers ORDER BY since DESC, device LIMIT $1`, []any{mostReaders}, func(scan func(...any) error) error {
		var d manifest.NamedDev
		var p manifest.NamedPer
		err := scan(&d.ID, &p.ID, &d.Name)
		p.Name = d.Name
		n.Devices, n.Persons = append(n.Devices, d), append(n.Persons, p)
		return err
	})
	if err != nil {
		return fmt.Errorf("household: readers: %w", err)
	}
	return nil
}

// AddReader names an integration that is to read cameras; it keeps its name on the record when it is removed.
func AddReader(ctx context.Context, tx *sql.Tx, d id.Device, p id.Person, name string, since int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO readers (device, person, name, since) VALUES ($1, $2, $3, $4)`, string(d), string(p), name, since)
	if err != nil {
		return fmt.Errorf("household: readers: %w", err)
	}
	return nil
}

func labels(ctx context.Context, tx *sql.Tx) (map[string]string, error) {
	out := map[string]string{}
	err := state.Each(ctx, tx, `SELECT id, name FROM labels`, nil, func(scan func(...any) error) error {
		var k, v string
		err := scan(&k, &v)
		out[k] = v
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("household: labels: %w", err)
	}
	return out, nil
}

// SealedNames returns the newest document of names, sealed to the household's epoch; nil if there is none.
func SealedNames(ctx context.Context, tx *sql.Tx, r *to.Recipient) ([]byte, error) {
	var envelope []byte
	err := tx.QueryRowContext(ctx, `SELECT envelope FROM names ORDER BY seq DESC LIMIT 1`).Scan(&envelope)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("household: names: %w", err)
	}
	return r.SealAll(envelope)
}
