// SPDX-License-Identifier: Apache-2.0

package door

import (
	"bytes"
	"log/slog"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slogt gives the log to the test.
func slogt(t *testing.T) *slog.Logger { return slog.New(slog.NewTextHandler(t.Output(), nil)) }

// stream is what a broker sends.
type stream struct {
	net.Conn
	in *bytes.Reader
}

func (s stream) Read(p []byte) (int, error)      { return s.in.Read(p) }
func (s stream) SetReadDeadline(time.Time) error { return nil }

// FuzzBroker reads what a broker sends: no packet is longer than it may be.
func FuzzBroker(f *testing.F) {
	f.Add([]byte{0x20, 3, 0, 0, 0, 0x30, 2, 'a', 'b'}, 3)
	f.Add([]byte{0x30, 0xff, 0xff, 0xff, 0x7f}, 1)
	f.Add([]byte{0xd0, 0, 0xd0, 0, 0x30, 0x80, 0x80, 0x01}, 2)
	f.Fuzz(func(t *testing.T, in []byte, step int) {
		c := &bounded{Conn: stream{in: bytes.NewReader(in)}}
		p := make([]byte, max(1, min(step, 64)))
		for {
			if _, err := c.Read(p); err != nil {
				return
			}
			if c.left > maxPacket {
				t.Fatalf("a packet of %d bytes goes on", c.left)
			}
		}
	})
}
