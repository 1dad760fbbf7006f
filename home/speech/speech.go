// SPDX-License-Identifier: Apache-2.0

// Package speech lets the hub speak a short text, for quick replies.
//
// A program does it (espeak-ng), as a child that reads the text from its standard input and has little memory and time: a
// text is never a word of its command line. The package keeps nothing, and logs nothing of what is said.
package speech

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"

	"keyhold/home/confine"
	"keyhold/home/ingest"
	"keyhold/statement/quickreply"
)

const (
	// longest bounds what is spoken: 120 letters, spelt one by one, take most of it.
	longest = 45 * time.Second
	// childTime, childCPU and childMemory limit the child.
	childTime   = 10 * time.Second
	childCPU    = 5 * time.Second
	childMemory = 512 << 20
	// mostRate is the highest rate that is taken from the child, in samples a second.
	mostRate = 48_000
	mostWAV  = int64(longest/time.Second) * mostRate * 2
)

// ErrNone says that there is no program that speaks.
var ErrNone = errors.New("speech: quick replies need the program espeak-ng on the hub; install it, and start the hub again")

// noSound is for the library by which the program looks for a sound card before it does anything, although it needs none:
// it is to ask for no memory that counts as a file, and to call nobody.
const noSound = "enable-shm = no\nautospawn = no\ndefault-server = /dev/null\n"

// voices are the program's names of our languages.
var voices = map[string]string{"de": "de", "en": "en-gb", "nl": "nl"}

// A Speaker speaks.
type Speaker struct{ path string }

// Find finds the program; "espeak-ng" from the path if empty.
func Find(program string) (*Speaker, error) {
	if program == "" {
		program = "espeak-ng"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	return &Speaker{path: path}, nil
}

// Say gives a reply as µ-law of ingest.SpeechRate.
func (s *Speaker) Say(ctx context.Context, r *quickreply.Reply) ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("speech: %w", err)
	}
	wav, err := s.run(ctx, voices[r.Language], plain(r.Text))
	if err != nil {
		return nil, fmt.Errorf("speech: %w", err)
	}
	samples, rate, err := readWAV(wav)
	if err != nil {
		return nil, fmt.Errorf("speech: %w", err)
	}
	var pcm []byte
	for _, v := range resample(samples, rate, ingest.SpeechRate) {
		pcm = binary.BigEndian.AppendUint16(pcm, uint16(v))
	}
	law, err := g711.Mulaw(pcm).Marshal()
	if err != nil {
		return nil, fmt.Errorf("speech: %w", err)
	}
	return law, nil
}

// plain takes from a text what the program would read as sounds and not as letters: what is heard stands on the record.
func plain(text string) string { return strings.NewReplacer("[[", " ", "]]", " ").Replace(text) + "\n" }

// run runs the child once.
func (s *Speaker) run(ctx context.Context, voice, text string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, childTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.path, "-v", voice, "-b", "1", "-s", "150", "--stdin", "--stdout")
	quiet, err := piped(noSound)
	if err != nil {
		return nil, err
	}
	defer quiet.Close()
	cmd.ExtraFiles = []*os.File{quiet}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "PULSE_CLIENTCONFIG=/proc/self/fd/3"}
	cmd.Dir = "/"
	cmd.SysProcAttr = confine.Attributes()
	cmd.WaitDelay = time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out := limited{left: mostWAV}
	cmd.Stdout = &out
	// A child is bound to the life of the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// The limits are in force before the child gets the first byte of the text.
	err = confine.Child(cmd.Process.Pid, confine.Limits{Memory: childMemory, CPU: childCPU, Asked: true})
	if err == nil {
		_, err = io.WriteString(in, text)
	}
	in.Close()
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return nil, fmt.Errorf("the program that speaks: %w", err)
	}
	return out.buf.Bytes(), nil
}

// piped is a few words to be read once.
func piped(words string) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	if _, err := w.WriteString(words); err != nil {
		return nil, errors.Join(err, w.Close(), r.Close())
	}
	return r, w.Close()
}

// limited takes so many bytes and no more.
type limited struct {
	buf  bytes.Buffer
	left int64
}

func (l *limited) Write(b []byte) (int, error) {
	if l.left -= int64(len(b)); l.left < 0 {
		return 0, errors.New("too much is said")
	}
	return l.buf.Write(b)
}

// readWAV reads 16 bits of one channel. A program that writes into a pipe does not know how long it gets, so what it says
// of that is not looked at.
func readWAV(b []byte) (samples []int16, rate int, err error) {
	const head = 44
	if len(b) < head || string(b[:4]) != "RIFF" || string(b[8:16]) != "WAVEfmt " || string(b[36:40]) != "data" {
		return nil, 0, errors.New("what is said is no WAV")
	}
	le := binary.LittleEndian
	rate = int(le.Uint32(b[24:]))
	if le.Uint16(b[20:]) != 1 || le.Uint16(b[22:]) != 1 || le.Uint16(b[34:]) != 16 || rate < ingest.SpeechRate || rate > mostRate {
		return nil, 0, errors.New("what is said is in another form than 16 bits of one channel")
	}
	for b = b[head:]; len(b) > 1; b = b[2:] {
		samples = append(samples, int16(le.Uint16(b)))
	}
	if len(samples) == 0 {
		return nil, 0, errors.New("nothing is said")
	}
	if len(samples) > int(longest/time.Second)*rate {
		return nil, 0, errors.New("too much is said")
	}
	return samples, rate, nil
}
