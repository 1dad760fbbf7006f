// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"

	amp4 "github.com/abema/go-mp4"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/pmp4"
)

// maxFragmented bounds a fragmented file, which is held in memory as a whole.
const maxFragmented = 512 << 20

// videoRate is the clock of H.264 over RTP.
const videoRate = 90000

// A picture is one access unit of the clip. Times are in units of 1/90000 s from the first picture shown.
type picture struct {
	pts, dts int64
	key      bool
	load     func() ([]byte, error) // AVCC
}

// A sound is one AAC access unit; pts is in samples from the first picture shown.
type sound struct {
	pts  int64
	load func() ([]byte, error)
}

// A Clip is what a feed loops: one H.264 track and perhaps one AAC track of a file.
type Clip struct {
	sps, pps []byte
	config   *mpeg4audio.AudioSpecificConfig
	pictures []picture // in decoding order
	sounds   []sound   // in order of time
	length   int64     // of one loop, in 1/90000 s
	file     io.Closer
}

// OpenClip reads the index of an MP4 file, plain or fragmented. Pictures and sound are read when they are sent.
func OpenClip(path string) (*Clip, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("camera: open clip: %w", err)
	}
	c := &Clip{file: f}
	if err := c.read(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("camera: read clip: %w", err)
	}
	return c, nil
}

// Close releases the file, which was only read.
func (c *Clip) Close() { c.file.Close() }

// HasAudio tells whether the clip has an AAC track.
func (c *Clip) HasAudio() bool { return c.config != nil }

func (c *Clip) read(f *os.File) error {
	fragmented, err := has(f, amp4.BoxPath{amp4.BoxTypeMoov(), amp4.BoxTypeMvex()})
	if err != nil {
		return err
	}
	if fragmented {
		err = c.readFragmented(f)
	} else {
		err = c.readPlain(f)
	}
	if err != nil {
		return err
	}
	if len(c.pictures) == 0 {
		return errors.New("no H.264 pictures in the file")
	}
	if !c.pictures[0].key {
		return errors.New("the file does not start with a key frame")
	}
	if c.length <= 0 {
		return errors.New("the file has no duration")
	}
	return nil
}

func has(r io.ReadSeeker, path amp4.BoxPath) (bool, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	boxes, err := amp4.ExtractBox(r, nil, path)
	if err != nil {
		return false, err
	}
	_, err = r.Seek(0, io.SeekStart)
	return len(boxes) > 0, err
}

func (c *Clip) readPlain(f *os.File) error {
	starts, err := editStarts(f)
	if err != nil {
		return err
	}
	var p pmp4.Presentation
	if err := p.Unmarshal(f); err != nil {
		return err
	}
	var video, audio *pmp4.Track
	for _, t := range p.Tracks {
		c.choose(t.Codec, func() { video = t }, func() { audio = t })
	}
	if video == nil {
		return errNoTrack
	}
	dts := -starts[video.ID]
	for _, s := range video.Samples {
		c.addPicture(dts, int64(s.PTSOffset), int64(video.TimeScale), !s.IsNonSyncSample, s.GetPayload)
		dts += int64(s.Duration)
	}
	c.finishVideo(dts, int64(video.TimeScale))
	if audio != nil {
		pts := -starts[audio.ID]
		for _, s := range audio.Samples {
			c.addSound(pts, int64(audio.TimeScale), s.GetPayload)
			pts += int64(s.Duration)
		}
	}
	return nil
}

func (c *Clip) readFragmented(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() > maxFragmented {
		return fmt.Errorf("a fragmented clip may have %d bytes, this has %d; give a plain MP4", maxFragmented, st.Size())
	}
	all, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	var init fmp4.Init
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := init.Unmarshal(f); err != nil {
		return err
	}
	var parts fmp4.Parts
	if err := parts.Unmarshal(all); err != nil {
		return err
	}
	var video, audio *fmp4.InitTrack
	for _, t := range init.Tracks {
		c.choose(t.Codec, func() { video = t }, func() { audio = t })
	}
	if video == nil {
		return errNoTrack
	}
	starts, err := editStarts(f)
	if err != nil {
		return err
	}
	var end int64
	for _, p := range parts {
		for _, t := range p.Tracks {
			at := int64(t.BaseTime) - starts[t.ID]
			for _, s := range t.Samples {
				payload := s.Payload
				load := func() ([]byte, error) { return payload, nil }
				switch {
				case t.ID == video.ID:
					c.addPicture(at, int64(s.PTSOffset), int64(video.TimeScale), isKey(payload), load)
					end = at + int64(s.Duration)
				case audio != nil && t.ID == audio.ID:
					c.addSound(at, int64(audio.TimeScale), load)
				}
				at += int64(s.Duration)
			}
		}
	}
	c.finishVideo(end, int64(video.TimeScale))
	return nil
}

var errNoTrack = errors.New("no H.264 track")

// choose takes the first track of each kind.
func (c *Clip) choose(codec codecs.Codec, video, audio func()) {
	switch codec := codec.(type) {
	case *codecs.H264:
		if c.sps == nil {
			c.sps, c.pps = codec.SPS, codec.PPS
			video()
		}
	case *codecs.MPEG4Audio:
		if c.config == nil {
			c.config = &codec.Config
			audio()
		}
	}
}

func (c *Clip) addPicture(dts, offset, scale int64, key bool, load func() ([]byte, error)) {
	c.pictures = append(c.pictures, picture{
		pts: (dts + offset) * videoRate / scale, dts: dts * videoRate / scale, key: key, load: load,
	})
}

// addSound leaves out what lies before the first picture: the encoder's priming, which an edit list hides.
func (c *Clip) addSound(pts, scale int64, load func() ([]byte, error)) {
	pts = pts * int64(c.config.SampleRate) / scale
	if pts < 0 {
		return
	}
	c.sounds = append(c.sounds, sound{pts: pts, load: load})
}

// finishVideo sets the length of the loop: from the first picture to the end of the last, in decoding time, which
// is the same as in time of showing because every picture is shown once.
func (c *Clip) finishVideo(end, scale int64) {
	if len(c.pictures) > 0 {
		c.length = end*videoRate/scale - c.pictures[0].dts
	}
}

// soundAt gives the access unit that begins nearest to pts, a time within the loop.
func (c *Clip) soundAt(pts int64) *sound {
	i := sort.Search(len(c.sounds), func(i int) bool { return c.sounds[i].pts >= pts })
	if i == len(c.sounds) || i > 0 && pts-c.sounds[i-1].pts < c.sounds[i].pts-pts {
		i--
	}
	return &c.sounds[i]
}

// isKey looks into a picture: fragments may say it in a flag for their first sample alone, which the library passes over.
func isKey(payload []byte) bool {
	var au h264.AVCC
	return au.Unmarshal(payload) == nil && h264.IsRandomAccess(au)
}

// nalus splits a picture and leaves out parameter sets, which the feed sends itself before each key frame.
func (p *picture) nalus() ([][]byte, error) {
	b, err := p.load()
	if err != nil {
		return nil, err
	}
	var au h264.AVCC
	if err := au.Unmarshal(b); err != nil {
		return nil, err
	}
	out := make([][]byte, 0, len(au)+2)
	for _, n := range au {
		if len(n) == 0 {
			continue
		}
		switch h264.NALUType(n[0] & 0x1f) {
		case h264.NALUTypeSPS, h264.NALUTypePPS, h264.NALUTypeAccessUnitDelimiter:
		default:
			out = append(out, n)
		}
	}
	return out, nil
}

// editStarts gives, by track, the media time at which the edit list starts to show it.
func editStarts(r io.ReadSeeker) (map[int]int64, error) {
	starts := map[int]int64{}
	traks, err := amp4.ExtractBox(r, nil, amp4.BoxPath{amp4.BoxTypeMoov(), amp4.BoxTypeTrak()})
	if err != nil {
		return nil, err
	}
	for _, trak := range traks {
		boxes, err := amp4.ExtractBoxesWithPayload(r, trak, []amp4.BoxPath{
			{amp4.BoxTypeTkhd()}, {amp4.BoxTypeEdts(), amp4.BoxTypeElst()},
		})
		if err != nil {
			return nil, err
		}
		id, start := 0, int64(0)
		for _, b := range boxes {
			switch p := b.Payload.(type) {
			case *amp4.Tkhd:
				id = int(p.TrackID)
			case *amp4.Elst:
				for i := range p.Entries {
					if m := p.GetMediaTime(i); m >= 0 {
						start = m
						break
					}
				}
			}
		}
		starts[id] = start
	}
	_, err = r.Seek(0, io.SeekStart)
	return starts, err
}
