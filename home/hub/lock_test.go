// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// A process that starts a child shares its open files with it until the child has become another program. A lock that
// ended only with the last of them would keep the next hub out for just that long.
func TestAFolderIsFreeOnceItIsGivenUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrBusy) {
		t.Fatalf("a second hub takes the folder: %v", err)
	}
	for _, fd := range opened(t, filepath.Join(dir, "lock")) {
		dup, err := syscall.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Close(dup) }()
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(dir)
	if err != nil {
		t.Fatalf("after it was given up: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

// opened are the descriptors by which this process has a file open.
func opened(t *testing.T, path string) []int {
	t.Helper()
	const table = "/proc/self/fd"
	entries, err := os.ReadDir(table)
	if err != nil {
		t.Skip("only where descriptors can be listed: ", err)
	}
	var out []int
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(table, e.Name())); err == nil && to == path {
			n, err := strconv.Atoi(e.Name())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		t.Fatalf("nobody has %s open", path)
	}
	return out
}
