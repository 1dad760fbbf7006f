// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"keyhold/home/confine"
)

const (
	// aacMemory bounds the child that makes AAC.
	aacMemory = 1 << 30
	// aacFrame is how many samples one piece of AAC has.
	aacFrame = 1024
	// adtsHead is how long the head of such a piece is, as the child gives it; mostADTS how long it can be with that.
	adtsHead = 7
	mostADTS = 1<<13 - 1
	// aacWait is how long the child may take to take a piece: it has room for seconds.
	aacWait = 200 * time.Millisecond
	// aacPause is the longest silence that it is told of, in samples: what follows a longer one comes sooner, and nobody
	// hears that.
	aacPause = SpeechRate
	quiet    = 0xff // nothing, in µ-law
	// aacWarm is how many pieces of silence the child makes before somebody talks, and aacBegin how long that may take: what
	// waited for it to begin would all come at once, and a camera throws that away.
	aacWarm  = 4
	aacBegin = 4 * time.Second
	// aacAhead is by how much a piece may leave before its time: not all at once that waited for a busy hub. aacLate is how
	// late one may be, from when it was said, before it is left out; the first aacKept samples, a chime, are not.
	aacAhead = 100 * time.Millisecond
	aacLate  = 500 * time.Millisecond
	aacKept  = SpeechRate / 2
)

// aac says whether a camera's speaker takes AAC that a child of ours makes.
func aac(f format.Format) bool {
	a, ok := f.(*format.MPEG4Audio)
	return ok && a.Config != nil && a.Config.Type == mpeg4audio.ObjectTypeAACLC && a.SizeLength == 13 &&
		a.Config.SampleRate >= 8000 && a.Config.SampleRate <= 48_000 && (a.Config.ChannelConfig == 1 || a.Config.ChannelConfig == 2)
}

// encoder makes AAC of what is said, by a child that runs while somebody talks.
type encoder struct {
	in    *os.File
	run   *exec.Cmd
	pack  *rtpmpeg4audio.Encoder
	send  func(*encoder, []byte, uint32) error
	work  context.Context
	stop  context.CancelFunc
	rate  int
	warm  int           // how many samples of the camera's rate it is given before somebody talks
	ready chan struct{} // closed once the child makes something
	done  chan struct{}

	// sent counts what has left in the camera's samples, from first on; owned by read.
	first time.Time
	sent  int64

	mu    sync.Mutex
	given int64  // samples that the child was given since somebody began to talk; guarded by mu
	marks []mark // of what it has, in its order: as many as there are pieces in the two minutes of a call; guarded by mu
	next  uint32 // where what was said last ended; guarded by mu
}

// mark says when the child was given its samples up to one.
type mark struct {
	until int64
	at    time.Time
}

// encode starts the child, which ends with what it reads, and waits until it works. It gives each piece of AAC with its
// place in the samples of the camera's rate.
func encode(ctx context.Context, program string, f *format.MPEG4Audio, send func(*encoder, []byte, uint32) error) (*encoder, error) {
	pack, err := f.CreateEncoder()
	if err != nil {
		return nil, fmt.Errorf("ingest: speaker: %w", err)
	}
	in, out, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("ingest: speaker: %w", err)
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // until it is closed
	e := &encoder{in: out, pack: pack, send: send, work: work, stop: stop, rate: f.Config.SampleRate, ready: make(chan struct{}), done: make(chan struct{})}
	e.run = exec.CommandContext(work, program, "-nostdin", "-v", "error", "-threads", "1", "-probesize", "32", "-analyzeduration", "0", "-fflags", "nobuffer",
		"-protocol_whitelist", "pipe", "-f", "mulaw", "-ar", strconv.Itoa(SpeechRate), "-ac", "1", "-i", "pipe:0",
		"-c:a", "aac", "-b:a", "32k", "-ar", strconv.Itoa(f.Config.SampleRate), "-ac", strconv.Itoa(int(f.Config.ChannelConfig)),
		"-f", "adts", "-flush_packets", "1", "pipe:1")
	e.run.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	e.run.Stdin, e.run.WaitDelay = in, time.Second
	made, err := e.run.StdoutPipe()
	if err == nil {
		err = e.run.Start()
	}
	_ = in.Close()
	if err == nil {
		// The limits are in force before the child is given anything. Somebody waits for what it makes.
		if err = confine.Child(e.run.Process.Pid, confine.Limits{Memory: aacMemory, Asked: true}); err != nil {
			stop()
			_ = e.run.Wait() // it was killed
		}
	}
	if err != nil {
		stop()
		_ = out.Close()
		return nil, fmt.Errorf("ingest: speaker: %w", err)
	}
	silence := (aacWarm*aacFrame*SpeechRate + f.Config.SampleRate - 1) / f.Config.SampleRate
	e.warm = silence * f.Config.SampleRate / SpeechRate
	go e.read(made)
	if err := e.begin(ctx, silence); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// begin has the child make silence, and waits for it.
func (e *encoder) begin(ctx context.Context, silence int) error {
	if _, err := e.in.Write(bytes.Repeat([]byte{quiet}, silence)); err != nil { // a pipe has room for it
		return fmt.Errorf("ingest: speaker: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, aacBegin)
	defer cancel()
	select {
	case <-e.ready:
		return nil
	case <-e.done:
		return errors.New("ingest: speaker: the program that makes AAC has ended")
	case <-ctx.Done():
		return fmt.Errorf("ingest: speaker: the program that makes AAC does not begin: %w", ctx.Err())
	}
}

// read hands on what the child makes.
func (e *encoder) read(made io.Reader) {
	defer close(e.done)
	begin := sync.OnceFunc(func() { close(e.ready) })
	// The first piece is of nothing at all, and each is understood by the one before: so silence goes before what is said.
	for place := -aacFrame - e.warm; ; place += aacFrame {
		frame, err := adts(made)
		if err == nil {
			begin()
		}
		if err == nil && place > -2*aacFrame && !e.late(place) {
			err = e.send(e, frame, e.pace())
		}
		if err != nil {
			e.stop()
			_ = e.run.Wait() // it was killed, or has ended
			return
		}
	}
}

// late says whether a piece comes so late, since it was said, that nobody wants to hear it.
func (e *encoder) late(place int) bool {
	into := int64(place) * SpeechRate / int64(e.rate)
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.marks) > 1 && e.marks[0].until <= into {
		e.marks = e.marks[1:]
	}
	return into > aacKept && len(e.marks) > 0 && time.Since(e.marks[0].at) > aacLate
}

// pace waits until the next piece may leave, and gives its place: where the hub had no time for it, that is now.
func (e *encoder) pace() uint32 {
	if e.first.IsZero() {
		e.first = time.Now()
	}
	at := func() int64 { return int64(time.Since(e.first) * time.Duration(e.rate) / time.Second) }
	e.sent = max(e.sent, at()-aacFrame)
	ahead := time.Duration(e.sent-at()) * time.Second / time.Duration(e.rate)
	if ahead > aacAhead {
		t := time.NewTimer(ahead - aacAhead)
		defer t.Stop()
		select {
		case <-t.C:
		case <-e.work.Done():
		}
	}
	e.sent += aacFrame
	return uint32(e.sent - aacFrame)
}

// adts reads one piece of AAC.
func adts(from io.Reader) ([]byte, error) {
	b := make([]byte, adtsHead, mostADTS)
	if _, err := io.ReadFull(from, b); err != nil {
		return nil, err
	}
	long := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
	if long < adtsHead {
		return nil, errors.New("ingest: speaker: a piece of AAC that is none")
	}
	b = b[:long]
	if _, err := io.ReadFull(from, b[adtsHead:]); err != nil {
		return nil, err
	}
	var p mpeg4audio.ADTSPackets
	if err := p.Unmarshal(b); err != nil || len(p) != 1 {
		return nil, errors.New("ingest: speaker: a piece of AAC that is none")
	}
	return p[0].AU, nil
}

// write gives the child a piece of µ-law, and the silence before it. It does not wait for it: what it cannot take is lost.
func (e *encoder) write(speech []byte, at uint32) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	gap := int32(at - e.next)
	e.next = at + uint32(len(speech))
	if gap > 0 {
		speech = append(bytes.Repeat([]byte{quiet}, int(min(gap, aacPause))), speech...)
	}
	_ = e.in.SetWriteDeadline(time.Now().Add(aacWait))
	n, err := e.in.Write(speech)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("ingest: speak: %w", err)
	}
	e.given += int64(n)
	e.marks = append(e.marks, mark{e.given, time.Now()})
	return nil
}

// close ends the child, and waits for it.
func (e *encoder) close() {
	e.stop()
	_ = e.in.Close()
	<-e.done
}
