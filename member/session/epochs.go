// SPDX-License-Identifier: Apache-2.0

package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"keyhold/api"
	"keyhold/sealing/open"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

type epochKey struct {
	Camera id.Camera
	Epoch  id.Epoch
}

// epochs are the identities that were opened; they live in memory only.
type epochs struct {
	mu   sync.Mutex
	open map[epochKey]*epochEntry // guarded by mu
	// held are pages that loadAll is about to read: nil until they were read to find what they announce. Guarded by mu.
	held map[api.PageRef][]manifest.Entry
}

// want says which pages are taken soon, so that those of them that an epoch is found in are not read twice.
func (e *epochs) want(refs []api.PageRef) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.held == nil {
		e.held = map[api.PageRef][]manifest.Entry{}
	}
	for _, ref := range refs {
		e.held[ref] = nil
	}
}

// hold keeps a page that somebody wants.
func (e *epochs) hold(p page) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.held[p.ref]; ok {
		e.held[p.ref] = p.entries
	}
}

// take gives away a page that is held: nil if it is to be read.
func (e *epochs) take(ref api.PageRef) []manifest.Entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	entries := e.held[ref]
	delete(e.held, ref)
	return entries
}

// drop forgets pages that nobody took.
func (e *epochs) drop(refs []api.PageRef) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ref := range refs {
		delete(e.held, ref)
	}
}

// page holds leaves that were proved.
type page struct {
	ref     api.PageRef
	entries []manifest.Entry
}

type epochEntry struct {
	once     sync.Once
	identity *open.Identity
	err      error
}

// errNoKey says that this reader was never given the epoch, and could not expect to be.
var errNoKey = errors.New("recorded before this device was given keys")

// errYet says that the leaf which announces the epoch is not under a checkpoint yet.
var errYet = errors.New("not under a checkpoint yet")

// yetError is errYet with the number of the first leaf that lies beyond the checkpoint.
type yetError struct{ next int64 }

func (e *yetError) Error() string { return "epoch: " + errYet.Error() }
func (e *yetError) Unwrap() error { return errYet }

// identity opens this reader's envelope of an epoch and holds it against the hub's leaf.
func (v *View) identity(ctx context.Context, k epochKey) (*open.Identity, error) {
	v.epochs.mu.Lock()
	if v.epochs.open == nil {
		v.epochs.open = map[epochKey]*epochEntry{}
	}
	e := v.epochs.open[k]
	if e == nil {
		e = &epochEntry{}
		v.epochs.open[k] = e
	}
	v.epochs.mu.Unlock()
	e.once.Do(func() { e.identity, e.err = v.openEpoch(ctx, k) })
	return e.identity, e.err
}

func (v *View) openEpoch(ctx context.Context, k epochKey) (*open.Identity, error) {
	if _, ok := v.firstPage(k); !ok {
		return nil, fmt.Errorf("epoch: %w", errNoKey)
	}
	rows := v.rows[k]
	lacks := v.mayLackEpoch(k) || rule.Off(rule.Envelope)
	if len(rows) == 0 {
		if lacks {
			return nil, fmt.Errorf("epoch: %w", errNoKey)
		}
		return nil, rule.Errorf(rule.Envelope, "the cloud does not hand out this device's key for what was recorded since it joined")
	}
	var last error
	opened := false
	for _, row := range rows {
		identity, err := open.Row(v.s.Keys.Reader(), v.Roster.Household, row)
		if err != nil {
			last = err
			continue
		}
		opened = true
		if err := v.checkEpoch(ctx, k, row, identity); err != nil {
			last = err
			continue
		}
		return identity, nil
	}
	if !opened && lacks && v.s.Keys.ID() == id.Sheet {
		// What lies under the name of the sheet may be the one before's.
		return nil, fmt.Errorf("epoch: %w", errNoKey)
	}
	return nil, last
}

// mayLackEpoch says whether this reader can honestly have no key of an epoch. Who may read one page of it was among its
// readers, and has the key of all.
func (v *View) mayLackEpoch(k epochKey) bool {
	for _, p := range v.pages[k.Camera] {
		if p.Epoch == k.Epoch && !v.mayLackPage(p) {
			return false
		}
	}
	return true
}

// mayLackPage says whether this reader can honestly have no key for a page.
func (v *View) mayLackPage(p api.PageRef) bool {
	return v.mayLack(p.Camera, p.Hour*hour, (p.Hour+1)*hour)
}

// firstPage finds where an epoch begins: there stands the leaf that announces it.
func (v *View) firstPage(k epochKey) (api.PageRef, bool) {
	for _, p := range v.pages[k.Camera] {
		if p.Epoch == k.Epoch {
			return p, true
		}
	}
	return api.PageRef{}, false
}

func (v *View) checkEpoch(ctx context.Context, k epochKey, row request.Row, identity *open.Identity) error {
	if rule.Off(rule.Envelope) {
		return nil
	}
	leaf, first, err := v.epochLeaf(ctx, k, identity)
	if v.atHome && (errors.Is(err, errNotCached) || rule.Of(err) == rule.Envelope) {
		// The hub no longer has the page in which it announced this epoch. What opens with the key it has sealed itself.
		return nil
	}
	if err != nil || leaf == nil {
		return err
	}
	if leaf.Recipient != identity.RecipientHash() {
		return rule.Errorf(rule.Envelope, "the key of an epoch is not the one that the hub announced")
	}
	hash := id.HashOf(row.Bytes)
	byHub := slices.ContainsFunc(leaf.Readers, func(r manifest.EpochReader) bool { return r.Device == row.Device && r.Envelope == hash })
	if !byHub && !v.given[hash] {
		return rule.Errorf(rule.Envelope, "an envelope was made neither by the hub nor by a device of this person")
	}
	v.epochs.hold(first)
	return nil
}

// epochLeaf finds the leaf that announced an epoch, and the page in which it did: nil if that is older than what the
// cloud keeps.
func (v *View) epochLeaf(ctx context.Context, k epochKey, identity *open.Identity) (*manifest.Epoch, page, error) {
	first, ok := v.firstPage(k)
	if !ok {
		return nil, page{}, fmt.Errorf("epoch: %w", errNoKey)
	}
	entries, next, err := v.load(ctx, first, identity)
	if err != nil {
		return nil, page{}, err
	}
	for _, e := range entries {
		if leaf, ok := e.Leaf.(*manifest.Epoch); ok && leaf.Epoch == k.Epoch {
			return leaf, page{first, entries}, nil
		}
	}
	switch {
	case len(entries) == 0:
		return nil, page{}, &yetError{next}
	case (first.Hour+1)*hour < v.now-(retentionDays-1)*day:
		return nil, page{}, nil
	default:
		return nil, page{}, rule.Errorf(rule.Envelope, "the page in which the hub announced an epoch is missing")
	}
}

// load fetches a page, opens it, and returns the leaves that the checkpoint covers, with the number of the first behind
// them (-1 if there is none). What does not hold is asked for again past the cache: a disk that forgets is no alarm.
func (v *View) load(ctx context.Context, ref api.PageRef, identity *open.Identity) (entries []manifest.Entry, next int64, err error) {
	run := v.run(ref.Run)
	entries, next, err = v.loadFrom(ctx, v.source, run.Tree, ref, identity)
	if o, ok := v.source.(*online); ok && rule.Of(err) != "" && o.cache.dir != "" {
		past := &online{client: o.client, address: o.address, cache: o.cache, past: true}
		return v.loadFrom(ctx, past, manifest.NewTree(run.Checkpoint, past), ref, identity)
	}
	return entries, next, err
}

func (v *View) loadFrom(ctx context.Context, src source, tree *manifest.Tree, ref api.PageRef, identity *open.Identity) (entries []manifest.Entry, next int64, err error) {
	run := v.run(ref.Run)
	sealed, err := src.page(ctx, ref)
	if err != nil {
		return nil, 0, v.missing(err, "a page of the hub's record that the cloud lists")
	}
	plain, err := openAll(identity, sealed)
	if err != nil {
		return nil, 0, rule.Errorf(rule.FileHash, "a page of the hub's record does not open: %v", err)
	}
	if entries, err = manifest.ParsePage(plain); err != nil {
		return nil, 0, err
	}
	if err := manifest.CheckPage(pageName(ref), entries); err != nil {
		return nil, 0, err
	}
	// A page is sent before the checkpoint that covers it, so its end may be newer.
	next = -1
	for i, e := range entries {
		if e.Index >= run.Size {
			entries, next = entries[:i], e.Leaf.Common().Seq
			break
		}
	}
	if err := v.proveIncluded(ctx, tree, ref, run, entries); err != nil {
		return nil, 0, v.missing(err, "a part of the hub's hash tree")
	}
	return entries, next, nil
}

// proveIncluded wants the leaves in the hub's tree. Online it leaves beside the page the checkpoint
// under which it did, because the tiles of that checkpoint are in the cache, and those of a later one
// need not be; offline it asks under that one.
func (v *View) proveIncluded(ctx context.Context, tree *manifest.Tree, ref api.PageRef, run *Run, entries []manifest.Entry) error {
	cache := v.s.cache()
	path := cache.pagePath(ref) + ".checkpoint"
	if !v.offline {
		if err := tree.Included(ctx, entries...); err != nil || v.atHome {
			return err
		}
		if note, err := cache.read(path); err == nil && string(note) == run.Note {
			return nil
		}
		return cache.write(path, []byte(run.Note))
	}
	note, err := cache.read(path)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotCached, err)
	}
	cp, err := manifest.OpenCheckpoint(v.Roster, string(note))
	if err != nil {
		return err
	}
	if cp.Run != ref.Run {
		return rule.Errorf(rule.Checkpoint, "a checkpoint of another run than it is filed under")
	}
	return manifest.NewTree(cp, v.source).Included(ctx, entries...)
}

func openAll(identity *open.Identity, sealed []byte) ([]byte, error) {
	r, err := identity.Open(bytes.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, manifest.MaxPage+1))
}

// missing turns "not found" for something that the cloud itself has listed, or that its checkpoint
// implies, into a refusal; a network that fails is none.
func (v *View) missing(err error, what string) error {
	if api.KindOf(err) == api.NotFound && !rule.Off(rule.SeqGap) {
		return rule.Errorf(rule.SeqGap, "%s is not served", what)
	}
	return err
}

// EachEpoch gives run every epoch that this reader can open, with the leaf that announced it and the
// identity as text, which is a secret. The leaf is nil where it is older than what the cloud keeps, or
// not under a checkpoint yet: whoever is given such an identity holds it against the leaf later.
func (v *View) EachEpoch(ctx context.Context, run func(id.Camera, id.Epoch, *manifest.Epoch, string) error) error {
	for k, rows := range v.rows {
		var leaf *manifest.Epoch
		identity, err := v.identity(ctx, k)
		switch {
		case err == nil:
			if leaf, _, err = v.epochLeaf(ctx, k, identity); err != nil {
				return err
			}
		case errors.Is(err, errNoKey), errors.Is(err, errYet):
			if identity = v.anyRow(rows); identity == nil {
				continue
			}
		default:
			return err
		}
		if err := run(k.Camera, k.Epoch, leaf, identity.String()); err != nil {
			return err
		}
	}
	return nil
}

// anyRow opens the first row that opens.
func (v *View) anyRow(rows []request.Row) *open.Identity {
	for _, row := range rows {
		if identity, err := open.Row(v.s.Keys.Reader(), v.Roster.Household, row); err == nil {
			return identity
		}
	}
	return nil
}
