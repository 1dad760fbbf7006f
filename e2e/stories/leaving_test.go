// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// Everything is saved into a folder, which the program checks; everything is deleted, taken back, and deleted again. Then
// seven days pass, and nothing is left but a receipt.
func TestLeaving(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	out := t.TempDir()
	link := invitation(t, w)
	env := append(terminal(w), "LINK="+link, "OUT="+out, "DEVICE="+w.Path("device"))
	play(t, "leaving.mjs", env...)

	verdict, err := w.Run(ctx, "verify", "--json", filepath.Join(out, "saved"))
	must(t, err)
	if !strings.Contains(verdict, `"ok":true`) || strings.Contains(verdict, `"ok":false`) {
		t.Errorf("keyhold verify says of what the browser saved:\n%s", verdict)
	}
	said, err := w.Command(ctx, "list", "--device", w.Path("device"))
	must(t, err)
	if said.Code == 0 || !strings.Contains(said.Said, "keyhold erase --keep") {
		t.Errorf("the command line says, once everything is to be deleted:\n%s", said.Said)
	}

	pass(t, w.Hub.Stop, w.Path("hub/state.db"), func(db *sql.DB) error {
		var text []byte
		if err := db.QueryRowContext(ctx, `SELECT value FROM facts WHERE name = 'erase'`).Scan(&text); err != nil {
			return err
		}
		var wish map[string]any
		if err := json.Unmarshal(text, &wish); err != nil {
			return err
		}
		wish["due"] = int64(wish["due"].(float64)) - week
		if text, err = json.Marshal(wish); err != nil {
			return err
		}
		_, err := db.ExecContext(ctx, `UPDATE facts SET value = $1 WHERE name = 'erase'`, text)
		return err
	})
	pass(t, w.Cloud.Stop, w.Path("cloud/cloud.db"), func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, `UPDATE erasures SET due = due - $1`, week)
		return err
	})
	must(t, w.StartCloud(ctx))
	must(t, w.StartHub(ctx))
	select {
	case <-w.Hub.Done():
	case <-time.After(3 * time.Minute):
		t.Fatal("the hub does not erase itself")
	}
	text, err := os.ReadFile(w.Hub.Log)
	must(t, err)
	if !strings.Contains(string(text), "Everything was erased") {
		t.Errorf("the hub ended and said:\n%s", text)
	}
	left, err := filepath.Glob(w.Path("hub/*"))
	must(t, err)
	if len(left) != 1 || filepath.Base(left[0]) != "lock" {
		t.Errorf("the hub keeps %q", left)
	}
	play(t, "leaving.mjs", append(env, "AFTER=1")...)

	receipt := w.Path("receipt.json")
	status, err := w.Command(ctx, "erase", "--clear", "--yes", "--receipt", receipt, "--device", w.Path("device"))
	must(t, err)
	if status.Code != 0 || !strings.Contains(status.Said, "The cloud has signed that") {
		t.Errorf("the command line ends with %d and says:\n%s", status.Code, status.Said)
	}
	if left, _ := filepath.Glob(w.Path("device/*")); len(left) > 0 {
		t.Errorf("the device keeps %q", left)
	}
	if text, err := os.ReadFile(receipt); err != nil || !strings.Contains(string(text), `"note": "keyhold/erased`) {
		t.Errorf("the receipt (%v):\n%s", err, text)
	}
}

const week = int64(7 * 24 * time.Hour / time.Millisecond)

// pass lets time pass in the memory of a program that is stopped for it.
func pass(t *testing.T, stop func() error, path string, change func(*sql.DB) error) {
	t.Helper()
	must(t, stop())
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	must(t, db.PingContext(context.Background()))
	must(t, change(db))
}
