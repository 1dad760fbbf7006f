// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"keyhold/sealing/box"
	"keyhold/sealing/open"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// loot is what a thief found out from a hub's folder alone.
type loot struct {
	tried   int      // secrets that were tried as keys
	sealed  int      // segments they were tried on
	rows    int      // envelopes they were tried on
	opened  []string // what came open, and with what
	objects map[id.Epoch][]piece
}

// piece is a sealed segment: an object, and the file in it.
type piece struct {
	path string
	file manifest.File
}

var identityText = regexp.MustCompile(`(?i)age-secret-key-(pq-)?1[a-z0-9]+`)

// steal takes everything in the folder for a key: texts that look like one, and in every file but
// the sealed objects each 32 bytes, as they lie there or in base64. Each is tried on every envelope
// and on the first segment of every epoch.
func steal(ctx context.Context, dir string) (*loot, error) {
	l := &loot{objects: map[id.Epoch][]piece{}}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "state.db")+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, household, err := l.read(ctx, db, dir)
	if err != nil {
		return nil, err
	}
	l.rows = len(rows)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".part") || strings.HasPrefix(d.Name(), "obj_") && !strings.HasSuffix(path, ".idx") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, text := range identityText.FindAllString(string(b), -1) {
			l.tried++
			if err := l.identity(strings.ToUpper(text), "a text in "+d.Name()); err != nil {
				return err
			}
		}
		for _, seed := range seeds(b, filepath.Base(filepath.Dir(path)) == "keys") {
			l.tried++
			if err := l.seed(seed, d.Name(), household, rows); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	return l, err
}

// read takes the sealed rows and the places of the sealed segments from the database.
func (l *loot) read(ctx context.Context, db *sql.DB, dir string) (rows []request.Row, household id.Household, err error) {
	var genesis []byte
	if err := db.QueryRowContext(ctx, `SELECT envelope FROM roster WHERE seq = 0`).Scan(&genesis); err != nil {
		return nil, "", fmt.Errorf("read the roster: %w", err)
	}
	s, err := roster.Start(genesis, "")
	if err != nil {
		return nil, "", err
	}
	q, err := db.QueryContext(ctx, `SELECT epoch, device, camera, head, bytes FROM envelopes`)
	if err != nil {
		return nil, "", err
	}
	defer q.Close()
	for q.Next() {
		var r request.Row
		var head []byte
		if err := q.Scan(&r.Epoch, &r.Device, &r.Camera, &head, &r.Bytes); err != nil {
			return nil, "", err
		}
		copy(r.Head[:], head)
		rows = append(rows, r)
	}
	if err := q.Err(); err != nil {
		return nil, "", err
	}
	p, err := db.QueryContext(ctx, `SELECT object, epoch, files FROM packs`)
	if err != nil {
		return nil, "", err
	}
	defer p.Close()
	for p.Next() {
		var object string
		var epoch id.Epoch
		var text []byte
		var files []manifest.File
		if err := p.Scan(&object, &epoch, &text); err != nil {
			return nil, "", err
		}
		if err := json.Unmarshal(text, &files); err != nil {
			return nil, "", err
		}
		for _, f := range files {
			l.objects[epoch] = append(l.objects[epoch], piece{filepath.Join(dir, "packs", object[4:6], object), f})
			l.sealed++
		}
	}
	return rows, s.Household, p.Err()
}

// identity tries an identity of age on a segment of each epoch.
func (l *loot) identity(text, where string) error {
	i, err := open.ParseIdentity(text)
	if err != nil {
		return nil // not a key
	}
	for epoch, list := range l.objects {
		f, err := os.Open(list[0].path)
		if err != nil {
			return err
		}
		r, err := i.Open(io.NewSectionReader(f, list[0].file.Offset, list[0].file.Size))
		if err == nil {
			var n int64
			if n, err = io.Copy(io.Discard, r); err == nil && n > 0 {
				l.opened = append(l.opened, fmt.Sprintf("footage of %s, with %s", epoch, where))
			}
		}
		f.Close()
	}
	return nil
}

// seed tries 32 bytes as a reader's key on every envelope, and as an identity.
func (l *loot) seed(seed []byte, where string, household id.Household, rows []request.Row) error {
	key, err := box.NewKey(seed)
	if err != nil {
		return nil
	}
	for _, r := range rows {
		if _, err := open.Row(key, household, r); err == nil {
			l.opened = append(l.opened, fmt.Sprintf("the envelope of %s for %s, with bytes of %s", r.Epoch, r.Device, where))
		}
	}
	return l.identity(identityOf(seed), "bytes of "+where)
}

// seeds are the 32 bytes that a file may hide a key in: each place of a key file, and of other files
// what stands there in base64, or between the fields of a record.
func seeds(b []byte, all bool) [][]byte {
	var out [][]byte
	if all {
		for i := 0; i+32 <= len(b); i++ {
			out = append(out, b[i:i+32])
		}
	}
	for _, text := range base64Text.FindAll(b, -1) {
		if raw, err := base64.StdEncoding.DecodeString(string(text)); err == nil && len(raw) >= 32 && len(raw) <= 64 {
			for i := 0; i+32 <= len(raw); i += 32 {
				out = append(out, raw[i:i+32])
			}
		}
	}
	return out
}

var base64Text = regexp.MustCompile(`[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==`)

// identityOf writes a seed as age does: Bech32 in capitals.
func identityOf(seed []byte) string {
	const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	const prefix = "age-secret-key-pq-"
	var data []byte
	acc, bits := uint(0), 0
	for _, b := range seed {
		acc, bits = acc<<8|uint(b), bits+8
		for bits >= 5 {
			bits -= 5
			data = append(data, byte(acc>>bits)&31)
		}
	}
	if bits > 0 {
		data = append(data, byte(acc<<(5-bits))&31)
	}
	var all []byte
	for _, c := range []byte(prefix) {
		all = append(all, c>>5)
	}
	all = append(all, 0)
	for _, c := range []byte(prefix) {
		all = append(all, c&31)
	}
	all = append(append(all, data...), 0, 0, 0, 0, 0, 0)
	sum := uint32(1)
	for _, v := range all {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range []uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	sum ^= 1
	for i := range 6 {
		data = append(data, byte(sum>>(5*(5-i)))&31)
	}
	var out bytes.Buffer
	out.WriteString(prefix + "1")
	for _, d := range data {
		out.WriteByte(alphabet[d])
	}
	return strings.ToUpper(out.String())
}
