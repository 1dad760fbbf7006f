// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"keyhold/home/confine"
	"keyhold/home/ingest"
	"keyhold/statement/id"
)

const (
	opusRate = 48_000
	// opusPacket is the length of one packet of sound, in samples: 20 ms.
	opusPacket = opusRate / 50
	// soundMemory bounds the child that reads a camera's sound.
	soundMemory = 1 << 30
	// soundPause is how long after it failed a child is started again.
	soundPause = time.Second
)

// A sound is what one view hears.
type sound struct {
	*output
	of *voice // nil: nothing; owned by the view's talk

	// stamp and at are owned by the voice that is heard, and by nobody in between.
	stamp uint32
	at    time.Time
}

func newSound(v *View) *sound {
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	return &sound{output: &output{id: "sound", want: opusCodec()}, stamp: binary.BigEndian.Uint32(b[:]), at: v.engine.now()}
}

// hear changes whose sound leaves; "" is nobody's. It belongs to talk.
func (v *View) hear(c id.Camera) {
	s := v.sound
	if s == nil || s.of == nil && c == "" || s.of != nil && s.of.camera == c {
		return
	}
	if s.of != nil {
		v.engine.hush(s.of, s)
		s.of = nil
	}
	if c != "" {
		s.of = v.engine.listen(c, s)
	}
}

// A voice is one camera's sound, as Opus, for all who hear it. It runs while somebody does.
type voice struct {
	camera id.Camera
	stop   context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex
	ears map[*sound]bool // guarded by mu
}

// listen lets a view hear a camera.
func (e *Engine) listen(c id.Camera, s *sound) *voice {
	e.mu.Lock()
	defer e.mu.Unlock()
	v := e.voices[c]
	if v == nil {
		v = &voice{camera: c, done: make(chan struct{}), ears: map[*sound]bool{}}
		var ctx context.Context
		ctx, v.stop = context.WithCancel(e.work)
		e.voices[c] = v
		go v.run(ctx, e) // waited for by hush
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ears[s] = true
	return v
}

// hush ends that; no packet of sound leaves to this view after it has returned.
func (e *Engine) hush(v *voice, s *sound) {
	e.mu.Lock()
	v.mu.Lock()
	delete(v.ears, s)
	last := len(v.ears) == 0
	v.mu.Unlock()
	if last {
		delete(e.voices, v.camera)
	}
	e.mu.Unlock()
	if last {
		v.stop()
		<-v.done
	}
}

func (v *voice) run(ctx context.Context, e *Engine) {
	defer close(v.done)
	for ctx.Err() == nil {
		if s, ok := e.c.Find(v.camera); ok {
			if err := v.follow(ctx, e, s); err != nil && ctx.Err() == nil {
				e.c.Log.Warn("a camera's sound cannot be turned into Opus", "camera", string(v.camera), "error", err)
			}
		}
		t := time.NewTimer(soundPause)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// follow turns one session's sound into Opus. It returns when the session or the source ends.
func (v *voice) follow(ctx context.Context, e *Engine, s Stream) error {
	defer s.Live()()
	sub, _ := s.Watch(feedQueue)
	defer sub.Close()
	first := next(ctx, sub, nil)
	if first == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := exec.CommandContext(ctx, e.c.FFmpeg, "-nostdin", "-v", "error", "-threads", "1", "-probesize", "32", "-analyzeduration", "0",
		"-fflags", "nobuffer", "-flags", "low_delay", "-protocol_whitelist", "pipe", "-f", "aac", "-i", "pipe:0",
		"-c:a", "libopus", "-b:a", "48k", "-application", "lowdelay", "-frame_duration", "20", "-ar", "48000", "-ac", "2",
		"-f", "ogg", "-page_duration", "20000", "-flush_packets", "1", "pipe:1")
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	c.WaitDelay = time.Second
	in, err := c.StdinPipe()
	if err != nil {
		return fmt.Errorf("live: sound: %w", err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return fmt.Errorf("live: sound: %w", err)
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("live: sound: %w", err)
	}
	// The limits are in force before the child gets the first byte of a camera.
	err = confine.Child(c.Process.Pid, confine.Limits{Memory: soundMemory})
	var heard error // of the goroutine that reads, until done
	done := make(chan struct{})
	go func() {
		defer close(done)
		heard = v.speak(out, e.now)
		cancel()
	}()
	if err == nil {
		err = pour(ctx, sub, first, in)
	}
	_ = in.Close()
	cancel()
	<-done
	_ = c.Wait() // it was killed
	return errors.Join(err, heard)
}

// pour gives the child one session's sound.
func pour(ctx context.Context, sub *ingest.Subscription, f *ingest.Frame, in io.Writer) error {
	session := f.Session
	for ; f != nil && f.Session == session; f = next(ctx, sub, session) {
		a := session.Audio
		for _, u := range f.Units {
			p := mpeg4audio.ADTSPackets{{Type: a.Type, SampleRate: a.SampleRate, ChannelConfig: a.ChannelConfig, AU: u}}
			b, err := p.Marshal()
			if err != nil {
				return fmt.Errorf("live: sound: %w", err)
			}
			if _, err := in.Write(b); err != nil {
				return fmt.Errorf("live: sound: %w", err)
			}
		}
	}
	return nil
}

// next waits for the next piece of sound; nil where the session, the source or the context ends.
func next(ctx context.Context, sub *ingest.Subscription, session *ingest.Session) *ingest.Frame {
	for {
		select {
		case <-ctx.Done():
			return nil
		case f, ok := <-sub.C():
			switch {
			case !ok || f == nil && session != nil:
				return nil
			case f != nil && f.Kind == ingest.Audio:
				return f
			}
		}
	}
}

// speak hands on what the child makes.
func (v *voice) speak(out io.Reader, now func() time.Time) error {
	r, _, err := oggreader.NewWith(out)
	if err != nil {
		return fmt.Errorf("live: sound: %w", err)
	}
	for {
		b, h, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("live: sound: %w", err)
		}
		if _, head := h.HeaderType(b); !head {
			v.say(b, now())
		}
	}
}

// say sends one packet to all who hear it.
func (v *voice) say(b []byte, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for s := range v.ears {
		// After silence the time stamp has gone on as the clock has.
		if passed := now.Sub(s.at); passed > 5*opusPacket*time.Second/opusRate {
			s.stamp += uint32(passed * opusRate / time.Second)
		} else {
			s.stamp += opusPacket
		}
		s.at = now
		s.write(b, s.stamp, false)
	}
}
