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
	"strconv"
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"keyhold/home/confine"
	"keyhold/home/ingest"
	"keyhold/statement/id"
)

const (
	opusRate = 48_000
	// lull is how long nothing came, in samples, before that is taken for silence: more than the longest packet.
	lull = opusRate / 5
	// soundMemory bounds the child that reads a camera's sound.
	soundMemory = 1 << 30
	// soundPause is how long after it failed a child is started again.
	soundPause = time.Second
)

// A sound is what one view hears.
type sound struct {
	*output
	of *voice // nil: nothing; owned by the view's talk

	// next and at are owned by the voice that is heard, and by nobody in between.
	next uint32    // the time stamp of what comes next
	at   time.Time // when the last packet left
}

func newSound(v *View) *sound {
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	return &sound{output: &output{id: "sound", want: opusCodec()}, next: binary.BigEndian.Uint32(b[:]), at: v.engine.now()}
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

// follow hands on one session's sound, as it is or turned into Opus. It returns when the session or the source ends.
func (v *voice) follow(ctx context.Context, e *Engine, s Stream) error {
	defer s.Live()()
	sub, _ := s.Watch(feedQueue)
	defer sub.Close()
	first := next(ctx, sub, nil)
	if first == nil {
		return nil
	}
	if first.Session.Audio.Codec == ingest.Opus {
		v.pass(ctx, e, sub, first)
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	args := []string{
		"-nostdin", "-v", "error", "-threads", "1", "-probesize", "32", "-analyzeduration", "0",
		"-fflags", "nobuffer", "-flags", "low_delay", "-protocol_whitelist", "pipe",
	}
	args = append(args, input(first.Session.Audio)...)
	args = append(args, "-i", "pipe:0", "-c:a", "libopus", "-b:a", "48k", "-application", "lowdelay", "-frame_duration", "20", "-ar", "48000", "-ac", "2",
		"-f", "ogg", "-page_duration", "20000", "-flush_packets", "1", "pipe:1")
	c := exec.CommandContext(ctx, e.c.FFmpeg, args...)
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

// input tells the child what it is given.
func input(s *ingest.Sound) []string {
	switch s.Codec {
	case ingest.PCMA:
		return []string{"-f", "alaw", "-ar", strconv.Itoa(s.Rate), "-ac", strconv.Itoa(s.Channels)}
	case ingest.PCMU:
		return []string{"-f", "mulaw", "-ar", strconv.Itoa(s.Rate), "-ac", strconv.Itoa(s.Channels)}
	default:
		return []string{"-f", "aac"}
	}
}

// pass hands on sound that is Opus already.
func (v *voice) pass(ctx context.Context, e *Engine, sub *ingest.Subscription, f *ingest.Frame) {
	session := f.Session
	for ; f != nil && f.Session == session; f = next(ctx, sub, session) {
		for _, u := range f.Units {
			v.say(u, e.now())
		}
	}
}

// pour gives the child one session's sound.
func pour(ctx context.Context, sub *ingest.Subscription, f *ingest.Frame, in io.Writer) error {
	session := f.Session
	for ; f != nil && f.Session == session; f = next(ctx, sub, session) {
		for _, u := range f.Units {
			if a := session.Audio.AAC; a != nil {
				p := mpeg4audio.ADTSPackets{{Type: a.Type, SampleRate: a.SampleRate, ChannelConfig: a.ChannelConfig, AU: u}}
				var err error
				if u, err = p.Marshal(); err != nil {
					return fmt.Errorf("live: sound: %w", err)
				}
			}
			if _, err := in.Write(u); err != nil {
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

// say sends one packet to all who hear it. Its time stamp is where the one before it ended.
func (v *voice) say(b []byte, now time.Time) {
	long := opus.PacketDuration2(b)
	v.mu.Lock()
	defer v.mu.Unlock()
	for s := range v.ears {
		// After silence the time stamp has gone on as the clock has.
		if passed := int64(now.Sub(s.at) * opusRate / time.Second); passed > lull {
			s.next += uint32(passed)
		}
		s.write(b, s.next, false, false)
		s.next, s.at = s.next+uint32(long), now
	}
}
