// SPDX-License-Identifier: Apache-2.0

package media

import "slices"

// Recorded is what a hub says of a segment in an export.
type Recorded struct {
	Session    int64
	Start, End int64 // ms
	Media      int64 // µs
}

// A List is what a player goes by: which bytes of a film are pictures and sound, in which order, when, and what of them is
// shown. The export wrote it and nobody signed it, so it is held against what the hub did sign: the bytes of each segment,
// how long it lasts, and when it was recorded. It takes whatever Export makes, and what the web app's exporter does.
type List struct {
	index  *Index
	pieces []Recorded
	asked  Options
	number int          // of the next segment
	tracks []*heldTrack // pictures first
	video  *heldTrack
	first  int64 // by how much the first picture is shown later than it is decoded

	// At a joint the exporter leaves out sound that would lie on sound that is there.
	joints int
	heard  bool       // since the last joint
	sound  *heldTrack // of this session
	spoken float64

	shows *Entry // of the last picture
	shown int64  // when the last picture is decoded
	due   int64  // when the next segment begins, by what the hub signed
	reach int64  // until when the pictures so far are shown
	tail  [32]int64
	count int
	stop  int64 // when showing stops, by the range that was asked for; 0 for the end
}

type heldTrack struct {
	*Listed
	samples *Samples
	next    *Place // nil after the last
	end     int64  // of what was walked over
}

const (
	// mostShift is by how many seconds a picture may be shown at another time than it is decoded.
	mostShift = 10
	// mostApart is by how many seconds sound may seem to be away from the pictures among which it lies: a camera may send
	// them in bursts. mostLag comes to it for each joint: the web app does not leave sound out there, it delays it.
	mostApart, mostLag = 30, 3
	// mostOver is by how many seconds sound may have gone on after the pictures at a joint, beyond what is in the list.
	mostOver = 10
	// mostUnshown is for how many seconds more pictures may be shown than decoded.
	mostUnshown = 2
	// mostPiece bounds a piece of sound, in seconds.
	mostPiece = 1
)

// NewList reads the content of the moov box of an export of these segments, made with these options.
func NewList(moov []byte, pieces []Recorded, o Options) (*List, error) {
	index, err := ReadIndex(moov)
	if err != nil {
		return nil, err
	}
	l := &List{index: index, pieces: pieces, asked: o}
	for _, t := range index.Tracks {
		one := &heldTrack{Listed: t, samples: t.Samples()}
		if err := one.advance(); err != nil {
			return nil, err
		}
		if one.next == nil {
			return nil, unlisted("a track of nothing")
		}
		if t.Video {
			l.video = one
		}
		l.tracks = append(l.tracks, one)
	}
	if l.video.Timescale != scale {
		return nil, unlisted("another clock than pictures have")
	}
	l.first = int64(l.video.next.Offset)
	return l, nil
}

func (t *heldTrack) advance() error {
	if t.next != nil {
		t.end = t.next.Time + int64(t.next.Duration)
	}
	var err error
	if t.next, err = t.samples.Next(); err != nil {
		return err
	}
	return nil
}

// seconds is when something of a track is shown, from the beginning of the film.
func (l *List) seconds(t *heldTrack, at int64) float64 {
	return float64(t.Delay)/float64(l.index.Timescale) + float64(at-t.From)/float64(t.Timescale)
}

// Segment holds the list against the bytes b of the next segment, which begin at a place of the file. With the last, all of
// it has been.
func (l *List) Segment(at int64, b []byte) error {
	i := l.number
	if i == len(l.pieces) {
		return unlisted("more segments than were recorded")
	}
	p := l.pieces[i]
	l.number++
	if i > 0 {
		before := l.pieces[i-1]
		if p.Session != before.Session {
			l.sound = nil
		}
		if p.Session != before.Session || p.Start != before.End {
			l.joints++
			l.heard = false
		}
	}
	begins := l.video.next
	if begins == nil || begins.Pos != at {
		return unlisted("a segment does not begin with its first picture")
	}
	if err := l.begin(i, begins); err != nil {
		return err
	}
	l.due = begins.Time + ticks(p.Media)
	w := walk{list: l, at: at, b: b}
	if err := w.run(); err != nil {
		return err
	}
	if i == len(l.pieces)-1 {
		return l.finish()
	}
	return nil
}

// begin holds when a segment begins: when the one before it ends, or at a joint once all before it was shown.
func (l *List) begin(i int, first *Place) error {
	if i > 0 && first.Time != l.due && first.Time != max(l.due, l.reach-int64(first.Offset)) {
		return unlisted("a segment is longer or shorter than the hub recorded it")
	}
	p := &l.pieces[i]
	if l.asked.Until > 0 && l.asked.Until < p.End {
		l.stop = first.Time + int64(first.Offset) - l.first + max(l.asked.Until-p.Start, 0)*(scale/1000)
	}
	return nil
}

// ticks is the duration of which the hub's microseconds were made.
func ticks(media int64) int64 { return (media*9 + 99) / 100 }

// picture takes the next picture of a segment; b are its bytes.
func (l *List) picture(b []byte) error {
	p := l.video.next
	switch {
	case !p.Entry.Picture(b):
		return unlisted("what is listed as one picture is not one")
	case p.Time >= l.due:
		return unlisted("a segment is longer than the hub recorded it")
	case p.Offset > mostShift*scale || p.Offset < -mostShift*scale:
		return unlisted("a picture is shown at another time than it was recorded")
	}
	l.shows, l.shown = p.Entry, p.Time
	l.reach = max(l.reach, min(p.Time+int64(p.Duration), l.due)+int64(p.Offset))
	l.tail[l.count%len(l.tail)] = p.Time + int64(p.Duration) + int64(p.Offset)
	l.count++
	return l.video.advance()
}

// hear takes the next piece of sound, which lies among the pictures of a segment.
func (l *List) hear(t *heldTrack, b []byte) error {
	p := t.next
	if l.sound != nil && l.sound != t {
		return unlisted("sound is in another track than what came before it")
	}
	if !p.Entry.Sound(b) {
		return unlisted("what is listed as sound is none")
	}
	l.sound, l.heard = t, true
	at := l.seconds(t, p.Time)
	// The last picture may have stood still for long, with sound all the while.
	if at < l.seconds(l.video, l.shown)-mostApart || at > l.seconds(l.video, l.video.end)+mostApart+float64(l.joints*mostLag) {
		return unlisted("sound is away from its pictures")
	}
	l.spoken = at + min(float64(p.Duration)/float64(t.Timescale), mostPiece)
	return t.advance()
}

// hides says whether there are pictures in what is said to be sound.
func (l *List) hides(b []byte) bool { return !Flac(b) && l.shows.Hides(b) }

// leave says whether bytes that no sample names may be sound that the export has left out: after a joint,
// before any other sound, and no longer than the sound before the joint may have gone on.
func (l *List) leave() error {
	if l.joints == 0 || l.heard || l.spoken == 0 || l.seconds(l.video, l.shown) > l.spoken+mostOver {
		return unlisted("pictures or sound were left out")
	}
	return nil
}

// finish holds how the film ends, and what of it is shown.
func (l *List) finish() error {
	for _, t := range l.tracks {
		if t.next != nil {
			return unlisted("pictures or sound that the hub did not record")
		}
	}
	if l.video.end != l.due {
		return unlisted("the last segment is longer or shorter than the hub recorded it")
	}
	stop := l.reach - l.first
	if l.stop > 0 {
		stop = min(stop, l.stop)
	}
	p := &l.pieces[0]
	// Never more than the first segment, whatever the proof says of the range, nor, by begin, more than the last.
	head := max(min(max(min(l.asked.From, p.End)-p.Start, 0)*(scale/1000), stop-1), 0)
	stop = min(stop, slices.Max(l.tail[:min(l.count, len(l.tail))])-l.first)
	unit := float64(l.index.Timescale)
	if v := l.video; !v.Whole {
		from, until := v.From-l.first, float64(v.From-l.first)+float64(v.Length)*scale/unit
		if v.From == 0 && float64(v.Length)*scale/unit >= float64(v.end)-2*scale/unit {
			until += mostUnshown * scale // the web app shows a film for as long as it takes to decode it
		}
		if from > head || until < float64(stop)-2*scale/unit || float64(v.Delay) > mostApart*unit {
			return unlisted("pictures are hidden that belong to what was asked for")
		}
	}
	for _, t := range l.tracks {
		if t.Video || t.Whole {
			continue
		}
		own := float64(t.Timescale)
		begin, end := float64(t.From)/own, (float64(t.From)/own + float64(t.Length)/unit)
		last := float64(t.Delay+t.Length) / unit
		if begin > float64(head)/scale+mostApart || end < float64(t.end)/own-0.01 && last < l.over()-0.01 {
			return unlisted("sound is hidden that belongs to what was asked for")
		}
	}
	return nil
}

// over is when the film's pictures end, in seconds.
func (l *List) over() float64 {
	if v := l.video; !v.Whole {
		return float64(v.Delay+v.Length) / float64(l.index.Timescale)
	}
	return float64(l.video.end) / scale
}
