// SPDX-License-Identifier: Apache-2.0

// Package mailbox passes sealed messages between the members of one household, and fetch statements to its hub.
//
// It promises that a message it has acknowledged reaches its reader in order, at least once, within seven days, and
// that one sender cannot fill the house. It sees who writes to whom, when and how much; the messages are sealed. It
// trusts the signature that access has checked. After a crash, readers come back and get what they have not
// acknowledged.
package mailbox

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/bell"
	"keyhold/cloud/record"
	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

const (
	// Keep is how long a message waits for its reader.
	Keep = 7 * 24 * time.Hour
	// KeepAcked is how long an acknowledged message stays for other sockets of its reader.
	KeepAcked = time.Minute
)

// MailQuota is what one sender may have waiting for one reader.
var MailQuota = store.Quota{Messages: 256, Bytes: 4 << 20}

// Mailbox passes messages. Its fields are set once, before use.
type Mailbox struct {
	Store store.Mailboxes
	Keys  *access.Keeper
	Bell  *bell.Bell
	Log   *slog.Logger
	Now   func() time.Time
	// Newest returns a household's newest checkpoint, "" if there is none. It is told to the hub when it comes.
	Newest func(context.Context, id.Household) (string, error)
	// Quota is MailQuota but for tests.
	Quota store.Quota

	mu   sync.Mutex
	open map[id.Household]int // sockets; guarded by mu
	wg   sync.WaitGroup       // every socket's goroutines
}

// topic is what a reader's sockets listen to.
func topic(h id.Household, reader id.Device) string { return string(h) + " " + string(reader) }

// Notify wakes a reader's sockets after something was stored for it.
func (m *Mailbox) Notify(h id.Household, reader id.Device) { m.Bell.Ring(topic(h, reader)) }

// Send stores a message for the reader that the write names.
func (m *Mailbox) Send(ctx context.Context, v *access.Verified[request.Write], body io.Reader) error {
	w := v.Statement()
	b, err := record.Body(w, body)
	if err != nil {
		return err
	}
	to := id.Device(w.Name)
	if !to.ValidSigner() {
		return api.NewProblem(api.Invalid, rule.Field, "mail goes to the hub, the sheet or a device")
	}
	if _, ok := v.Roster().Key(to); !ok {
		return access.Answer(store.ErrMissing)
	}
	_, err = m.Store.PutMail(ctx, v.Nonce(), store.Mail{
		Household: w.Household, Reader: to, Sender: w.From, Kind: api.KindMail, Body: b, At: m.Now().UnixMilli(),
	}, m.Quota)
	if err != nil {
		return access.Answer(fmt.Errorf("mailbox: send: %w", err))
	}
	m.Notify(w.Household, to)
	return nil
}

// Close waits for all sockets. Their contexts must have ended.
func (m *Mailbox) Close() { m.wg.Wait() }
