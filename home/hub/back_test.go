// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"keyhold/home/record"
	"keyhold/statement/manifest"
)

// Where the power went, a pack is left open. One that is older than all that is kept is on no record, and is not there.
func TestAPackOlderThanAllThatIsKeptIsRemoved(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_790_000_000_000)
	h := &Hub{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	path := filepath.Join(t.TempDir(), "obj_left")
	if err := os.WriteFile(path, []byte("sealed"), 0o600); err != nil {
		t.Fatal(err)
	}
	left := record.Pack{Path: path, Files: []manifest.File{{End: now.Add(-kept).UnixMilli() - 1}}}
	if err := h.keepOld(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
}
