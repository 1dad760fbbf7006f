// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
)

// scale is the movie's timescale and that of the video.
const scale = 90000

// A Piece is one opened segment on its way into an export.
type Piece struct {
	Data []byte
	// Session, Start and End are the manifest's.
	Session    int64
	Start, End int64
}

// Options of an export.
type Options struct {
	// From and Until, arrival times in milliseconds since 1970 UTC, narrow what is shown; 0 for all there is. The file
	// still holds its first and last segment whole, so that it can be checked, and hides the rest by an edit list.
	From, Until int64
}

// Result says what an export holds.
type Result struct {
	// Shown is the length in microseconds.
	Shown    int64
	Segments int
	// Joints is how often the recording was interrupted between two segments. Interruptions are closed up.
	Joints int
}

// Export joins segments, given by next in their order until io.EOF, into one MP4 file.
func Export(w io.WriteSeeker, next func() (Piece, error), o Options) (Result, error) {
	e := exporter{w: w}
	if err := e.begin(); err != nil {
		return Result{}, err
	}
	for {
		p, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Result{}, err
		}
		if err := e.add(p, o); err != nil {
			return Result{}, err
		}
	}
	if e.video == nil {
		return Result{}, errors.New("media: export: there is no segment in this range")
	}
	return e.finish()
}

type exporter struct {
	w       io.WriteSeeker
	pos     int64 // in the file
	mdat    int64 // where the mdat box begins
	session int64
	segs    int
	joints  int

	video, audio *output
	shift        int64 // what to add to the session's video time to get the export's
	expect       int64 // decoding time, in the session, at which the next segment goes on
	shownEnd     int64 // of the video, in export time
	head         int64 // hidden at the start, in 1/90000 s
	stop         int64 // export time at which showing stops; 0 for the end
}

func (e *exporter) write(b []byte) error {
	n, err := e.w.Write(b)
	e.pos += int64(n)
	if err != nil {
		return fmt.Errorf("media: export: %w", err)
	}
	return nil
}

func (e *exporter) begin() error {
	ftyp := []byte("\x00\x00\x00\x1cftypisom\x00\x00\x02\x00isomiso2mp41")
	if err := e.write(ftyp); err != nil {
		return err
	}
	e.mdat = e.pos
	// The length is put in at the end.
	return e.write([]byte("\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x00"))
}

func (e *exporter) add(p Piece, o Options) error {
	s, err := Parse(p.Data)
	if err != nil {
		return err
	}
	v := s.Video()
	if v.Timescale != scale {
		return malformed("the video's timescale is not 90000")
	}
	first, last := v.Samples[0], v.Samples[len(v.Samples)-1]
	switch {
	case e.video == nil:
		e.video = &output{video: true, timescale: scale, width: v.Width, height: v.Height}
		e.shift = -first.PTS()
		if o.From > p.Start {
			e.head = (o.From - p.Start) * (scale / 1000)
		}
	case p.Session != e.session || first.DTS != e.expect:
		e.joints++
		// The first picture follows on the last one shown, and on the last one decoded.
		at := max(e.shownEnd, e.video.end()+int64(first.Offset))
		e.shift = at - first.PTS()
	}
	e.session, e.expect = p.Session, last.DTS+int64(last.Duration)
	e.segs++
	if o.Until > 0 && o.Until < p.End {
		e.stop = first.PTS() + e.shift + max(o.Until-p.Start, 0)*(scale/1000)
	}

	place := make([]int64, len(s.content)) // of each payload in the new file
	for i, c := range s.content {
		place[i] = e.pos
		if err := e.write(p.Data[c[0]:c[1]]); err != nil {
			return err
		}
	}
	where := func(pos int) int64 {
		i := sort.Search(len(s.content), func(i int) bool { return s.content[i][1] > pos })
		return place[i] + int64(pos-s.content[i][0])
	}
	for i := range s.Tracks {
		t := &s.Tracks[i]
		if t.Video {
			e.video.addVideo(t, e.shift, where)
			for j := range t.Samples {
				q := &t.Samples[j]
				e.shownEnd = max(e.shownEnd, q.PTS()+int64(q.Duration)+e.shift)
			}
			continue
		}
		if len(t.Samples) == 0 {
			continue
		}
		if e.audio == nil {
			e.audio = &output{timescale: int64(t.Timescale)}
		}
		e.audio.addAudio(t, e.shift, where)
	}
	return nil
}

// An output is a track of the export. Its times are the export's: the first picture is shown at 0.
type output struct {
	video         bool
	timescale     int64
	width, height int
	entries       [][]byte
	units         []unit
}

type unit struct {
	dts      int64
	offset   int32
	duration uint32
	size     uint32
	pos      int64
	entry    uint32
	sync     bool
}

// end is the decoding time after the last unit.
func (t *output) end() int64 {
	if len(t.units) == 0 {
		return 0
	}
	u := &t.units[len(t.units)-1]
	return u.dts + int64(u.duration)
}

// entry numbers a codec description, from 1.
func (t *output) entry(b []byte) uint32 {
	for i, e := range t.entries {
		if bytes.Equal(e, b) {
			return uint32(i + 1)
		}
	}
	t.entries = append(t.entries, bytes.Clone(b))
	return uint32(len(t.entries))
}

func (t *output) addVideo(s *Track, shift int64, where func(int) int64) {
	entry := t.entry(s.entry)
	for _, p := range s.Samples {
		t.units = append(t.units, unit{
			p.DTS + shift, p.Offset, p.Duration, uint32(p.Size), where(p.Pos), entry, p.Sync,
		})
	}
}

// addAudio places sound at its distance from the picture. Sound that would lie on sound that is there already, at a
// joint, is left out.
func (t *output) addAudio(s *Track, shift int64, where func(int) int64) {
	entry := t.entry(s.entry)
	rate := int64(s.Timescale)
	for _, p := range s.Samples {
		at := p.DTS + mulDiv(shift, rate, scale)
		duration := int64(p.Duration)
		if rate != t.timescale {
			at, duration = mulDiv(at, t.timescale, rate), mulDiv(duration, t.timescale, rate)
		}
		if len(t.units) > 0 && at < t.end()-duration/2 {
			continue
		}
		if n := len(t.units); n > 0 && at <= t.units[n-1].dts {
			continue
		}
		t.units = append(t.units, unit{at, 0, uint32(duration), uint32(p.Size), where(p.Pos), entry, true})
	}
}

// mulDiv is v*m/d, rounded down, without overflow for times of a recording.
func mulDiv(v, m, d int64) int64 {
	q, r := v/d, v%d
	if r < 0 {
		q, r = q-1, r+d
	}
	return q*m + r*m/d
}

func (e *exporter) finish() (Result, error) {
	var size [8]byte
	end := e.pos
	binary.BigEndian.PutUint64(size[:], uint64(end-e.mdat))
	if _, err := e.w.Seek(e.mdat+8, io.SeekStart); err != nil {
		return Result{}, fmt.Errorf("media: export: %w", err)
	}
	if err := e.write(size[:]); err != nil {
		return Result{}, err
	}
	if _, err := e.w.Seek(end, io.SeekStart); err != nil {
		return Result{}, fmt.Errorf("media: export: %w", err)
	}
	stop := e.shownEnd
	if e.stop > 0 {
		stop = min(stop, e.stop)
	}
	head := max(min(e.head, stop-1), 0)
	shown := stop - head
	m := &boxWriter{}
	m.movie(e.video, e.audio, head, shown)
	if err := e.write(m.b); err != nil {
		return Result{}, err
	}
	return Result{Shown: mulDiv(shown, 1_000_000, scale), Segments: e.segs, Joints: e.joints}, nil
}
