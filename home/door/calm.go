// SPDX-License-Identifier: Apache-2.0

package door

import (
	"time"

	"golang.org/x/time/rate"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// bounce is how long after a press another is the same: fingers shake, and sources say things twice.
	bounce = 400 * time.Millisecond
	// held is how long a source may say again that a button is down, without having said that it was let go.
	held = 3 * time.Second
	// remembered is how many events are known again when they come again, and for how long.
	remembered = 128
	// atOnce and every bound the presses of one camera: who plays with a button rings this often.
	atOnce = 30
	every  = 2 * time.Second
)

// calm makes one press of what a source says of it.
type calm struct {
	last  time.Time // when the last press was, by the source
	down  map[string]time.Time
	known []string // the newest events
	often *rate.Limiter
	flood bool // since the last press that was taken
}

// heard is one word of a source: a key that is the same when it comes again ("" if there is none), which of the source's
// buttons it is of, whether that is down, and when, by the source and by us.
type heard struct {
	key, button string
	down        bool
	stamp, at   time.Time
}

// hear takes a word of a source, and reports it if it is a press.
func (b *Bells) hear(camera id.Camera, source string, w heard) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.bells[camera]
	if one == nil || one.Kind != source {
		return // it is another bell by now
	}
	c := b.calm[camera]
	if c == nil {
		c = &calm{down: map[string]time.Time{}, often: rate.NewLimiter(rate.Every(every), atOnce)}
		b.calm[camera] = c
	}
	if !c.press(w) {
		return
	}
	if !c.often.AllowN(b.c.Now(), 1) && !rule.Off(rule.Quota) {
		b.flooded(c)
		return
	}
	select {
	case b.queue <- Press{Camera: camera, Source: source, At: w.at}:
		one.state.Pressed, c.flood = w.at, false
	default:
		b.flooded(c)
	}
}

func (b *Bells) flooded(c *calm) {
	if !c.flood {
		c.flood = true
		b.c.Log.Warn("a bell rings without end; what is too much is left out", "rule", string(rule.Quota))
	}
}

// press says whether a word is a press that has not been told before.
func (c *calm) press(w heard) bool {
	if w.key != "" && !rule.Off(rule.Replay) {
		for _, k := range c.known {
			if k == w.key {
				return false
			}
		}
		c.known = append(c.known, w.key)
		c.known = c.known[max(0, len(c.known)-remembered):]
	}
	if !w.down {
		delete(c.down, w.button)
		return false
	}
	if since, is := c.down[w.button]; is && w.stamp.Sub(since) < held && w.stamp.Sub(since) >= 0 {
		return false // it says so again
	}
	if w.button != "" && len(c.down) < remembered {
		c.down[w.button] = w.stamp
	}
	if d := w.stamp.Sub(c.last); d >= 0 && d < bounce {
		return false
	}
	c.last = w.stamp
	return true
}
