// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"
)

const (
	// aacRate is that of a speaker that understands AAC alone, aacFrame how many samples a piece has.
	aacRate  = 16_000
	aacFrame = 1024
	// frameHeard is how many of the file's samples that is.
	frameHeard = aacFrame * speakerRate / aacRate
)

func aacFormat() *format.MPEG4Audio {
	return &format.MPEG4Audio{
		PayloadTyp: 97, Config: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: aacRate, ChannelConfig: 1},
		SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3,
	}
}

// ear understands AAC, by a child that is there while somebody has the speaker.
type ear struct {
	s      *speaker
	unpack *rtpmpeg4audio.Decoder
	run    *exec.Cmd
	in     io.WriteCloser
	done   chan struct{}

	mu     sync.Mutex
	places []int // of the pieces that the child has, in the file; guarded by mu
}

func (s *speaker) newEar() (*ear, error) {
	unpack, err := aacFormat().CreateDecoder()
	if err != nil {
		return nil, fmt.Errorf("camera: speaker: %w", err)
	}
	e := &ear{s: s, unpack: unpack, done: make(chan struct{})}
	e.run = exec.CommandContext(context.Background(), "ffmpeg", "-nostdin", "-v", "error", "-probesize", "32", "-analyzeduration", "0", "-flags", "low_delay",
		"-f", "aac", "-i", "pipe:0", "-f", "s16le", "-ar", strconv.Itoa(speakerRate), "-ac", "1", "-flush_packets", "1", "pipe:1") // it ends with its input
	if e.in, err = e.run.StdinPipe(); err != nil {
		return nil, fmt.Errorf("camera: speaker: %w", err)
	}
	heard, err := e.run.StdoutPipe()
	if err == nil {
		err = e.run.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("camera: speaker: %w", err)
	}
	go e.write(heard)
	return e, nil
}

// hear takes a packet whose first piece has its place in the file there.
func (e *ear) hear(p *rtp.Packet, at int) error {
	list, err := e.unpack.Decode(p)
	if errors.Is(err, rtpmpeg4audio.ErrMorePacketsNeeded) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("camera: speaker: %w", err)
	}
	for i, au := range list {
		b, err := mpeg4audio.ADTSPackets{{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: aacRate, ChannelConfig: 1, AU: au}}.Marshal()
		if err != nil {
			return fmt.Errorf("camera: speaker: %w", err)
		}
		e.mu.Lock()
		e.places = append(e.places, at+i*frameHeard)
		e.mu.Unlock()
		if _, err := e.in.Write(b); err != nil {
			return fmt.Errorf("camera: speaker: %w", err)
		}
	}
	return nil
}

// write puts what the child understands where it belongs in the file.
func (e *ear) write(heard io.Reader) {
	defer close(e.done)
	b := make([]byte, 2*frameHeard)
	for n := 0; ; n++ {
		got, err := io.ReadFull(heard, b)
		e.mu.Lock()
		at := e.places[min(n, len(e.places)-1)] + max(0, n-len(e.places)+1)*frameHeard
		e.mu.Unlock()
		if got > 0 && e.s.put(b[:got], at) != nil || err != nil {
			return
		}
	}
}

// close ends it, and waits until all of it is in the file.
func (e *ear) close() {
	_ = e.in.Close()
	<-e.done
	_ = e.run.Wait() // what it could not read nobody hears
}
