// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"errors"
	"testing"
	"time"
)

func TestAChildThatFailsAgainAndAgainIsTriedEverMoreSeldom(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_790_000_000, 0)
	c := &cover{now: func() time.Time { return now }, give: func(*Frame) {}, lost: func(time.Time, Reason) {}, failed: func(error) {}}
	session, shown := &Session{}, int64(0)
	works := func(long time.Duration) {
		t.Helper()
		c.began, now, shown = now, now.Add(long), shown+1
		c.waiting = []inHand{{&Frame{Session: session, Kind: Video, PTS: shown, DTS: shown, At: now}, shown}}
		if err := c.emit(&coverPicture{at: shown, key: true, params: &Params{}}); err != nil {
			t.Fatal(err)
		}
	}
	fails := func(want time.Duration) {
		t.Helper()
		c.fail(errors.New("it has ended"))
		if pause := c.plain.Sub(now); pause != want {
			t.Errorf("it is tried again after %s, want %s", pause, want)
		}
		now = c.plain
	}
	fails(madePause)
	works(5 * time.Second)
	fails(2 * madePause)
	works(time.Minute)
	fails(4 * madePause)
	works(coverSteady)
	fails(madePause)
}
