// SPDX-License-Identifier: Apache-2.0

// Package faults kills the real hub and the real cloud under load, and counts what is left.
//
// It promises a verdict on what was acknowledged: rows of the hub's database and files of the
// cloud's vault are read and hashed here, not asked of the programs. It trusts SQLite and the
// household's own command line for what a member sees. What it starts it ends.
package faults

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"keyhold/e2e/harness"
)

// object is a pack as the hub's database knows it.
type object struct {
	name   string
	sum    string
	inside bool // the hub has noted that the cloud has it
}

// objects reads the hub's packs; it may do so while the hub runs.
func objects(ctx context.Context, hub string) ([]object, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(hub, "state.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, fmt.Errorf("open the hub's database: %w", err)
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT object, sha256, sent IS NOT NULL FROM packs ORDER BY run, idx`)
	if err != nil {
		return nil, fmt.Errorf("read the hub's packs: %w", err)
	}
	defer rows.Close()
	var out []object
	for rows.Next() {
		var o object
		var sum []byte
		if err := rows.Scan(&o.name, &sum, &o.inside); err != nil {
			return nil, err
		}
		o.sum = string(sum)
		out = append(out, o)
	}
	return out, rows.Err()
}

// stored says what is wrong with an object in a folder of objects, or nil.
func stored(folder string, o object) error {
	rest, ok := strings.CutPrefix(o.name, "obj_")
	if !ok {
		return fmt.Errorf("%q is not the name of an object", o.name)
	}
	f, err := os.Open(filepath.Join(folder, rest[:2], o.name))
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if string(h.Sum(nil)) != o.sum {
		return fmt.Errorf("%s holds other bytes than its leaf says", o.name)
	}
	return nil
}

// report is the answer of `keyhold check --json`.
type report struct {
	Faults   []string `json:"faults"`
	Packs    int      `json:"packs"`
	Uploaded int      `json:"uploaded"`
	Vault    int      `json:"vault"`
}

// sound runs `keyhold check` over the stopped hub and the vault.
func sound(ctx context.Context, w *harness.World) (report, error) {
	var r report
	s, err := w.Command(ctx, "check", "--json", "--hub", w.Path("hub"), "--vault", w.Path("cloud"))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(s.Out), &r); err != nil {
		return r, fmt.Errorf("keyhold check ended with %d: %s", s.Code, s.Said)
	}
	if s.Code != 0 || len(r.Faults) > 0 {
		return r, errors.New("keyhold check: " + strings.Join(r.Faults, "; "))
	}
	return r, nil
}
