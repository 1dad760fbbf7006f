// SPDX-License-Identifier: Apache-2.0

package gesture_test

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"keyhold/home/gesture"
	"keyhold/home/state"
	"keyhold/statement/id"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var (
	link  = id.HashOf([]byte("link"))
	other = id.HashOf([]byte("another link"))
)

const start = int64(1_772_000_000_000)

func open(t *testing.T) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func ask(t *testing.T, db *state.DB, l id.Hash, now int64) *gesture.Request {
	t.Helper()
	r, err := gesture.Ask(t.Context(), db, l, "add-person", "guest", now, rand.Reader)
	must(t, err)
	return r
}

// wrong is a code that is not the one.
func wrong(r *gesture.Request) string {
	for n := range 2 {
		if s := fmt.Sprintf("%06d", n); s != r.Code {
			return s
		}
	}
	return ""
}

func TestCodeOpensItsLinkOnce(t *testing.T) {
	t.Parallel()
	db := open(t)
	r := ask(t, db, link, start)
	if again := ask(t, db, link, start+1000); again.Code != r.Code {
		t.Error("asking again gives another code; the one on the screen is void")
	}
	seen, err := gesture.Waiting(t.Context(), db, start)
	if err != nil || seen.Code != r.Code {
		t.Errorf("another process is shown %v (%v)", seen, err)
	}
	asked, err := gesture.Verify(t.Context(), db, link, r.Code, start+2000)
	if !asked || err != nil {
		t.Errorf("the right code: %v, %v", asked, err)
	}
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error { return gesture.Done(t.Context(), tx) }))
	if asked, err := gesture.Verify(t.Context(), db, link, r.Code, start+3000); asked || err != nil {
		t.Errorf("a used code: %v, %v", asked, err)
	}
}

func TestCodeIsGoodForNoOtherLink(t *testing.T) {
	t.Parallel()
	db := open(t)
	r := ask(t, db, link, start)
	if asked, err := gesture.Verify(t.Context(), db, other, r.Code, start); asked || err != nil {
		t.Errorf("with another link: %v, %v", asked, err)
	}
	ask(t, db, other, start)
	if asked, err := gesture.Verify(t.Context(), db, link, r.Code, start); asked || err != nil {
		t.Errorf("the code that was replaced: %v, %v", asked, err)
	}
}

func TestCodeLastsTenMinutes(t *testing.T) {
	t.Parallel()
	db := open(t)
	r := ask(t, db, link, start)
	life := gesture.Life.Milliseconds()
	for at, want := range map[int64]bool{start + life - 1: true, start + life: false, start - 1: false} {
		if asked, err := gesture.Verify(t.Context(), db, link, r.Code, at); asked != want || err != nil {
			t.Errorf("%d ms after it was made: %v, %v", at-start, asked, err)
		}
		if seen, err := gesture.Waiting(t.Context(), db, at); (seen != nil) != want || err != nil {
			t.Errorf("%d ms after it was made it is shown: %v, %v", at-start, seen, err)
		}
	}
}

func TestFiveWrongCodesEndTryingForAllLinks(t *testing.T) {
	t.Parallel()
	db := open(t)
	now := start
	for n := range gesture.Tries {
		l := link
		if n%2 == 1 {
			l = other // a fresh code for another link does not give fresh tries
		}
		r := ask(t, db, l, now)
		if _, err := gesture.Verify(t.Context(), db, l, wrong(r), now); !errors.Is(err, gesture.ErrWrong) {
			t.Fatalf("a wrong code: %v", err)
		}
		now += time.Second.Milliseconds()
	}
	if _, err := gesture.Ask(t.Context(), db, link, "add-person", "guest", now, rand.Reader); !errors.Is(err, gesture.ErrWrong) {
		t.Errorf("a sixth code is made: %v", err)
	}
	if seen, err := gesture.Waiting(t.Context(), db, now); seen != nil || err != nil {
		t.Errorf("a code that is no longer taken is shown: %v, %v", seen, err)
	}
	now = start + gesture.Life.Milliseconds()
	r := ask(t, db, link, now)
	if asked, err := gesture.Verify(t.Context(), db, link, r.Code, now); !asked || err != nil {
		t.Errorf("after ten minutes: %v, %v", asked, err)
	}
}

func TestRightCodeIsRefusedAfterFiveWrongOnes(t *testing.T) {
	t.Parallel()
	db := open(t)
	r := ask(t, db, link, start)
	for range gesture.Tries {
		if _, err := gesture.Verify(t.Context(), db, link, wrong(r), start); !errors.Is(err, gesture.ErrWrong) {
			t.Fatalf("a wrong code: %v", err)
		}
	}
	if _, err := gesture.Verify(t.Context(), db, link, r.Code, start); !errors.Is(err, gesture.ErrWrong) {
		t.Errorf("the right code as the sixth: %v", err)
	}
}
