// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"
)

// memory is where Linux lends a file system that lies in memory.
const memory = "/dev/shm"

// A machine that has less than this left, of that file system and of memory, keeps the tests' files on its disk. All
// of them side by side have never taken a tenth of it.
const enough = 6 << 30

// scratch is the folder that the tests make theirs in.
//
// A quarter of what the tests of whole households cost is to bring to the disk what is deleted a second later: the
// programs sync whatever they have acknowledged. No test sees a difference: what is killed is a program, never the
// machine, and what was written survives that in memory as well as on a disk.
type scratch struct {
	dir  string // empty: the machine's own
	lock *flock.Flock
}

// lend gives a folder under root, the same for the same tests of the same user, in whatever tree: the go command takes the result of a
// test that asked for its folder from the cache only if it is called as before.
func lend(root string, args []string) (scratch, error) {
	hash := sha256.Sum256([]byte(strconv.Itoa(os.Getuid()) + "\x00" + strings.Join(args, "\x00")))
	s := scratch{dir: filepath.Join(root, "keyhold-test-"+hex.EncodeToString(hash[:6]))}
	// Servers that tests start may run as somebody else.
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return scratch{}, fmt.Errorf("make the folder for tests: %w", err)
	}
	s.lock = flock.New(s.dir + ".lock")
	switch ours, err := s.lock.TryLock(); {
	case err != nil:
		return scratch{}, fmt.Errorf("lock the folder for tests: %w", err)
	case !ours: // the same tests run here a second time
		return scratch{}, s.lock.Close()
	}
	return s, nil
}

// env is what the go command is told. What it builds stays on the disk: programs are large, and written but once.
func (s scratch) env() []string {
	if s.dir == "" {
		return nil
	}
	own := os.Getenv("GOTMPDIR")
	if own == "" {
		own = os.TempDir()
	}
	return []string{"TMPDIR=" + s.dir, "GOTMPDIR=" + own}
}

// giveBack leaves nothing in memory.
func (s scratch) giveBack() error {
	if s.dir == "" {
		return nil
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("empty the folder for tests: %w", err)
	}
	if err := os.Remove(s.dir + ".lock"); err != nil {
		return fmt.Errorf("empty the folder for tests: %w", err)
	}
	return s.lock.Close()
}

// roomy says whether files may lie in memory at root: there is such a file system, programs may run from it, and much
// is left of it and of the machine's memory, of which info tells as /proc/meminfo does.
func roomy(root string, info io.Reader) bool {
	var fs unix.Statfs_t
	if unix.Statfs(root, &fs) != nil || fs.Type != unix.TMPFS_MAGIC || fs.Flags&unix.ST_NOEXEC != 0 {
		return false
	}
	return int64(fs.Bavail)*fs.Bsize >= enough && available(info) >= enough
}

// available is how much memory can be had, in bytes; 0 if that is not said.
func available(info io.Reader) int64 {
	for lines := bufio.NewScanner(info); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) != 3 || f[0] != "MemAvailable:" || f[2] != "kB" {
			continue
		}
		n, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return 0
		}
		return n << 10
	}
	return 0
}

// inMemory is the folder for tests of this machine; whoever has named one gets that.
func inMemory(args []string) (scratch, error) {
	if os.Getenv("TMPDIR") != "" {
		return scratch{}, nil
	}
	info, err := os.Open("/proc/meminfo")
	if err != nil {
		return scratch{}, nil // another system
	}
	defer info.Close()
	if !roomy(memory, info) {
		return scratch{}, nil
	}
	return lend(memory, args)
}
