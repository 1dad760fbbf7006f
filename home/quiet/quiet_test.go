// SPDX-License-Identifier: Apache-2.0

package quiet

import (
	"crypto/rand"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"keyhold/home/state"
	"keyhold/statement/id"
)

const berlin = "Europe/Berlin"

func TestWhatManyWishAtOnceHolds(t *testing.T) {
	t.Parallel()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b, err := Open(t.Context(), db, berlin)
	if err != nil {
		t.Fatal(err)
	}
	const person = id.Person("per_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	var all []id.Camera
	for range 16 {
		c, err := id.NewCamera(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for round := range int64(100) {
		var wg sync.WaitGroup
		for i, c := range all {
			wg.Go(func() {
				until := int64(0)
				if (int64(i)+round)%2 == 0 {
					until = 1000 + round%10
				}
				if err := b.Set(t.Context(), person, c, until, 10); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i, c := range all {
			if want := (int64(i)+round)%2 == 0; b.Is(person, c, 10) != want {
				t.Fatalf("in round %d what somebody has wished does not hold: quiet should be %v", round, want)
			}
		}
	}
	// It outlives the process, and ends by itself.
	again, err := Open(t.Context(), db, berlin)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := again.Of(person, 10), b.Of(person, 10); len(want) != len(all)/2 || !slices.Equal(got, want) {
		t.Errorf("after a restart %v is wished, not %v", got, want)
	}
	if got := again.Of(person, 1019); len(got) > 0 {
		t.Errorf("%v lasts longer than was wished", got)
	}
}
