// SPDX-License-Identifier: Apache-2.0

package recover

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"keyhold/member/device"
	"keyhold/sealing/keys"
	"keyhold/sealing/open"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// IdentityEntry is one line of the index: a key, and what it opens.
type IdentityEntry struct {
	Epoch  id.Epoch  `json:"epoch"`
	Camera id.Camera `json:"camera"`
	// Name is what the household calls the camera, as far as the folder says.
	Name string `json:"name"`
	// From is when the epoch began, in milliseconds.
	From int64  `json:"from"`
	File string `json:"file"`
	// Packs are the objects of this epoch that still lie in the folder.
	Packs []PackEntry `json:"packs"`
}

// PackEntry says where the age files of a pack lie.
type PackEntry struct {
	Object id.Object       `json:"object"`
	Path   string          `json:"path"`
	Start  int64           `json:"start"`
	End    int64           `json:"end"`
	Files  []manifest.File `json:"files"`
}

// indexFile lists what was written.
const indexFile = "index.json"

// Identities opens the sheet's rows in a copy of a hub's folder and writes one key file per epoch. It
// needs no network and changes nothing in the folder. out must not hold an index already. An epoch from before the sheet
// was made comes without a File: the hub's folder holds no key of it for this sheet.
func Identities(ctx context.Context, text, hubFolder, out string) ([]IdentityEntry, error) {
	db, done, err := openCopy(ctx, hubFolder)
	if err != nil {
		return nil, err
	}
	defer done()
	state, err := readRoster(ctx, db)
	if err != nil {
		return nil, err
	}
	sheet, err := Find(ctx, text, func(_ context.Context, s keys.Sheet) (bool, error) {
		secret, err := device.SheetSecret(s)
		return err == nil && carries(state, secret) == nil, err
	})
	if err != nil {
		return nil, err
	}
	secret, err := device.SheetSecret(sheet)
	if err != nil {
		return nil, err
	}
	entries, texts, err := readIdentities(ctx, db, state, secret)
	if err != nil {
		return nil, err
	}
	return entries, writeIdentities(out, entries, texts)
}

// openCopy opens a copy of state.db, because opening a database in place may write to it.
func openCopy(ctx context.Context, hubFolder string) (*sql.DB, func(), error) {
	dir, err := os.MkdirTemp("", "keyhold-recover-")
	if err != nil {
		return nil, nil, fmt.Errorf("copy state.db: %w", err)
	}
	fail := func(err error) (*sql.DB, func(), error) {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	for _, name := range []string{"state.db", "state.db-wal"} {
		err := copyFile(filepath.Join(dir, name), filepath.Join(hubFolder, name))
		if errors.Is(err, fs.ErrNotExist) && name != "state.db" {
			continue // an orderly stop leaves no log
		}
		if err != nil {
			return fail(fmt.Errorf("%s is no hub's folder: %w", hubFolder, err))
		}
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "state.db"))
	if err != nil {
		return fail(fmt.Errorf("open state.db: %w", err))
	}
	if err := db.PingContext(ctx); err != nil {
		return fail(errors.Join(fmt.Errorf("open state.db: %w", err), db.Close()))
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}, nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func readRoster(ctx context.Context, db *sql.DB) (*roster.State, error) {
	var chain [][]byte
	err := each(ctx, db, `SELECT envelope FROM roster ORDER BY seq`, func(rows *sql.Rows) error {
		var e []byte
		if err := rows.Scan(&e); err != nil {
			return err
		}
		chain = append(chain, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the roster: %w", err)
	}
	if len(chain) == 0 {
		return nil, errors.New("this hub has no household yet, so there is nothing to recover")
	}
	return roster.Replay(chain, "")
}

func readIdentities(ctx context.Context, db *sql.DB, state *roster.State, sheet *device.Secret) ([]IdentityEntry, []string, error) {
	var entries []IdentityEntry
	var texts []string
	err := each(ctx, db, `SELECT e.epoch, e.camera, e.recipient, e.made, coalesce(c.name, ''), v.head, v.bytes
		FROM epochs e JOIN envelopes v ON v.epoch = e.epoch LEFT JOIN cameras c ON c.id = e.camera
		WHERE v.device = 'sheet' ORDER BY e.made, e.epoch`, func(rows *sql.Rows) error {
		var e IdentityEntry
		var recipient string
		var head, sealed []byte
		if err := rows.Scan(&e.Epoch, &e.Camera, &recipient, &e.From, &e.Name, &head, &sealed); err != nil {
			return err
		}
		if len(head) != len(id.Hash{}) || !e.Epoch.Valid() || !e.Camera.ValidOrHousehold() {
			return fmt.Errorf("an epoch's row is damaged")
		}
		identity, err := open.Row(sheet.Reader(), state.Household, request.Row{Bytes: sealed, Camera: e.Camera, Device: id.Sheet, Epoch: e.Epoch, Head: id.Hash(head)})
		if err != nil && replaced(state) {
			// Sealed to the sheet before this one. The keys that this one was given lie with the cloud.
			entries, texts = append(entries, e), append(texts, "")
			return nil
		}
		if err != nil {
			return err
		}
		if identity.RecipientHash() != id.HashOf([]byte(recipient)) {
			return rule.Errorf(rule.Envelope, "the key in an epoch's envelope is not the epoch's")
		}
		e.File = string(e.Epoch) + ".key"
		if e.Camera == id.HouseholdCamera {
			e.Name = "the household's own record"
		}
		entries = append(entries, e)
		texts = append(texts, fmt.Sprintf("# epoch %s of %s %s\n# from %s\n# public key: %s\n%s\n", e.Epoch, e.Camera, e.Name,
			time.UnixMilli(e.From).UTC().Format(time.RFC3339), recipient, identity))
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read epochs: %w", err)
	}
	for i := range entries {
		if entries[i].Packs, err = readPacks(ctx, db, entries[i].Epoch); err != nil {
			return nil, nil, fmt.Errorf("read packs: %w", err)
		}
	}
	return entries, texts, nil
}

// replaced says whether the sheet in force is not the first one.
func replaced(state *roster.State) bool {
	for seq := int64(1); seq <= state.Head.Seq; seq++ {
		if l, ok := state.LinkAt(seq); ok && l.Op.Kind() == roster.KindNewSheet {
			return true
		}
	}
	return false
}

func readPacks(ctx context.Context, db *sql.DB, epoch id.Epoch) ([]PackEntry, error) {
	packs := []PackEntry{}
	err := each(ctx, db, `SELECT object, starts, ends, files FROM packs WHERE epoch = $1 ORDER BY starts`, func(rows *sql.Rows) error {
		var p PackEntry
		var files []byte
		if err := rows.Scan(&p.Object, &p.Start, &p.End, &files); err != nil {
			return err
		}
		if !p.Object.Valid() {
			return fmt.Errorf("a pack's row is damaged")
		}
		if err := json.Unmarshal(files, &p.Files); err != nil {
			return fmt.Errorf("a pack's row is damaged: %w", err)
		}
		p.Path = filepath.Join("packs", string(p.Object)[4:6], string(p.Object))
		packs = append(packs, p)
		return nil
	}, epoch)
	return packs, err
}

func each(ctx context.Context, db *sql.DB, query string, take func(*sql.Rows) error, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// writeIdentities writes keys for their owner's eyes alone, the index last.
func writeIdentities(out string, entries []IdentityEntry, texts []string) error {
	if err := os.MkdirAll(out, 0o700); err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(out, indexFile)); err == nil {
		return fmt.Errorf("%s holds keys already; choose another folder", out)
	}
	for i, e := range entries {
		if e.File == "" {
			continue
		}
		if err := device.WriteFile(filepath.Join(out, e.File), []byte(texts[i])); err != nil {
			return err
		}
	}
	index, err := json.MarshalIndent(entries, "", "  ")
	if err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	return device.WriteFile(filepath.Join(out, indexFile), append(index, '\n'))
}
