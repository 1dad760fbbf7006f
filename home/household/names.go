// SPDX-License-Identifier: Apache-2.0

package household

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"

	"keyhold/home/cameras"
	"keyhold/home/state"
	"keyhold/sealing/to"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
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
		n.Cameras = append(n.Cameras, manifest.NamedCam{ID: c.ID, Name: c.Name, State: s})
	}
	labels, err := labels(ctx, tx)
	if err != nil {
		return nil, err
	}
	persons := map[id.Person]bool{}
	for _, m := range r.Members {
		n.Devices = append(n.Devices, manifest.NamedDev{ID: m.ID, Name: labels[string(m.ID)]})
		if !persons[m.Person] {
			persons[m.Person] = true
			n.Persons = append(n.Persons, manifest.NamedPer{ID: m.Person, Name: labels[string(m.Person)]})
		}
	}
	zone, err := Fact(ctx, tx, "zone")
	if err != nil {
		return nil, err
	}
	n.Zone = string(zone)
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) + 1 FROM names`).Scan(&n.Seq); err != nil {
		return nil, fmt.Errorf("household: names: %w", err)
	}
	e, err := dsse.Signed(manifest.ThingNames, &n, id.Hub, key)
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
	var out bytes.Buffer
	w, err := r.Seal(&out)
	if err != nil {
		return nil, fmt.Errorf("household: names: %w", err)
	}
	if _, err := w.Write(envelope); err != nil {
		return nil, fmt.Errorf("household: names: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("household: names: %w", err)
	}
	return out.Bytes(), nil
}
