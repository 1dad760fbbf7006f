// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"keyhold/cloud/store"
	"keyhold/statement/id"
)

const (
	selectPending = `SELECT COUNT(*), COALESCE(SUM(size), 0) FROM mail
		WHERE household = $1 AND sender = $2 AND kind = $3 AND reader = $4 AND acked = 0`
	nextMail = `INSERT INTO mailboxes (household, reader, last) VALUES ($1, $2, 1)
		ON CONFLICT (household, reader) DO UPDATE SET last = mailboxes.last + 1 RETURNING last`
	insertMail = `INSERT INTO mail (household, reader, id, sender, kind, size, body, at, acked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`
	listMail = `SELECT household, reader, id, sender, kind, body, at FROM mail
		WHERE household = $1 AND reader = $2 AND id > $3 AND (acked = 0 OR at >= $4) ORDER BY id LIMIT $5`
	ackMail = `UPDATE mail SET acked = $1 WHERE household = $2 AND reader = $3 AND id <= $4 AND acked = 0`

	insertLook = `INSERT INTO looks (household, device, camera, hour, from_hour, until_hour) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`
	insertAddress = `INSERT INTO addresses (address, household, device, kind, purpose, cameras, from_hour, until_hour, at, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	// One row in any case, so that an address which is not there takes as long as one that is.
	selectAddress = `SELECT COALESCE(household, ''), COALESCE(device, ''), COALESCE(kind, ''), COALESCE(purpose, ''), COALESCE(cameras, ''),
		COALESCE(from_hour, 0), COALESCE(until_hour, 0), COALESCE(at, 0), COALESCE(expires, 0)
		FROM (SELECT 1) LEFT JOIN addresses ON address = $1 AND expires > $2`
)

// putMail is PutMail inside a transaction.
func putMail(ctx context.Context, tx *sql.Tx, m store.Mail, q store.Quota) (int64, error) {
	var messages, bytes int64
	if err := tx.QueryRowContext(ctx, selectPending, m.Household, m.Sender, m.Kind, m.Reader).Scan(&messages, &bytes); err != nil {
		return 0, err
	}
	if messages >= q.Messages || bytes+int64(len(m.Body)) > q.Bytes {
		return 0, store.ErrFull
	}
	var n int64
	if err := tx.QueryRowContext(ctx, nextMail, m.Household, m.Reader).Scan(&n); err != nil {
		return 0, err
	}
	_, err := tx.ExecContext(ctx, insertMail, m.Household, m.Reader, n, m.Sender, m.Kind, len(m.Body), m.Body, m.At)
	return n, err
}

// PutMail stores a message.
func (s *Store) PutMail(ctx context.Context, n store.Nonce, m store.Mail, q store.Quota) (number int64, err error) {
	err = s.tx(ctx, "put mail", &n, func(tx *sql.Tx) error {
		number, err = putMail(ctx, tx, m, q)
		return err
	})
	return number, err
}

// MailAfter lists what a socket has to send.
func (s *Store) MailAfter(ctx context.Context, household id.Household, reader id.Device, after, since int64, limit int) ([]store.Mail, error) {
	return list(ctx, s.read, "mail", func(rows *sql.Rows, m *store.Mail) error {
		return rows.Scan(&m.Household, &m.Reader, &m.ID, &m.Sender, &m.Kind, &m.Body, &m.At)
	}, listMail, household, reader, after, since, limit)
}

// Ack acknowledges messages.
func (s *Store) Ack(ctx context.Context, household id.Household, reader id.Device, upTo, now int64) error {
	return s.tx(ctx, "acknowledge mail", nil, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, ackMail, now, household, reader, upTo)
		return err
	})
}

// Fetch stores an address and, if it counts, the look.
func (s *Store) Fetch(ctx context.Context, n store.Nonce, a store.Address, look *store.Look, q store.Quota) (passed bool, err error) {
	err = s.tx(ctx, "fetch", &n, func(tx *sql.Tx) error {
		cameras := make([]string, 0, len(a.Cameras))
		for _, c := range a.Cameras {
			cameras = append(cameras, string(c))
		}
		_, err := tx.ExecContext(ctx, insertAddress, a.Address, a.Household, a.Device, a.Kind, a.Purpose,
			strings.Join(cameras, " "), a.From, a.Until, a.At, a.Expires)
		if err != nil || look == nil {
			return err
		}
		passed = len(look.Once) == 0
		for _, c := range look.Once {
			res, err := tx.ExecContext(ctx, insertLook, look.Mail.Household, look.Mail.Sender, c, look.Hour, a.From, a.Until)
			if err != nil {
				return err
			}
			rows, err := res.RowsAffected()
			if err != nil {
				return err
			}
			passed = passed || rows > 0
		}
		if !passed {
			return nil
		}
		_, err = putMail(ctx, tx, look.Mail, q)
		return err
	})
	return passed && err == nil, err
}

// Address returns one that has not expired.
func (s *Store) Address(ctx context.Context, address string, now int64) (store.Address, error) {
	a := store.Address{Address: address}
	var cameras string
	err := s.read.QueryRowContext(ctx, selectAddress, address, now).
		Scan(&a.Household, &a.Device, &a.Kind, &a.Purpose, &cameras, &a.From, &a.Until, &a.At, &a.Expires)
	if err != nil {
		return a, fmt.Errorf("sqlite: address: %w", err)
	}
	if a.Kind == "" {
		return a, store.ErrMissing
	}
	for _, c := range strings.Fields(cameras) {
		a.Cameras = append(a.Cameras, id.Camera(c))
	}
	return a, nil
}
