// SPDX-License-Identifier: Apache-2.0

package push

import (
	"context"
	"crypto/ecdh"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// keepUnheard is how many alerts of one device are remembered that it has said nothing of: the newest, and the oldest, by
// which one sees for how long it has been silent.
const keepUnheard = 64

// load reads everything into memory.
func (d *Desk) load(ctx context.Context) error {
	phones := map[id.Device]*phone{}
	err := d.c.DB.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT device, key, endpoint, p256dh, auth, since, seen, took FROM phones`, nil, func(scan func(...any) error) error {
			p := &phone{}
			err := scan(&p.Device, &p.key, &p.to.Endpoint, &p.to.P256DH, &p.to.Auth, &p.Since, &p.Seen, &p.Took)
			phones[p.Device] = p
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("push: load: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.phones = phones
	d.forgetWays()
	return nil
}

// change writes and then reads anew: there are few phones, and they rarely change. One change is read before the next is
// written, so that what is in memory is never older than what is in the database.
func (d *Desk) change(ctx context.Context, what string, f func(*sql.Tx) error) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	if err := d.c.DB.Write(ctx, f); err != nil {
		return fmt.Errorf("push: %s: %w", what, err)
	}
	return d.load(ctx)
}

// Key is the public key that a device subscribes to; it is made when it is first asked for.
func (d *Desk) Key(ctx context.Context, device id.Device) ([]byte, error) {
	if p, ok := d.phone(device); ok {
		return public(p.key)
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	err = d.change(ctx, "keep a key", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO phones (device, key, endpoint, p256dh, auth, since, seen, took)
			VALUES ($1, $2, '', x'', x'', $3, 0, 0) ON CONFLICT DO NOTHING`, device, key, d.c.Now().UnixMilli())
		return err
	})
	if err != nil {
		return nil, err
	}
	p, ok := d.phone(device)
	if !ok {
		return nil, fmt.Errorf("push: the key of a device has gone")
	}
	return public(p.key)
}

// ErrKey says that a browser's key is none.
var ErrKey = errors.New("push: the browser's key is no point of the curve")

// Subscribe keeps where a device takes messages; it has asked for the key before.
func (d *Desk) Subscribe(ctx context.Context, device id.Device, s *request.Subscription) error {
	if _, err := ecdh.P256().NewPublicKey(s.P256DH); err != nil {
		return ErrKey
	}
	p, ok := d.phone(device)
	if !ok {
		return ErrNotSubscribed
	}
	if p.to.Endpoint == s.Endpoint && slices.Equal(p.to.P256DH, s.P256DH) && slices.Equal(p.to.Auth, s.Auth) {
		return nil
	}
	return d.change(ctx, "subscribe", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE phones SET endpoint = $1, p256dh = $2, auth = $3, since = $4, seen = 0, took = 0 WHERE device = $5`,
			s.Endpoint, s.P256DH, s.Auth, d.c.Now().UnixMilli(), device)
		return errors.Join(err, unheard(ctx, tx, device))
	})
}

// Unsubscribe forgets a device, its key too.
func (d *Desk) Unsubscribe(ctx context.Context, device id.Device) error {
	if _, ok := d.phone(device); !ok {
		return nil
	}
	return d.change(ctx, "unsubscribe", func(tx *sql.Tx) error { return Forget(ctx, tx, device) })
}

// drop ends a subscription, unless the device has another by now.
func (d *Desk) drop(ctx context.Context, p *phone) error {
	return d.change(ctx, "drop", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM phones WHERE device = $1 AND endpoint = $2`, p.Device, p.to.Endpoint)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return unheard(ctx, tx, p.Device)
	})
}

func unheard(ctx context.Context, tx *sql.Tx, device id.Device) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM phones_unheard WHERE device = $1`, device)
	return err
}

// Forget deletes a device in the transaction that lets it go, its key too. [Desk.Keep] is for when that is done.
func Forget(ctx context.Context, tx *sql.Tx, device id.Device) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM phones WHERE device = $1`, device)
	if err := errors.Join(err, unheard(ctx, tx, device)); err != nil {
		return fmt.Errorf("push: forget: %w", err)
	}
	return nil
}

// Keep forgets every device that is none of these: it does not belong to the household any more.
func (d *Desk) Keep(ctx context.Context, belongs func(id.Device) bool) error {
	d.mu.Lock()
	var gone []id.Device
	for device := range d.phones {
		if !belongs(device) {
			gone = append(gone, device)
		}
	}
	d.mu.Unlock()
	for _, device := range gone {
		if err := d.Unsubscribe(ctx, device); err != nil {
			return err
		}
	}
	return nil
}

// sent writes down that a push service has a message, unless its device was quicker to say that it has it.
func (d *Desk) sent(ctx context.Context, m Message) error {
	return d.c.DB.Write(ctx, func(tx *sql.Tx) error {
		if _, ok := d.inFlight(flight{m.Device, m.Seq}, false); !ok {
			return nil
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO phones_unheard (device, seq, at) SELECT device, $2, $3 FROM phones WHERE device = $1 ON CONFLICT DO NOTHING`, m.Device, m.Seq, m.At)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM phones_unheard WHERE device = $1 AND seq > (SELECT MIN(seq) FROM phones_unheard WHERE device = $1)
			AND seq NOT IN (SELECT seq FROM phones_unheard WHERE device = $1 ORDER BY seq DESC LIMIT $2)`, m.Device, keepUnheard-1)
		return err
	})
}

// ErrUnknown says that no such alert was sent to a device, or that it has said so before.
var ErrUnknown = errors.New("push: no such alert waits for this device's word")

// Received takes a device's word that an alert has come. What it says of the time is believed only as far as it can be:
// after it happened, and before now.
func (d *Desk) Received(ctx context.Context, device id.Device, r *request.Received) error {
	now := d.c.Now().UnixMilli()
	return d.change(ctx, "note what was received", func(tx *sql.Tx) error {
		var at int64
		err := tx.QueryRowContext(ctx, `SELECT at FROM phones_unheard WHERE device = $1 AND seq = $2`, device, r.Seq).Scan(&at)
		if errors.Is(err, sql.ErrNoRows) {
			var ok bool
			if at, ok = d.inFlight(flight{device, r.Seq}, true); !ok {
				return ErrUnknown
			}
			err = nil
		}
		if err != nil {
			return err
		}
		// Whoever hears this one is not silent because of those before it.
		if _, err := tx.ExecContext(ctx, `DELETE FROM phones_unheard WHERE device = $1 AND seq <= $2`, device, r.Seq); err != nil {
			return err
		}
		took := max(0, min(r.At, now)-at)
		d.came(device, r.Seq, took)
		_, err = tx.ExecContext(ctx, `UPDATE phones SET seen = $1, took = $2 WHERE device = $3`, now, took, device)
		return err
	})
}

// Phones are the devices that have subscribed, in order.
func (d *Desk) Phones(ctx context.Context) ([]request.Phone, error) {
	silent := map[id.Device]int64{}
	err := d.c.DB.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT device, MIN(at) FROM phones_unheard GROUP BY device`, nil, func(scan func(...any) error) error {
			var device id.Device
			var at int64
			err := scan(&device, &at)
			silent[device] = at
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("push: phones: %w", err)
	}
	var out []request.Phone
	for _, device := range d.Subscribed() {
		p, ok := d.phone(device)
		if !ok {
			continue
		}
		one := p.Phone
		one.Silent = silent[device]
		w := d.wayOf(device, one.Took)
		one.Left, one.Brought = w.left, w.brought
		if u, err := url.Parse(p.to.Endpoint); err == nil {
			one.Service = u.Hostname()
		}
		out = append(out, one)
	}
	return out, nil
}
