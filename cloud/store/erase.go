// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"

	"keyhold/statement/id"
)

// Erasure is an owner's wish to have everything of a household erased.
type Erasure struct {
	Household id.Household
	// Hash is the statement's, Statement its envelope.
	Hash      id.Hash
	Statement []byte
	Due       int64
}

// Content is one stored thing of a household: what kind it is, the hash of its bytes, and how many they are.
type Content struct {
	Kind string
	Hash id.Hash
	Size int64
}

// Receipt says what was erased.
type Receipt struct {
	// Hash is that of the statement that asked for it.
	Hash    id.Hash
	Counts  string
	List    []byte
	Note    string
	Expires int64
}

// Erasures keeps what is to be erased, and erases it. The order is: PutErasure; then, when it is due, Close, Contents
// and PutReceipt, Places and DropObjects until there are none, and Erase, which ends it. Each step can be repeated.
type Erasures interface {
	// PutErasure stores a wish and uses the nonce of its statement as well. The same again is no error; another one
	// while one is stored is ErrConflict.
	PutErasure(ctx context.Context, n, own Nonce, e Erasure) error
	// KeepHousehold takes a wish back, and uses the nonce of the statement that says so. ErrMissing when there is
	// none, or when erasing has begun.
	KeepHousehold(ctx context.Context, n, own Nonce, household id.Household) error
	// Erasure returns a household's wish, or ErrMissing.
	Erasure(ctx context.Context, household id.Household) (Erasure, error)
	// DueErasures lists wishes whose time has come.
	DueErasures(ctx context.Context, now int64) ([]Erasure, error)

	// CloseHousehold makes a household a stranger: no chain is found for it, and nothing is stored for it any more.
	CloseHousehold(ctx context.Context, household id.Household) error
	// Contents calls f for everything of a household that has content of its own, in no particular order.
	Contents(ctx context.Context, household id.Household, f func(Content) error) error
	// PutReceipt stores what Contents has found, before anything is gone. An earlier attempt's stays.
	PutReceipt(ctx context.Context, r Receipt) error
	// Places lists up to limit places of a closed household's objects.
	Places(ctx context.Context, household id.Household, limit int) ([]id.Object, error)
	// DropObjects removes the rows of places whose bytes are gone.
	DropObjects(ctx context.Context, household id.Household, places []id.Object) error
	// Erase removes every other row of a closed household, signs off the receipt with its note, and gives back the
	// space, so that the engine's files hold nothing of what was there.
	Erase(ctx context.Context, household id.Household, receipt id.Hash, note string) error
	// Receipt returns a receipt that has expired neither nor is waiting for its note, or ErrMissing. PendingReceipt
	// also returns one without its note.
	Receipt(ctx context.Context, hash id.Hash, now int64) (Receipt, error)
	PendingReceipt(ctx context.Context, hash id.Hash) (Receipt, error)
}
