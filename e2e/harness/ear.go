// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// Said is a message that a broker has passed on.
type Said struct {
	Topic, Payload string
	// Kept: the broker keeps it for whoever comes.
	Kept bool
	At   time.Time
}

// Ear hears all that is said at a broker, as a program does that is not ours (mosquitto_sub).
type Ear struct {
	stop context.CancelFunc
	done chan struct{}

	mu   sync.Mutex
	list []Said // guarded by mu
}

// Hear begins to hear, with what the broker keeps.
func (b *Broker) Hear(ctx context.Context) (*Ear, error) {
	program, err := exec.LookPath("mosquitto_sub")
	if err != nil {
		return nil, fmt.Errorf("hear: %w; scripts/setup test installs it", err)
	}
	host, port, err := net.SplitHostPort(b.Address)
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	cmd := exec.CommandContext(run, program, "-h", host, "-p", port, "-u", b.User, "-P", b.Password, "-V", "mqttv5", "--retain-as-published", "-q", "1", "-t", "#", "-F", "%j")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("hear: %w", err)
	}
	e := &Ear{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(e.done)
		e.read(out)
		_ = cmd.Wait() // it was ended
	}()
	// It hears once it hears a word of its own.
	hello := "ears/" + fmt.Sprint(time.Now().UnixNano())
	err = Poll(ctx, 10*time.Second, "an ear at the broker", func(ctx context.Context) bool {
		return b.Publish(ctx, hello, "?") == nil && e.Last(hello) != nil
	})
	if err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *Ear) read(from io.Reader) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m struct {
			Topic   string `json:"topic"`
			Payload string `json:"payload"`
			Retain  int    `json:"retain"`
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			continue // a word about itself
		}
		e.mu.Lock()
		e.list = append(e.list, Said{Topic: m.Topic, Payload: m.Payload, Kept: m.Retain == 1, At: time.Now()})
		e.mu.Unlock()
	}
}

// All is what was said at topics that begin so.
func (e *Ear) All(begins string) []Said {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.list), func(s Said) bool { return !strings.HasPrefix(s.Topic, begins) })
}

// Last is what was said last at a topic; nil if nothing was.
func (e *Ear) Last(topic string) *Said {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := len(e.list) - 1; i >= 0; i-- {
		if e.list[i].Topic == topic {
			s := e.list[i]
			return &s
		}
	}
	return nil
}

// Close ends it.
func (e *Ear) Close() {
	e.stop()
	<-e.done
}
