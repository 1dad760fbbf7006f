// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"keyhold/member/device"
	"keyhold/statement/id"
)

func create(t *testing.T) (string, *device.Secret, *device.Folder) {
	t.Helper()
	s, err := device.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "a", "device")
	f, err := device.Create(dir, s, device.Household{Device: s.ID(), Roster: [][]byte{{1}}})
	if err != nil {
		t.Fatal(err)
	}
	return dir, s, f
}

func TestKeysAreForTheirOwnerAlone(t *testing.T) {
	dir, s, _ := create(t)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %o", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := device.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.Secret()
	if err != nil || again.ID() != s.ID() || string(again.Public().Reader) != string(s.Public().Reader) || string(again.Sign()) != string(s.Sign()) {
		t.Errorf("the keys come back otherwise: %v", err)
	}
	if err := os.Chmod(filepath.Join(dir, "device.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Secret(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read is used: %v", err)
	}
}

func TestADeviceIsNeverOverwritten(t *testing.T) {
	dir, s, f := create(t)
	other, err := device.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := device.Create(dir, other, device.Household{}); !errors.Is(err, device.ErrExists) {
		t.Errorf("a second device in one folder: %v", err)
	}
	if again, err := f.Secret(); err != nil || again.ID() != s.ID() {
		t.Errorf("the first device is gone: %v", err)
	}
	if _, err := device.Open(t.TempDir()); !errors.Is(err, device.ErrNone) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestWhatWasSeenOnlyGrows(t *testing.T) {
	_, _, f := create(t)
	run := id.Run("run_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	var all sync.WaitGroup
	for i := range int64(20) {
		all.Go(func() {
			err := f.Raise(func(h *device.Highest) error {
				if old := h.Runs[run]; i > old.Size {
					h.Runs[run] = device.Seen{Size: i}
				}
				h.Status++
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	h, err := f.Highest()
	if err != nil || h.Runs[run].Size != 19 || h.Status != 20 {
		t.Errorf("after twenty programs at once: %+v, %v", h, err)
	}
	if err := f.SetRoster([][]byte{{1}, {2}}); err != nil {
		t.Fatal(err)
	}
	if err := f.SetRoster([][]byte{{1}}); err != nil {
		t.Fatal(err)
	}
	if home, err := f.Household(); err != nil || len(home.Roster) != 2 {
		t.Errorf("the roster became shorter: %v", err)
	}
}

func TestDamageIsSaid(t *testing.T) {
	dir, _, f := create(t)
	for name, use := range map[string]func() error{
		"device.key":     func() error { _, err := f.Secret(); return err },
		"household.json": func() error { _, err := f.Household(); return err },
		"highest.json":   func() error { _, err := f.Highest(); return err },
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := use(); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
