// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// readSize is what one read takes from the kernel at most.
	readSize = 128 << 10
	// batch is how much stream may gather in the kernel before the hub wakes up. Each wake-up costs more than the
	// bytes it brings, so waiting a quarter of a second is what makes sixteen cameras cheap.
	batch    = 250 * time.Millisecond
	maxBatch = 128 << 10
	minBatch = 4 << 10
)

// A conn reads in large pieces and can ask the kernel to wake it only when much has come in.
type conn struct {
	net.Conn
	raw  syscall.RawConn // nil where it cannot be had
	buf  []byte
	rest []byte // of buf, not yet handed on; owned by the reader
	read atomic.Int64
	low  int // in force; owned by the watcher
}

func dial(ctx context.Context, network, addr string, timeout time.Duration) (*conn, error) {
	d := net.Dialer{Timeout: timeout}
	nc, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, low: 1}
	if sc, ok := nc.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			c.raw = raw
		}
	}
	return c, nil
}

func (c *conn) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		if c.buf == nil {
			c.buf = make([]byte, readSize)
		}
		n, err := c.Conn.Read(c.buf)
		c.read.Add(int64(n))
		if n == 0 {
			return 0, err
		}
		c.rest = c.buf[:n]
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// wakeAt asks to be woken only when n bytes have come in. Where the system cannot, nothing changes but the cost.
func (c *conn) wakeAt(n int) {
	if c.raw == nil || n == c.low {
		return
	}
	if setLowWater(c.raw, n) == nil {
		c.low = n
	}
}

// fitting is the low-water mark for a stream of so many bytes a second: a power of two, so that it seldom changes.
func fitting(perSecond int64) int {
	want := perSecond * int64(batch) / int64(time.Second)
	n := 1
	for n2 := minBatch; int64(n2) <= want && n2 <= maxBatch; n2 *= 2 {
		n = n2
	}
	return n
}
