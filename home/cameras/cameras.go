// SPDX-License-Identifier: Apache-2.0

// Package cameras keeps the list of a hub's cameras: id, name, address.
//
// A camera's address usually carries its password, so it is sealed at rest under a key of the
// hub's own (`keys/cameras.key`), bound to the camera's id, and never logged. Whoever has the
// whole hub folder has that key too: the seal keeps addresses out of copies of the database
// alone, it does not protect a stolen hub.
//
// It trusts state.db. A crash leaves the list before a change or after it.
package cameras

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/chacha20poly1305"

	"keyhold/home/durable"
	"keyhold/home/state"
	"keyhold/statement/id"
)

// ErrNotFound says that there is no such camera in use.
var ErrNotFound = errors.New("cameras: there is no such camera")

// ErrName says that a name is taken by another camera in use.
var ErrName = errors.New("cameras: another camera has this name")

// Camera is one camera. URL may carry a password: never log it.
type Camera struct {
	ID   id.Camera
	Name string
	// URL is "" as long as nobody has said where a camera is that an earlier hub had.
	URL string
	// Small is where its second, smaller stream is, "" if it has none that is known. It may carry a password as well.
	Small string
	// Speaker is where it takes sound, "" if it takes none or by its stream. It may carry a password as well.
	Speaker string
	// Room is where it is in the home, "" if nobody has said so.
	Room string
	// Recorded is in which form it is recorded, in the words of commands; "" if nobody has said.
	Recorded string
	Added    int64 // ms
	Removed  int64 // ms; 0 while in use
}

// Store is the list of cameras in state.db. It is safe for concurrent use.
type Store struct {
	db   *state.DB
	seal cipher.AEAD
}

// Open reads the key of addresses in the keys folder, or makes it.
func Open(db *state.DB, keys string) (*Store, error) {
	name := filepath.Join(keys, "cameras.key")
	key, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, chacha20poly1305.KeySize)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("cameras: make key: %w", err)
		}
		if err := durable.WriteFile(name, key, 0o600); err != nil {
			return nil, fmt.Errorf("cameras: make key: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("cameras: read key: %w", err)
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("cameras: read key: %w", err)
	}
	return &Store{db: db, seal: aead}, nil
}

// sealed is a text that is sealed at rest, bound to what it belongs to.
func (s *Store) sealed(plain []byte, of string) ([]byte, error) {
	nonce := make([]byte, s.seal.NonceSize(), s.seal.NonceSize()+len(plain)+s.seal.Overhead())
	if _, err := io.ReadFull(rand.Reader, nonce); err != nil {
		return nil, err
	}
	return s.seal.Seal(nonce, nonce, plain, []byte(of)), nil
}

func (s *Store) opened(sealed []byte, of string) ([]byte, error) {
	n := s.seal.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("a sealed address is too short")
	}
	plain, err := s.seal.Open(nil, sealed[:n], sealed[n:], []byte(of))
	if err != nil {
		return nil, errors.New("a sealed address does not open with keys/cameras.key")
	}
	return plain, nil
}

// Add writes a camera within a transaction of the caller's.
func (s *Store) Add(ctx context.Context, tx *sql.Tx, c Camera) error {
	if c.Removed == 0 {
		if err := free(ctx, tx, c.Name); err != nil {
			return fmt.Errorf("cameras: add: %w", err)
		}
	}
	sealed, err := s.sealed([]byte(c.URL), string(c.ID))
	if err != nil {
		return fmt.Errorf("cameras: add: %w", err)
	}
	removed := sql.NullInt64{Int64: c.Removed, Valid: c.Removed != 0}
	_, err = tx.ExecContext(ctx, `INSERT INTO cameras (id, name, room, url, added, removed) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(c.ID), c.Name, c.Room, sealed, c.Added, removed)
	if err == nil {
		err = s.setSmall(ctx, tx, c.ID, c.Small)
	}
	if err == nil {
		err = setRecorded(ctx, tx, c.ID, c.Recorded)
	}
	if err != nil {
		return fmt.Errorf("cameras: add: %w", err)
	}
	return nil
}

// free says ErrName where a camera in use has a name.
func free(ctx context.Context, tx *sql.Tx, name string) error {
	var taken int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE name = $1 AND removed IS NULL`, name).Scan(&taken)
	if err == nil && taken > 0 {
		err = ErrName
	}
	return err
}

// Rename gives a camera in use another name, which no other has.
func (s *Store) Rename(ctx context.Context, tx *sql.Tx, camera id.Camera, name string) error {
	if err := free(ctx, tx, name); err != nil {
		return fmt.Errorf("cameras: rename: %w", err)
	}
	r, err := tx.ExecContext(ctx, `UPDATE cameras SET name = $1 WHERE id = $2 AND removed IS NULL`, name, string(camera))
	if err != nil {
		return fmt.Errorf("cameras: rename: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrNotFound, err)
	}
	return nil
}

// Place says in which room a camera in use is; "" for none. Several cameras may be in one.
func (s *Store) Place(ctx context.Context, tx *sql.Tx, camera id.Camera, room string) error {
	r, err := tx.ExecContext(ctx, `UPDATE cameras SET room = $1 WHERE id = $2 AND removed IS NULL`, room, string(camera))
	if err != nil {
		return fmt.Errorf("cameras: place: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrNotFound, err)
	}
	return nil
}

// Connect gives a camera an address that has none: an earlier hub had it, and took it along.
func (s *Store) Connect(ctx context.Context, tx *sql.Tx, camera id.Camera, url string) error {
	sealed, err := s.sealed([]byte(url), string(camera))
	if err != nil {
		return fmt.Errorf("cameras: connect: %w", err)
	}
	r, err := tx.ExecContext(ctx, `UPDATE cameras SET url = $1 WHERE id = $2 AND removed IS NULL`, sealed, string(camera))
	if err != nil {
		return fmt.Errorf("cameras: connect: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrNotFound, err)
	}
	return nil
}

// Remove takes a camera out of use and forgets its address. Its name stays: its footage does.
func (s *Store) Remove(ctx context.Context, tx *sql.Tx, camera id.Camera, at int64) error {
	if err := errors.Join(forget(ctx, tx, camera), forgetSmall(ctx, tx, camera), forgetSpeaker(ctx, tx, camera), forgetLight(ctx, tx, camera), forgetBell(ctx, tx, camera), forgetLock(ctx, tx, camera), setRecorded(ctx, tx, camera, "")); err != nil {
		return fmt.Errorf("cameras: remove: %w", err)
	}
	r, err := tx.ExecContext(ctx, `UPDATE cameras SET removed = $1, url = x'' WHERE id = $2 AND removed IS NULL`, at, string(camera))
	if err != nil {
		return fmt.Errorf("cameras: remove: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrNotFound, err)
	}
	return nil
}

// List returns all cameras, the removed ones too, in the order they were added.
func (s *Store) List(ctx context.Context) ([]Camera, error) {
	var out []Camera
	err := s.db.Read(ctx, func(tx *sql.Tx) (err error) {
		out, err = s.ListIn(ctx, tx)
		return err
	})
	return out, err
}

// ListIn is List inside a transaction of the caller's.
func (s *Store) ListIn(ctx context.Context, tx *sql.Tx) ([]Camera, error) {
	var out []Camera
	const query = `SELECT id, name, room, cameras.url, added, coalesce(removed, 0), coalesce(small.url, x''), coalesce(speakers.url, x''), coalesce(form, '')
		FROM cameras LEFT JOIN small ON small.camera = id LEFT JOIN speakers ON speakers.camera = id LEFT JOIN recorded ON recorded.camera = id ORDER BY added, id`
	err := state.Each(ctx, tx, query, nil, func(scan func(...any) error) error {
		var c Camera
		var sealed, small, speaker []byte
		if err := scan(&c.ID, &c.Name, &c.Room, &sealed, &c.Added, &c.Removed, &small, &speaker, &c.Recorded); err != nil {
			return err
		}
		if c.Removed == 0 {
			plain, err := s.opened(sealed, string(c.ID))
			if err != nil {
				return err
			}
			c.URL = string(plain)
		}
		if len(small) > 0 {
			plain, err := s.opened(small, smallOf(c.ID))
			if err != nil {
				return err
			}
			c.Small = string(plain)
		}
		if len(speaker) > 0 {
			plain, err := s.opened(speaker, speakerOf(c.ID))
			if err != nil {
				return err
			}
			c.Speaker = string(plain)
		}
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cameras: list: %w", err)
	}
	return out, nil
}
