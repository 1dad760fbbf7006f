// SPDX-License-Identifier: Apache-2.0

// Package vaulttest is the contract of a vault: every engine passes the same suite.
//
// It trusts nothing about the engine but the interface. Engines differ in how they keep objects, never in what a
// caller may rely on; what package vault promises is tested here and nowhere else. It leaves nothing behind that the
// engine's own clean-up does not remove.
package vaulttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"testing"

	"keyhold/cloud/vault"
	"keyhold/statement/id"
)

// Run holds an engine to the contract. open makes an empty vault that ends with the test.
func Run(t *testing.T, open func(t *testing.T) vault.Vault) {
	t.Helper()
	for name, scenario := range map[string]func(*testing.T, vault.Vault){
		"what was put is read back, whole and in parts": roundTrip,
		"an empty object is an object":                  empty,
		"what was never put is missing":                 missing,
		"a body of another length leaves nothing":       wrongSize,
		"a body of another hash leaves nothing":         wrongHash,
		"a body that breaks off leaves nothing":         brokenBody,
		"a context that ends leaves nothing":            cancelled,
		"the same again changes nothing":                repeat,
		"other bytes under one id are refused":          differs,
		"of many at once one wins and all agree":        race,
		"nothing is seen before it is whole":            unseen,
		"deleted is missing, and twice is no error":     deleted,
		"a listing has each object once":                listing,
		"what is no object id is refused":               misnamed,
	} {
		t.Run(name, func(t *testing.T) { scenario(t, open(t)) })
	}
}

func object(t *testing.T) id.Object {
	t.Helper()
	o, err := id.NewObject(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func put(t *testing.T, v vault.Vault, o id.Object, b []byte) {
	t.Helper()
	if err := v.Put(t.Context(), o, bytes.NewReader(b), int64(len(b)), id.HashOf(b)); err != nil {
		t.Fatalf("put: %v", err)
	}
}

// wantBytes fails unless the object is there with these bytes.
func wantBytes(t *testing.T, v vault.Vault, o id.Object, want []byte) {
	t.Helper()
	r, size, err := v.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer func() { _ = r.Close() }()
	got, err := io.ReadAll(r)
	if err != nil || size != int64(len(want)) || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes of size %d (%v), want %d", len(got), size, err, len(want))
	}
}

// wantNothing fails unless there is no object at all.
func wantNothing(t *testing.T, v vault.Vault, o id.Object) {
	t.Helper()
	if r, _, err := v.Open(t.Context(), o); !errors.Is(err, vault.ErrMissing) {
		t.Errorf("open: %v, want ErrMissing", err)
		if err == nil {
			_ = r.Close()
		}
	}
	if err := v.Each(t.Context(), func(e vault.Entry) error {
		t.Errorf("listed: %s", e.Object)
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func roundTrip(t *testing.T, v vault.Vault) {
	o, b := object(t), noise(300_000)
	put(t, v, o, b)
	wantBytes(t, v, o, b)
	r, _, err := v.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, err := r.Seek(200_000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 1000)
	if _, err := io.ReadFull(r, part); err != nil || !bytes.Equal(part, b[200_000:201_000]) {
		t.Errorf("a part after a seek: %v", err)
	}
}

func empty(t *testing.T, v vault.Vault) {
	o := object(t)
	put(t, v, o, nil)
	wantBytes(t, v, o, nil)
}

func missing(t *testing.T, v vault.Vault) { wantNothing(t, v, object(t)) }

func wrongSize(t *testing.T, v vault.Vault) {
	b := noise(5000)
	for _, size := range []int64{4999, 5001, 0} {
		o := object(t)
		if err := v.Put(t.Context(), o, bytes.NewReader(b), size, id.HashOf(b)); !errors.Is(err, vault.ErrSize) {
			t.Errorf("size %d: %v, want ErrSize", size, err)
		}
		wantNothing(t, v, o)
	}
}

func wrongHash(t *testing.T, v vault.Vault) {
	o, b := object(t), noise(5000)
	sum := id.HashOf(b)
	b[4999] ^= 1
	if err := v.Put(t.Context(), o, bytes.NewReader(b), 5000, sum); !errors.Is(err, vault.ErrHash) {
		t.Errorf("%v, want ErrHash", err)
	}
	wantNothing(t, v, o)
}

var errBroken = errors.New("the line went dead")

func brokenBody(t *testing.T, v vault.Vault) {
	o, b := object(t), noise(5000)
	r := io.MultiReader(bytes.NewReader(b[:3000]), failing{})
	err := v.Put(t.Context(), o, r, 5000, id.HashOf(b))
	if !errors.Is(err, vault.ErrBody) || !errors.Is(err, errBroken) {
		t.Errorf("%v, want ErrBody around the reader's own error", err)
	}
	wantNothing(t, v, o)
	put(t, v, o, b) // and a second attempt succeeds
	wantBytes(t, v, o, b)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }

func cancelled(t *testing.T, v vault.Vault) {
	o, b := object(t), noise(1000)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Put(ctx, o, bytes.NewReader(b), 1000, id.HashOf(b)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	wantNothing(t, v, o)
}

func repeat(t *testing.T, v vault.Vault) {
	o, b := object(t), noise(1000)
	put(t, v, o, b)
	put(t, v, o, b)
	wantBytes(t, v, o, b)
}

func differs(t *testing.T, v vault.Vault) {
	o, b, other := object(t), noise(1000), noise(1000)
	put(t, v, o, b)
	for _, x := range [][]byte{other, other[:500], nil} {
		if err := v.Put(t.Context(), o, bytes.NewReader(x), int64(len(x)), id.HashOf(x)); !errors.Is(err, vault.ErrDiffers) {
			t.Errorf("%v, want ErrDiffers", err)
		}
	}
	wantBytes(t, v, o, b)
}

func race(t *testing.T, v vault.Vault) {
	o := object(t)
	bodies := [][]byte{noise(50_000), noise(50_000)}
	won := make([]int, len(bodies))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 12 {
		which := i % len(bodies)
		wg.Go(func() {
			b := bodies[which]
			err := v.Put(t.Context(), o, bytes.NewReader(b), int64(len(b)), id.HashOf(b))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won[which]++
			} else if !errors.Is(err, vault.ErrDiffers) {
				t.Errorf("put: %v", err)
			}
		})
	}
	wg.Wait()
	if (won[0] == 6) == (won[1] == 6) || won[0]+won[1] != 6 {
		t.Fatalf("%d writers of the one and %d of the other body were acknowledged", won[0], won[1])
	}
	winner := bodies[0]
	if won[1] > 0 {
		winner = bodies[1]
	}
	wantBytes(t, v, o, winner)
}

// unseen looks at the vault while a body is half way in.
func unseen(t *testing.T, v vault.Vault) {
	o, b := object(t), noise(100_000)
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- v.Put(t.Context(), o, in, int64(len(b)), id.HashOf(b)) }()
	if _, err := out.Write(b[:99_999]); err != nil {
		t.Fatal(err)
	}
	wantNothing(t, v, o)
	if _, err := out.Write(b[99_999:]); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	wantBytes(t, v, o, b)
}

func deleted(t *testing.T, v vault.Vault) {
	o, b := object(t), noise(100)
	put(t, v, o, b)
	for range 2 {
		if err := v.Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	wantNothing(t, v, o)
	put(t, v, o, noise(200)) // the id is free again
}

func listing(t *testing.T, v vault.Vault) {
	want := map[id.Object]int64{}
	for i := range 50 {
		o := object(t)
		put(t, v, o, noise(i))
		want[o] = int64(i)
	}
	if err := v.Each(t.Context(), func(e vault.Entry) error {
		if size, ok := want[e.Object]; !ok || size != e.Size || e.Stored <= 0 {
			t.Errorf("listed %+v, want size %d", e, size)
		}
		delete(want, e.Object)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(want) > 0 {
		t.Errorf("%d objects are not listed", len(want))
	}
	put(t, v, object(t), nil)
	if err := v.Each(t.Context(), func(vault.Entry) error { return errBroken }); !errors.Is(err, errBroken) {
		t.Errorf("each: %v, want the visitor's error", err)
	}
}

func misnamed(t *testing.T, v vault.Vault) {
	for _, o := range []id.Object{"", "obj_", "../../etc/passwd", "obj_../../../../../../../aaaaaa", "cam_aaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		if err := v.Put(t.Context(), o, bytes.NewReader(nil), 0, id.HashOf()); err == nil {
			t.Errorf("put %q was taken", o)
		}
		if r, _, err := v.Open(t.Context(), o); err == nil {
			_ = r.Close()
			t.Errorf("%q was opened", o)
		}
	}
}
