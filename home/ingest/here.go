// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"keyhold/statement/rule"
)

// Here is what of the hub's own computer may be a camera. Whoever starts the hub says so: a member may name addresses of
// cameras, but must not by that read the computer's files or talk to what runs on it.
type Here struct {
	// Addresses are of servers.
	Addresses []netip.AddrPort
	// Paths are of films, of folders of films, and of devices.
	Paths []string
}

// film opens a file to be read as a film, if it may be. Links do not lead out of a folder.
func (h Here) film(path string) (*os.File, error) {
	path = filepath.Clean(path)
	f, err := h.open(path)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, rule.Errorf(rule.Here, "ingest: not a file with a film")
	}
	return f, nil
}

// waits keeps a pipe by the name of a film from holding the hub up.
const waits = os.O_RDONLY | syscall.O_NONBLOCK

func (h Here) open(path string) (*os.File, error) {
	if rule.Off(rule.Here) {
		return os.OpenFile(path, waits, 0)
	}
	for _, p := range h.Paths {
		p = filepath.Clean(p)
		if p == path {
			f, err := os.OpenFile(p, waits, 0)
			return f, gone(err)
		}
		within, ok := strings.CutPrefix(path, strings.TrimSuffix(p, "/")+"/")
		if !ok {
			continue
		}
		root, err := os.OpenRoot(p)
		if err != nil {
			return nil, gone(err)
		}
		f, err := root.OpenFile(within, waits, 0)
		if closed := root.Close(); closed != nil && err == nil {
			err = errors.Join(closed, f.Close())
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, rule.Errorf(rule.Here, "ingest: a file that nobody at the hub has allowed")
		}
		return f, gone(err)
	}
	return nil, rule.Errorf(rule.Here, "ingest: a file that nobody at the hub has allowed")
}

// gone leaves the path out of an error.
func gone(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("ingest: %w", errors.Unwrap(err))
}

// device says whether a device may be read.
func (h Here) device(path string) error {
	for _, p := range h.Paths {
		if p != path && !rule.Off(rule.Here) {
			continue
		}
		info, err := os.Stat(path)
		if err == nil && info.Mode()&os.ModeCharDevice == 0 {
			return rule.Errorf(rule.Here, "ingest: not a device")
		}
		return gone(err)
	}
	return rule.Errorf(rule.Here, "ingest: a device that nobody at the hub has allowed")
}
