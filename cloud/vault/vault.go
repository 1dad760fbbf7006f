// SPDX-License-Identifier: Apache-2.0

// Package vault keeps objects: sealed packs, whole or not at all.
//
// It promises that an object which Put has acknowledged is there after any crash with exactly the bytes that were
// asked for, that nothing of a failed or interrupted Put can ever be opened, and that an object once stored never
// changes. It trusts nobody's word for length or hash: both are taken while the bytes are written. It knows neither
// households nor what is inside. An interrupted Put may leave a part file, which the next start removes; blob comes
// first and row second, so a crash between them leaves an object that no row names, which the sweep removes.
//
// Vault is an interface because one folder on one machine is not enough for every operator. Package vaulttest holds
// the suite that each engine passes.
package vault

import (
	"context"
	"errors"
	"io"

	"keyhold/statement/id"
)

// What a vault can answer. Anything else is the engine's own failure.
var (
	// ErrMissing says that no object has this id.
	ErrMissing = errors.New("vault: no such object")
	// ErrDiffers says that an object with this id is there already, with other bytes.
	ErrDiffers = errors.New("vault: object exists with other bytes")
	// ErrSize says that the bytes given were more or fewer than announced.
	ErrSize = errors.New("vault: body has another length than its statement")
	// ErrHash says that the bytes given have another hash than announced.
	ErrHash = errors.New("vault: body has another hash than its statement")
	// ErrNoSpace says that there is no room left for the object; nothing of it is there.
	ErrNoSpace = errors.New("vault: no space left")
	// ErrBody says that the bytes could not be read to their end; the reader's own error is wrapped beside it.
	ErrBody = errors.New("vault: body broke off")
)

// Reader is an opened object.
type Reader interface {
	io.ReadSeekCloser
}

// Entry is one object in a listing.
type Entry struct {
	Object id.Object
	Size   int64
	// Stored is when the object was written, milliseconds UTC by the engine's clock.
	Stored int64
}

// Vault is an engine that keeps objects. All methods are safe for use by several goroutines.
type Vault interface {
	// Put stores the bytes of r under object. It reads r to its end and returns ErrSize or ErrHash if that is not
	// size bytes with hash sum. If the object is there already with that hash, Put has no effect and no error; with
	// another it returns ErrDiffers. When Put returns nil the object survives a crash.
	Put(ctx context.Context, object id.Object, r io.Reader, size int64, sum id.Hash) error
	// Open returns the object and its size, or ErrMissing.
	Open(ctx context.Context, object id.Object) (Reader, int64, error)
	// Delete removes the object; one that is not there is no error.
	Delete(ctx context.Context, object id.Object) error
	// Each calls f for every object, in no particular order, until f returns an error, which it passes on.
	Each(ctx context.Context, f func(Entry) error) error
}
