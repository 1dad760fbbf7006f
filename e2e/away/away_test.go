// SPDX-License-Identifier: Apache-2.0

package away

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/internal/intime"
)

const (
	firstWithin = 1500 * time.Millisecond
	freeze      = time.Second
	backWithin  = 5 * time.Second
	patience    = 30 * time.Second
)

// stretch is how long is looked: longer in `make soak`.
func stretch(t *testing.T) time.Duration {
	t.Helper()
	n, err := harness.Amount("KEYHOLD_TEST_LOOK_SECONDS", 15)
	must(t, err)
	return time.Duration(n) * time.Second
}

// firsts looks some times and returns how long the first picture took, by the program's own clock: from when it knows
// what it may see to the picture.
func (e *earth) firsts(t *testing.T, from *Space, times int) []time.Duration {
	t.Helper()
	var out []time.Duration
	for range times {
		out = append(out, e.first(t, from))
	}
	slices.Sort(out)
	return out
}

// first looks for some seconds, and longer if there is no picture yet, and says when that came.
func (e *earth) first(t *testing.T, from *Space) time.Duration {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), e.Keyhold, "live", "--camera", "Garden", "--for", patience.String(), "--json", "--device", e.Path("device"))
	cmd.Stderr = testWriter{t}
	pipe, err := cmd.StdoutPipe()
	must(t, err)
	must(t, from.In(cmd.Start))
	over := time.After(2500 * time.Millisecond)
	var line struct {
		Event string
		MS    int64
	}
	if err := json.NewDecoder(pipe).Decode(&line); err != nil || line.Event != "first-picture" {
		t.Errorf("no picture came: it said %q (%v)", line.Event, err)
	}
	<-over // so long is looked, for what goes over a line is counted
	must(t, cmd.Process.Signal(os.Interrupt))
	_, err = io.Copy(io.Discard, pipe)
	must(t, errors.Join(err, cmd.Wait()))
	return time.Duration(line.MS) * time.Millisecond
}

// volume counts what goes over a line.
type volume struct{ bytes int }

func (v *volume) tap(b []byte) { v.bytes += len(b) }

func TestTheHomeIsSeenFromElsewhere(t *testing.T) {
	e := newEarth(t)
	ctx := t.Context()

	// At home the way is direct, though there is a relay: next to nothing goes over the line.
	var out volume
	e.house.Wire.Tap(out.tap)
	at := e.firsts(t, e.home, 3)
	e.house.Wire.Tap(nil)
	t.Logf("at home, first pictures after %v; %d kB over the line in all", at, out.bytes>>10)
	if out.bytes > 1<<20 {
		t.Errorf("%d kB went over the line: that is pictures", out.bytes>>10)
	}

	away := e.firsts(t, e.phone, 5)
	t.Logf("elsewhere, first pictures after %v", away)
	if away[len(away)/2] > intime.By(firstWithin) {
		t.Errorf("the first picture takes %s, which is more than %s", away[len(away)/2], firstWithin)
	}

	l := e.look(t, e.phone)
	l.after(t, time.Time{}, patience)
	long := stretch(t)
	select {
	case <-time.After(long): // this is what is looked at
	case <-l.done:
		t.Fatal("it ended by itself")
	}
	t.Logf("%s of pictures, the longest without one %s", long, l.longest())
	if l.longest() > intime.By(freeze) {
		t.Errorf("for %s there was no picture", l.longest())
	}

	for _, c := range []struct {
		what string
		cut  func() error
	}{
		{"the line is cut for two seconds", func() error {
			e.street.Wire.Cut(true)
			time.Sleep(2 * time.Second) // this is what is tried
			e.street.Wire.Cut(false)
			return nil
		}},
		{"the phone's Wi-Fi is off for two seconds", func() error {
			if err := e.offline(ctx); err != nil {
				return err
			}
			time.Sleep(2 * time.Second)
			return e.wifi(ctx)
		}},
		{"the phone goes over to the mobile line", func() error { return e.roam(ctx) }},
		{"and back to the Wi-Fi", func() error { return e.wifi(ctx) }},
		{"the home's line is cut for two seconds", func() error {
			e.house.Wire.Cut(true)
			time.Sleep(2 * time.Second)
			e.house.Wire.Cut(false)
			return nil
		}},
	} {
		before := l.newest()
		must(t, c.cut())
		back := time.Now()
		// Pictures that were on their way when it happened are not meant.
		took := l.after(t, back.Add(200*time.Millisecond), patience) + 200*time.Millisecond
		t.Logf("%s: pictures again after %s, %s without", c.what, took.Round(time.Millisecond), l.newest().Sub(before).Round(time.Millisecond))
		if took > intime.By(backWithin) {
			t.Errorf("%s: pictures came again only after %s", c.what, took)
		}
		l.steady(t)
	}
	l.end()
	if code := l.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// steady waits until pictures have come for some seconds, so that one thing is tried after the other.
func (l *looker) steady(t *testing.T) {
	t.Helper()
	for n := 0; n < 3; {
		if l.after(t, time.Now().Add(time.Second), patience) < intime.By(freeze) {
			n++
		} else {
			n = 0
		}
	}
}
