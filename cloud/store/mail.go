// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"

	"keyhold/statement/id"
)

// Mail is a message that waits for its reader.
type Mail struct {
	Household id.Household
	Reader    id.Device
	ID        int64
	Sender    id.Device
	Kind      string
	Body      []byte
	At        int64
}

// Quota bounds what one sender may have waiting for one reader, by kind. It is per reader so that a device which never
// comes back cannot use up what the hub may say to the others.
type Quota struct {
	Messages int64
	Bytes    int64
}

// Mailboxes keeps messages until they are acknowledged or swept.
type Mailboxes interface {
	// PutMail stores a message and returns its number, one more than the reader's last. ErrFull when the sender's
	// quota does not allow it.
	PutMail(ctx context.Context, n Nonce, m Mail, q Quota) (int64, error)
	// MailAfter lists a reader's messages with a higher number, oldest first, that are not acknowledged or came at
	// or after since: what one socket of a reader has acknowledged another that was open then still gets.
	MailAfter(ctx context.Context, household id.Household, reader id.Device, after, since int64, limit int) ([]Mail, error)
	// Ack acknowledges all messages up to a number.
	Ack(ctx context.Context, household id.Household, reader id.Device, upTo, now int64) error
	// UseNonce uses a nonce by itself, for an act that stores nothing.
	UseNonce(ctx context.Context, n Nonce) error
}

// Kinds of an address.
const (
	AddressSync    = "sync"
	AddressFootage = "footage"
)

// Address is where what a fetch listed can be read: the range it asked for, as far as it was stored by then, and as
// long as the device that asked may.
type Address struct {
	Address string
	Device  id.Device
	Kind    string
	Purpose string
	Range
	At      int64
	Expires int64
}

// Look is a fetch that the hub has to write down.
type Look struct {
	Mail Mail
	// Once names cameras of which this device's looks at one stretch count once per hour; empty means that each counts.
	Once []id.Camera
	Hour int64
}

// Fetches keeps what a fetch leaves behind.
type Fetches interface {
	// Fetch stores the address and, with a look, the message to the hub, in one step; the answer is sent after it.
	// passed is false when there was no look, or all its cameras had been passed on this hour.
	Fetch(ctx context.Context, n Nonce, a Address, look *Look, q Quota) (passed bool, err error)
	// Address returns one that has not expired, or ErrMissing.
	Address(ctx context.Context, address string, now int64) (Address, error)
}

// Drop is a message in a box.
type Drop struct {
	N    int64
	Body []byte
}

// Drops keeps the boxes of pairing and invitations.
type Drops interface {
	// PutDrop adds a message to a box and returns its number; ErrFull when the box has had most of them, or when all
	// boxes together hold total.
	PutDrop(ctx context.Context, box id.Hash, body []byte, expires, most, total int64) (int64, error)
	// DropsAfter lists the messages of a box with a higher number that have not expired.
	DropsAfter(ctx context.Context, box id.Hash, after, now int64) ([]Drop, error)
}

// Cutoffs say what is old. Everything from before them goes.
type Cutoffs struct {
	Now int64
	// Hour is the first UTC hour that is kept; Stored the time since which anything stored is kept, whatever hour the
	// hub gave it.
	Hour   int64
	Stored int64
	// Mail and Acked: messages from before them, and acknowledgements from before them.
	Mail  int64
	Acked int64
}

// Sweeper removes what is old.
type Sweeper interface {
	// SweepObjects removes the rows of up to limit objects that are before Hour or before Stored and returns their
	// places; the caller then deletes their bytes.
	SweepObjects(ctx context.Context, c Cutoffs, limit int) ([]id.Object, error)
	// Sweep removes every other row that is past its time.
	Sweep(ctx context.Context, c Cutoffs) error
}
