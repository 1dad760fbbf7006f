// SPDX-License-Identifier: Apache-2.0

// Package store keeps the rows of the cloud: who there is, by public keys, and what lies where, by random ids.
//
// It promises that what a method has acknowledged survives a crash, that each method happens whole or not at all, and
// that a signed act and the use of its nonce are one step. It does not judge signatures: callers pass only what they
// have verified. No row holds a name, an address or anything in the clear that a household would not publish; the
// migrations say column by column what it is.
//
// Store is an interface because one file on one machine is not enough for every operator. Package storetest holds the
// suite that each engine passes.
package store

import (
	"context"
	"errors"

	"keyhold/statement/id"
	"keyhold/statement/request"
)

// What a store can answer. Anything else is the engine's own failure.
var (
	// ErrMissing says that there is no such row.
	ErrMissing = errors.New("store: not there")
	// ErrConflict says that something else is there already, or that what is there is newer.
	ErrConflict = errors.New("store: something else is there")
	// ErrReplay says that the nonce was used before.
	ErrReplay = errors.New("store: nonce used before")
	// ErrFull says that a quota is used up.
	ErrFull = errors.New("store: quota used up")
	// ErrNoSpace says that the engine has no room left; what was to be stored is not there.
	ErrNoSpace = errors.New("store: no space left")
)

// Nonce is the once-only part of a signed act. A method that takes one uses it in the same step as the act, and
// returns ErrReplay, with no effect, if it was used before, and ErrMissing if there is no such household any more.
type Nonce struct {
	Household id.Household
	Signer    id.Device
	Value     []byte
	// Expires is when the statement could no longer pass for its age.
	Expires int64
}

// Household is a registration: a chain as far as its bringer has it.
type Household struct {
	Household id.Household
	// Sheet is under what the newest recovery sheet of the chain looks its household up.
	Sheet  id.Hash
	Chain  []Link // genesis first
	Stored int64
}

// Link continues a roster; genesis has number 0.
type Link struct {
	Household id.Household
	Seq       int64
	Hash      id.Hash
	// Sheet is the newest recovery sheet's, with this link.
	Sheet    id.Hash
	Envelope []byte
	Stored   int64
}

// Object is the row of a sealed pack. Its id is unique in its household; Place is where the vault has it.
type Object struct {
	Object    id.Object
	Household id.Household
	Place     id.Object
	Camera    id.Camera
	Hour      int64
	Size      int64
	SHA256    id.Hash
	Stored    int64
}

// PageKey names a page of leaves.
type PageKey struct {
	Household id.Household
	Run       id.Run
	Camera    id.Camera
	Epoch     id.Epoch
	Hour      int64
}

// Page is a sealed page; lists leave Body out.
type Page struct {
	PageKey
	Size    int64
	Body    []byte
	Updated int64
}

// TileKey names a tile of hashes.
type TileKey struct {
	Household id.Household
	Run       id.Run
	Level     int
	N         int64
}

// Run is a run of the hub's record with its newest checkpoint.
type Run struct {
	Household  id.Household
	Run        id.Run
	Size       int64
	Checkpoint string
	Updated    int64
}

// Label is a camera's name, sealed to those who see that camera.
type Label struct {
	Household id.Household
	Camera    id.Camera
	Body      []byte
	Updated   int64
}

// Reseal is a reseal statement.
type Reseal struct {
	Hash      id.Hash
	Device    id.Device
	Statement []byte
}

// Kinds of documents.
const (
	Names  = "names"
	Status = "status"
)

// Document is the document of names or the newest status. A newer At replaces an older one; names have At 0 and are
// always replaced.
type Document struct {
	Household id.Household
	Kind      string
	At        int64
	Body      []byte
	Updated   int64
}

// Range asks for what lies between two hours, both included. No cameras means all of them.
type Range struct {
	Household id.Household
	Cameras   []id.Camera
	From      int64
	Until     int64
}

// Store is an engine that keeps rows. All methods are safe for use by several goroutines.
type Store interface {
	Rosters
	Records
	Mailboxes
	Fetches
	Drops
	Erasures
	Sweeper
	Close() error
}

// Rosters keeps the chains.
type Rosters interface {
	// Register stores a household with its chain. created is false when it was there already; its chain then grows by
	// the links that it lacks, and a chain that is another one is ErrConflict and changes nothing.
	Register(ctx context.Context, h Household) (created bool, err error)
	// HouseholdOf returns the household registered first whose newest sheet is this one, or ErrMissing.
	HouseholdOf(ctx context.Context, sheet id.Hash) (id.Household, error)
	// Links returns the envelopes of a chain from a number on: none, without an error, past its end, and ErrMissing
	// where there is no such household.
	Links(ctx context.Context, household id.Household, from int64) ([][]byte, error)
	// AppendLink stores the next link. The same again is no error; another one at that number, or a hole before it,
	// is ErrConflict.
	AppendLink(ctx context.Context, n Nonce, l Link) error
}

// Records keeps what the hub writes.
type Records interface {
	Keeping

	// Used says how many bytes a household stores: objects, pages, tiles and envelopes. 0 where there is no such
	// household.
	Used(ctx context.Context, household id.Household) (int64, error)

	// PutObject stores the row of an object whose bytes are in the vault. The same again is no error; an id that the
	// household has used for anything else is ErrConflict, and so is a place that has a row.
	PutObject(ctx context.Context, n Nonce, o Object) error
	// Object returns a household's row, or ErrMissing.
	Object(ctx context.Context, household id.Household, object id.Object) (Object, error)
	// Placed says whether the row of any household names this place.
	Placed(ctx context.Context, place id.Object) (bool, error)
	// Objects lists a range by camera, hour and arrival, at most limit of it.
	Objects(ctx context.Context, r Range, limit int) ([]Object, error)

	// PutPage stores a page in place of its older version.
	PutPage(ctx context.Context, n Nonce, p Page) error
	// Page returns a page with its body, or ErrMissing.
	Page(ctx context.Context, k PageKey) (Page, error)
	// Pages lists a range without bodies. Where the range names no cameras, or names the household, every page of the
	// household is listed, whatever its hour.
	Pages(ctx context.Context, r Range) ([]Page, error)

	// PutTile stores a tile by the rule of ExtendTile.
	PutTile(ctx context.Context, n Nonce, k TileKey, hashes []byte) error
	// Tile returns the hashes of a tile, or ErrMissing.
	Tile(ctx context.Context, k TileKey) ([]byte, error)

	// PutRun stores a run's newest checkpoint. One with fewer leaves than the stored one is ErrConflict.
	PutRun(ctx context.Context, n Nonce, r Run) error
	// Runs lists a household's runs, oldest first.
	Runs(ctx context.Context, household id.Household) ([]Run, error)

	// PutEnvelopes stores rows, and the reseal statement that brought them if it was not the hub. The same again is
	// no error.
	PutEnvelopes(ctx context.Context, n Nonce, household id.Household, rows []request.Row, by *Reseal, stored int64) error
	// Envelopes lists the rows for these readers by camera, epoch and reader.
	Envelopes(ctx context.Context, household id.Household, readers []id.Device) ([]request.Row, error)
	// Reseals lists the statements for a device in order of arrival.
	Reseals(ctx context.Context, household id.Household, device id.Device) ([][]byte, error)

	// PutDocument stores a document; one that is older than the stored one is ErrConflict.
	PutDocument(ctx context.Context, n Nonce, d Document) error
	// Document returns a document, or ErrMissing.
	Document(ctx context.Context, household id.Household, kind string) (Document, error)

	// PutLabel stores a camera's label in place of its older version.
	PutLabel(ctx context.Context, n Nonce, l Label) error
	// Labels lists a household's labels by camera.
	Labels(ctx context.Context, household id.Household) ([]Label, error)
}
