// SPDX-License-Identifier: Apache-2.0

package blind

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strings"

	_ "modernc.org/sqlite" // the operator's database is one of these
)

const (
	largestStream = 256 << 20 // opened bytes
	// smallestStream is what is worth a look: shorter ones are accidents of noise.
	smallestStream = 12
	// shortestRun is a run of base64 or hex letters that is decoded. Shorter texts are found by their spellings.
	shortestRun = 24
)

// streams opens everything in the data that opens, and looks into it.
func (s *scanner) streams(ctx context.Context, data []byte, where string, depth int) {
	look := func(opened []byte, how string) {
		if len(opened) >= smallestStream && s.first("stream", opened) {
			s.report.Streams++
			s.data(ctx, opened, where+" > "+how, depth+1)
		}
	}
	for i := 0; i+4 < len(data); i++ {
		if i%(1<<16) == 0 && ctx.Err() != nil {
			return
		}
		switch {
		case data[i] == 0x1f && data[i+1] == 0x8b && data[i+2] == 8:
			look(gunzip(data[i:]), fmt.Sprintf("gzip at %d", i))
		case data[i] == 0x78 && (uint(data[i])<<8|uint(data[i+1]))%31 == 0 && data[i+1]&0x20 == 0:
			look(inflate(data[i:]), fmt.Sprintf("zlib at %d", i))
		case data[i] == 0x28 && data[i+1] == 0xb5 && data[i+2] == 0x2f && data[i+3] == 0xfd:
			look(unzstd(ctx, data[i:]), fmt.Sprintf("zstd at %d", i))
		}
	}
	for _, run := range runs(data) {
		for _, opened := range decodeRun(data[run.from:run.to]) {
			look(opened, fmt.Sprintf("encoded run at %d", run.from))
		}
	}
}

// What a broken stream gave before it broke is kept: half a secret is a secret.
func gunzip(data []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	r.Multistream(false)
	return readSome(r)
}

func inflate(data []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	return readSome(r)
}

func readSome(r io.Reader) []byte {
	var b bytes.Buffer
	// How it ended is of no interest.
	_, _ = io.Copy(&b, io.LimitReader(r, largestStream))
	return b.Bytes()
}

func unzstd(ctx context.Context, data []byte) []byte {
	cmd := exec.CommandContext(ctx, "zstd", "-dcq")
	cmd.Stdin = bytes.NewReader(data[:min(len(data), largestStream)])
	out, _ := cmd.Output() // bytes after the end of the stream make it complain
	return out
}

// span is a run of letters.
type span struct{ from, to int }

// letter are the letters of base64, base64url and hex, and the line breaks and percent escapes among them.
var letter = func() (is [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_%=") {
		is[c] = true
	}
	return is
}()

// runs finds the long runs of such letters.
func runs(data []byte) []span {
	var all []span
	from := -1
	for i := 0; i <= len(data); i++ {
		if i < len(data) && letter[data[i]] {
			if from < 0 {
				from = i
			}
			continue
		}
		if from >= 0 && i-from >= shortestRun {
			all = append(all, span{from, i})
		}
		from = -1
	}
	return all
}

// decodeRun reads a run as hex, as percent escapes and as base64 from each of the four places where a group may
// begin: a run in a memory dump may have letters before it that do not belong to it.
func decodeRun(run []byte) [][]byte {
	var opened [][]byte
	if bytes.IndexByte(run, '%') >= 0 {
		if plain, err := url.PathUnescape(string(run)); err == nil {
			opened = append(opened, []byte(plain))
		}
	}
	if raw, err := hex.DecodeString(string(run[:len(run)/2*2])); err == nil {
		opened = append(opened, raw)
	}
	std := strings.NewReplacer("-", "+", "_", "/", "%", "=").Replace(string(run))
	for piece := range strings.SplitSeq(std, "=") {
		for shift := 0; shift < 4 && len(piece)-shift >= shortestRun; shift++ {
			part := piece[shift:]
			// One letter left over says nothing, two or three are a last group without its padding.
			if len(part)%4 == 1 {
				part = part[:len(part)-1]
			}
			if raw, err := base64.RawStdEncoding.DecodeString(part); err == nil {
				opened = append(opened, raw)
			}
		}
	}
	return opened
}

func isDatabase(data []byte) bool { return bytes.HasPrefix(data, []byte("SQLite format 3\x00")) }

// database looks at every value of every table: long values lie in pieces in the file.
func (s *scanner) database(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro")
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer db.Close()
	tables, err := names(ctx, db)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := s.table(ctx, db, path, table); err != nil {
			return fmt.Errorf("read table %s: %w", table, err)
		}
	}
	return nil
}

func names(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table'`)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list the tables: %w", err)
		}
		all = append(all, name)
	}
	return all, rows.Err()
}

func (s *scanner) table(ctx context.Context, db *sql.DB, path, table string) error {
	rows, err := db.QueryContext(ctx, `SELECT * FROM "`+strings.ReplaceAll(table, `"`, `""`)+`"`)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]sql.RawBytes, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values {
			if len(v) >= shortest {
				s.data(ctx, v, fmt.Sprintf("%s > %s.%s", path, table, columns[i]), 0)
			}
		}
	}
	return rows.Err()
}
