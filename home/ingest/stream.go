// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

const (
	// learning is how long a child may take to find out what a camera sends.
	learning = 10 * time.Second
	// opening is how long a child may take to the first picture.
	opening = 10 * time.Second
	// stale is after how many connections in a row that brought nothing it is asked again what the camera sends.
	stale = 3
	// maxLearned bounds what a child tells of a stream.
	maxLearned = 64 << 10
)

// A nature is what a stream was found to be.
type nature struct {
	picture, sound string // as ffmpeg calls the codecs; sound "" for none
	narrow         bool   // of one or two channels
	list           bool   // films one after another, each at once
	odd            bool   // by RTSP
	untimed        bool   // pictures that say nothing of when they were taken
}

// byChild runs one child until it ends.
func (s *Source) byChild(ctx context.Context) error {
	if s.nature == nil {
		n, err := s.learn(ctx)
		if err != nil {
			return err
		}
		s.nature = &n
	}
	before := s.lastID
	err := s.stream(ctx, *s.nature)
	if s.fruitless++; s.lastID != before {
		s.fruitless = 0
	}
	if s.fruitless == stale {
		s.nature, s.fruitless = nil, 0 // perhaps it sends something else by now
	}
	return err
}

// learn asks a child what the camera sends. It is asked once: another time it costs a connection.
func (s *Source) learn(ctx context.Context) (nature, error) {
	ctx, cancel := context.WithTimeout(ctx, learning)
	defer cancel()
	c, err := s.spawn(ctx, false, "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", "-max_interleave_delta", "100000", "-f", "framecrc", "pipe:1")
	if err != nil {
		return nature{}, err
	}
	n, err := readNature(c.out)
	if c.gate != nil {
		n.list, n.odd = c.gate.Said().List, s.at.way == wayOdd
		n.untimed = s.at.way == wayHTTP && n.picture == "mjpeg" && n.sound == ""
	}
	c.end()
	if err != nil {
		return nature{}, errors.Join(s.why(c), fmt.Errorf("learn: %w", err))
	}
	return n, nil
}

// why says what came in between.
func (s *Source) why(c *child) error {
	if err := c.why(); err != nil {
		return err
	}
	if s.at.way == wayOdd && strings.Contains(c.said.String(), "401 Unauthorized") {
		return errRefused
	}
	return nil
}

// readNature reads the head of what ffmpeg writes as framecrc: lines such as "#codec_id 0: h264".
func readNature(r io.Reader) (nature, error) {
	var n nature
	lines := bufio.NewScanner(io.LimitReader(r, maxLearned))
	for lines.Scan() {
		line, ok := strings.CutPrefix(lines.Text(), "#")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "codec_id 0":
			n.picture = strings.TrimSpace(value)
		case "codec_id 1":
			n.sound = strings.TrimSpace(value)
		case "channel_layout_name 1":
			n.narrow = slices.Contains([]string{"mono", "stereo"}, strings.TrimSpace(value))
		}
	}
	if n.picture == "" {
		return n, errors.New("no picture was found")
	}
	return n, nil
}

// copied says whether the picture is taken as it is.
func (n nature) copied() bool { return n.picture == "h264" || n.picture == "hevc" }

// output is what the child makes of the stream: copies where they can be kept, else H.264 with a key frame every two
// seconds, and Opus. All of it has one clock.
func (n nature) output() []string {
	args := []string{"-map", "0:v:0"}
	if n.copied() {
		args = append(args, "-c:v", "copy")
		if n.odd {
			// ffmpeg cannot tell when pictures of RTSP are decoded, nor when the first is shown, and fails over it. We
			// tell the one by ourselves, and the other is a little before the next.
			args = append(args, "-bsf:v", `setts=pts=if(N\,PTS\,NEXT_PTS-1/TB/30):dts=if(N\,max(PREV_OUTDTS+1\,PTS-1/TB)\,NEXT_PTS-2/TB)`)
		}
	} else {
		filter := "scale=trunc(iw/2)*2:trunc(ih/2)*2"
		if n.untimed {
			filter = "settb=1/90000,setpts=(RTCTIME-RTCSTART)/(TB*1000000)," + filter // they are given those at which they came
		}
		args = append(args, "-vf", filter, "-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-profile:v", "main", "-pix_fmt", "yuv420p", "-crf", "24",
			"-maxrate", "8M", "-bufsize", "8M", "-sc_threshold", "0", "-fps_mode", "passthrough", "-enc_time_base", "1:90000",
			"-force_key_frames", "expr:gte(t,n_forced*2)", "-threads", "2")
	}
	switch {
	case n.sound == "":
		args = append(args, "-an")
	case n.sound == "aac", n.sound == "opus" && n.narrow:
		args = append(args, "-map", "0:a:0?", "-c:a", "copy")
	default:
		args = append(args, "-map", "0:a:0?", "-af", "aresample=async=1", "-c:a", "libopus", "-ac", "2", "-b:a", "64k", "-application", "lowdelay")
	}
	return append(args, "-max_interleave_delta", "100000", "-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0",
		"-pes_payload_size", "0", "-omit_video_pes_length", "0", "-flush_packets", "1", "pipe:1")
}

// stream takes what a child makes of the camera's stream until that ends or no picture comes any more.
func (s *Source) stream(ctx context.Context, n nature) error {
	c, err := s.spawn(ctx, n.list || s.at.way == wayFile, n.output()...)
	if err != nil {
		return err
	}
	began := s.cfg.Now()
	s.alive.Store(0)
	type result struct {
		asm *Assembler
		err error
	}
	done := make(chan result, 1)
	go func() {
		asm, err := s.unpackChild(c.out)
		done <- result{asm, err}
	}()
	var got result
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	stalled := false
	for over := false; !over; {
		select {
		case got = <-done:
			over = true
		case <-ctx.Done():
			c.cancel() // which ends its output
			got, over = <-done, true
		case <-s.soon: // nothing is held back here
		case <-tick.C:
			since, most := began, opening
			if at := s.alive.Load(); at != 0 {
				since, most = time.Unix(0, at), s.cfg.Stall
			}
			if s.cfg.Now().Sub(since) > most {
				stalled = true
				c.cancel()
				got, over = <-done, true
			}
		}
	}
	c.end()
	why := ReasonCamera
	if ctx.Err() != nil {
		why = ReasonStopped
	}
	if got.asm != nil {
		got.asm.End(why)
		s.lastID = got.asm.lastID
	}
	if stalled {
		return errStalled
	}
	return errors.Join(s.why(c), got.err)
}
