// SPDX-License-Identifier: Apache-2.0

package media

// A walk goes over the bytes of one segment, from its first to its last, and wants each to be listed once.
type walk struct {
	list  *List
	at    int64  // where the segment begins in the file
	b     []byte // its bytes
	pos   int    // what has been walked over
	other int    // where what is no picture, and does not tell of itself that it is sound, began; -1 for nowhere
}

func (w *walk) run() error {
	w.other = -1
	for w.pos < len(w.b) {
		t := w.nearest()
		if t == nil {
			break
		}
		from, to := t.next.Pos-w.at, t.next.Pos-w.at+t.next.Size
		if from < int64(w.pos) || to > int64(len(w.b)) {
			return unlisted("pictures or sound lie over each other, out of order, or across segments")
		}
		if err := w.unnamed(int(from)); err != nil {
			return err
		}
		w.pos = int(to)
		if err := w.take(t, w.b[from:to], int(from)); err != nil {
			return err
		}
	}
	if err := w.unnamed(len(w.b)); err != nil {
		return err
	}
	return w.close(len(w.b))
}

// nearest is the track whose next sample comes first in the file; nil if none lies in this segment any more.
func (w *walk) nearest() *heldTrack {
	var out *heldTrack
	for _, t := range w.list.tracks {
		if t.next != nil && t.next.Pos < w.at+int64(len(w.b)) && (out == nil || t.next.Pos < out.next.Pos) {
			out = t
		}
	}
	return out
}

func (w *walk) take(t *heldTrack, b []byte, from int) error {
	if t.Video {
		if err := w.close(from); err != nil {
			return err
		}
		return w.list.picture(b)
	}
	if t.next.Entry.Certain() {
		if err := w.close(from); err != nil {
			return err
		}
	} else if w.other < 0 {
		w.other = from
	}
	return w.list.hear(t, b)
}

// unnamed goes over bytes that no sample names.
func (w *walk) unnamed(to int) error {
	if to == w.pos {
		return nil
	}
	if err := w.list.leave(); err != nil {
		return err
	}
	if w.other < 0 {
		w.other = w.pos
	}
	return nil
}

// close ends a stretch of what is said to be sound, and wants no picture to lie in it.
func (w *walk) close(to int) error {
	if w.other < 0 {
		return nil
	}
	b := w.b[w.other:to]
	w.other = -1
	if w.list.hides(b) {
		return unlisted("pictures are listed as sound, or were left out")
	}
	return nil
}
