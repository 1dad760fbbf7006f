// SPDX-License-Identifier: Apache-2.0

package household

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"fmt"

	"keyhold/sealing/to"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

// SealedLabel signs a camera's next label, from what state.db holds now, and seals it to the camera's epoch: those who
// may see the camera but not the document of names read its name there.
func SealedLabel(ctx context.Context, tx *sql.Tx, c id.Camera, r *roster.State, key ed25519.PrivateKey, at int64, to *to.Recipient) ([]byte, error) {
	const next = `UPDATE cameras SET label = max(label, $2) + 1 WHERE id = $1`
	if _, err := tx.ExecContext(ctx, next, string(c), r.Now().First); err != nil {
		return nil, fmt.Errorf("household: label of %s: %w", c, err)
	}
	return LabelAgain(ctx, tx, c, r, key, at, to)
}

// LabelAgain is the label that there is, signed and sealed once more.
func LabelAgain(ctx context.Context, tx *sql.Tx, c id.Camera, r *roster.State, key ed25519.PrivateKey, at int64, to *to.Recipient) ([]byte, error) {
	l := manifest.Label{At: at, Camera: c, Head: r.Head.Hash, Household: r.Household}
	if err := tx.QueryRowContext(ctx, `SELECT label, name, room FROM cameras WHERE id = $1`, string(c)).Scan(&l.Seq, &l.Name, &l.Room); err != nil {
		return nil, fmt.Errorf("household: label of %s: %w", c, err)
	}
	zone, err := Fact(ctx, tx, "zone")
	if err != nil {
		return nil, err
	}
	l.Zone = string(zone)
	thing, payload := l.Edition()
	e, err := dsse.Signed(thing, payload, id.Hub, key)
	if err != nil {
		return nil, fmt.Errorf("household: label: %w", err)
	}
	return to.SealAll(e.Encode())
}
