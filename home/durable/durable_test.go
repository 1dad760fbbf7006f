// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"keyhold/home/durable"
)

func TestWriteReplacesAndSweepRemovesLeftOvers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "a")
	for _, text := range []string{"one", "two"} {
		if err := durable.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(name); err != nil || string(b) != text {
			t.Errorf("%q, %v", b, err)
		}
	}
	if err := os.WriteFile(name+".tmp", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.Sweep(dir); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 || list[0].Name() != "a" {
		t.Errorf("%v, %v", list, err)
	}
	if err := errors.Join(durable.Remove(name), durable.Remove(name)); err != nil {
		t.Errorf("removing twice: %v", err)
	}
}

func TestOfManyThatCreateOneNameOneWins(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "key")
	results := make(chan error, 16)
	for i := range cap(results) {
		go func() { results <- durable.CreateFile(name, []byte(strconv.Itoa(i)), 0o600) }()
	}
	won := 0
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			won++
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("%v", err)
		}
	}
	if list, err := os.ReadDir(filepath.Dir(name)); won != 1 || err != nil || len(list) != 1 {
		t.Errorf("%d won; the folder holds %v (%v)", won, list, err)
	}
}
