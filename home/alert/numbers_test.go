// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"database/sql"
	"path/filepath"
	"testing"

	"keyhold/home/state"
)

func TestNoNumberComesTwice(t *testing.T) {
	t.Parallel()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	open := func(first int64) *Numbers {
		t.Helper()
		n, err := OpenNumbers(t.Context(), db, first)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	n := open(7)
	if got := n.Next(); got != 8 {
		t.Errorf("the first number is %d", got)
	}
	if err := db.Write(t.Context(), func(tx *sql.Tx) error { return n.Keep(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	// An ordered stop leaves out none.
	if err := n.Close(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	n = open(7)
	if got := n.Next(); got != 9 {
		t.Errorf("after an ordered stop the next number is %d", got)
	}
	// None of these is written down, and then the hub is cut off.
	var last int64
	for range reserve - 1 {
		last = n.Next()
	}
	if got := open(7).Next(); got <= last {
		t.Errorf("number %d came again: the hub had given those up to %d", got, last)
	}
	if got := open(1 << 40).Next(); got != 1<<40+1 {
		t.Errorf("a hub that took over begins with %d", got)
	}
}
