// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"keyhold/cloud/store"
	"keyhold/statement/id"
)

func TestAFullDiskIsSaidAndLeavesWhatIsThere(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	put := func(n int) (id.Hash, error) {
		var box id.Hash
		if _, err := rand.Read(box[:]); err != nil {
			t.Fatal(err)
		}
		body := make([]byte, n)
		_, err := s.PutDrop(t.Context(), box, body, 2, 16, 1000)
		return box, err
	}
	kept, err := put(1000)
	if err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.write.QueryRowContext(t.Context(), `PRAGMA page_count`).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		if _, err := s.write.ExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, n)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages + 2)
	if _, err := put(60_000); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("%v, want ErrNoSpace", err)
	}
	if d, err := s.DropsAfter(t.Context(), kept, 0, 1); err != nil || len(d) != 1 {
		t.Errorf("what was there: %d, %v", len(d), err)
	}
	limit(pages + 1000)
	if _, err := put(60_000); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
