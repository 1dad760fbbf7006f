// SPDX-License-Identifier: Apache-2.0

package folder_test

import (
	"bufio"
	"bytes"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/cloud/vault"
	"keyhold/cloud/vault/folder"
	"keyhold/cloud/vault/vaulttest"
	"keyhold/statement/id"
)

func open(t *testing.T, dir string) *folder.Folder {
	t.Helper()
	f, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestContract(t *testing.T) {
	vaulttest.Run(t, func(t *testing.T) vault.Vault { return open(t, t.TempDir()) })
}

func TestASecondProcessIsKeptOut(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	if _, err := folder.Open(dir); !errors.Is(err, folder.ErrInUse) {
		t.Fatalf("%v, want ErrInUse", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestAStartRemovesWhatWasHalfWritten(t *testing.T) {
	dir := t.TempDir()
	shard := filepath.Join(dir, "ab")
	if err := os.MkdirAll(shard, 0o700); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(shard, "obj_abaaaaaaaaaaaaaaaaaaaaaaaa.123.part")
	if err := os.WriteFile(part, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if _, err := os.Stat(part); !os.IsNotExist(err) {
		t.Errorf("the part file is still there: %v", err)
	}
}

// killed is set for the child process of the next test.
const killed = "KEYHOLD_TEST_VAULT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killed); dir != "" {
		fill(dir)
		return
	}
	os.Exit(m.Run())
}

// fill puts objects from four goroutines until the process is killed, and prints the id of each that was acknowledged.
// An object's bytes follow from its id, so that the parent can tell whether they are right.
func fill(dir string) {
	f, err := folder.Open(dir)
	if err != nil {
		fmt.Fprintln(os.Stdout, "failed", err)
		return
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				o, b := derived()
				if err := f.Put(context.Background(), o, bytes.NewReader(b), int64(len(b)), id.HashOf(b)); err != nil {
					fmt.Fprintln(os.Stdout, "failed", err)
					return
				}
				mu.Lock()
				fmt.Fprintln(os.Stdout, o)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func derived() (id.Object, []byte) {
	var seed [16]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	o := id.Object("obj_" + id.Base32(seed[:]))
	return o, content(o)
}

// content is what an object holds: its size too comes from its id.
func content(o id.Object) []byte {
	h := id.HashOf([]byte(o))
	return bytes.Repeat(h[:], 1+int(h[0])*40)
}

func TestAKillLeavesNoHalfObjectAndLosesNoAcknowledgedOne(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[id.Object]bool{}
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), killed+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		// The kill comes after some acknowledgements and a random moment more, in the middle of other Puts.
		for n := 0; n < 20 && lines.Scan(); n++ {
			acknowledged[id.Object(lines.Text())] = true
		}
		timer := time.AfterFunc(time.Duration(rand.IntN(20))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for lines.Scan() {
			acknowledged[id.Object(lines.Text())] = true
		}
		_ = cmd.Wait()
		timer.Stop()
		check(t, dir, acknowledged, round)
	}
	if len(acknowledged) < 100 {
		t.Fatalf("only %d objects were acknowledged: this has shown nothing", len(acknowledged))
	}
}

// check opens the vault and reads everything that can be seen in it.
func check(t *testing.T, dir string, acknowledged map[id.Object]bool, round int) {
	t.Helper()
	f, err := folder.Open(dir)
	if err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	defer func() { _ = f.Close() }()
	seen := map[id.Object]bool{}
	err = f.Each(t.Context(), func(e vault.Entry) error {
		seen[e.Object] = true
		r, _, err := f.Open(t.Context(), e.Object)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		b, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(b, content(e.Object)) {
			t.Errorf("round %d: half an object is visible: %d bytes, %v", round, len(b), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for o := range acknowledged {
		if strings.HasPrefix(string(o), "failed") || !seen[o] {
			t.Fatalf("round %d: %s was acknowledged and is not there", round, o)
		}
	}
}

func TestRoomIsLeftForTheRows(t *testing.T) {
	f := open(t, t.TempDir())
	free := int64(129 << 20)
	f.Space = func() (int64, error) { return free, nil }
	b := make([]byte, 2<<20)
	object, err := id.NewObject(crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	put := func() error {
		return f.Put(t.Context(), object, bytes.NewReader(b), int64(len(b)), id.HashOf(b))
	}
	if err := put(); !errors.Is(err, vault.ErrNoSpace) {
		t.Errorf("%v, want ErrNoSpace", err)
	}
	if r, _, err := f.Open(t.Context(), object); !errors.Is(err, vault.ErrMissing) {
		if err == nil {
			_ = r.Close()
		}
		t.Errorf("an object that was refused: %v", err)
	}
	free = 1 << 30
	if err := put(); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
