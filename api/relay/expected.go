// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"net"
	"os"
	"sync"
	"time"
)

// Expected is a Way that has not come yet. Until then what is written to it is lost, as on any way, and nothing comes.
type Expected struct {
	at     *net.UDPAddr
	come   chan struct{} // closed once way is there
	closed chan struct{}

	mu  sync.Mutex
	way *Way // set once; guarded by mu until come is closed
	end bool // guarded by mu
}

// Come hands over what was expected, which is closed with it; false if nobody expects it any more.
func (e *Expected) Come(w *Way) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.end || e.way != nil {
		return false
	}
	e.way = w
	close(e.come)
	return true
}

// ReadFrom waits for what comes.
func (e *Expected) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-e.come:
		return e.way.ReadFrom(b)
	case <-e.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo sends, if it can already.
func (e *Expected) WriteTo(b []byte, a net.Addr) (int, error) {
	select {
	case <-e.come:
		return e.way.WriteTo(b, a)
	default:
		return len(b), nil
	}
}

// Close gives up what has come, and expects nothing more.
func (e *Expected) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.end {
		return nil
	}
	e.end = true
	close(e.closed)
	if e.way != nil {
		return e.way.Close()
	}
	return nil
}

// LocalAddr stands for an address that is not known yet.
func (e *Expected) LocalAddr() net.Addr { return e.at }

// SetDeadline and its kin are not needed.
func (*Expected) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline is not needed.
func (*Expected) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline is not needed.
func (*Expected) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
