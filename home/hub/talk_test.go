// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestACameraThatDidNotAnswerIsSoonAskedForItsSpeakerAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, known := 0, 0
		answer := func() (bool, error) { return false, errors.New("no answer") }
		s := &speaker{
			run: t.Context(), now: time.Now, log: slog.New(slog.DiscardHandler), known: func() { known++ },
			asks: func(context.Context) (bool, error) { asked++; return answer() },
		}
		after := func(d time.Duration) bool {
			time.Sleep(d) // of the test's own clock
			s.isThere()
			synctest.Wait()
			return s.isThere()
		}
		if after(0) || after(time.Second) || asked != 1 {
			t.Errorf("it was asked %d times at once", asked)
		}
		answer = func() (bool, error) { return false, nil }
		if after(speakerSoon) || asked != 2 {
			t.Errorf("it was asked %d times, and once it had not answered", asked)
		}
		answer = func() (bool, error) { return true, nil }
		if after(speakerSoon) || asked != 2 {
			t.Errorf("one that has no speaker was asked %d times", asked)
		}
		if !after(speakerAgain) || asked != 3 || known != 1 {
			t.Errorf("a speaker that came: asked %d times, told %d times", asked, known)
		}
		s.close()
	})
}
