// SPDX-License-Identifier: Apache-2.0

package loudspeaker

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"syscall"

	"github.com/pion/rtp"

	"keyhold/home/gate"
)

// pcma is the query of an address that wants A-law by RTP. Its number there is 8, that of µ-law 0 (RFC 3551, table 4).
const pcma = "codec=pcma"

// checkRTP says whether an address can be one that takes RTP: nothing stands in it but where and how.
func checkRTP(u *url.URL) bool {
	return u.User == nil && u.Port() != "" && (u.Path == "" || u.Path == "/") && (u.RawQuery == "" || u.RawQuery == pcma)
}

// packets puts what is said into packets of RTP, with its place in the time.
type packets struct {
	alaw  bool
	ssrc  uint32
	stamp uint32 // of the sample 0

	mu    sync.Mutex
	seq   uint16 // guarded by mu
	begun bool   // guarded by mu
}

func newPackets(alaw bool) *packets {
	var b [10]byte
	_, _ = rand.Read(b[:]) // it never fails
	return &packets{alaw: alaw, ssrc: binary.BigEndian.Uint32(b[:]), stamp: binary.BigEndian.Uint32(b[4:]), seq: binary.BigEndian.Uint16(b[8:])}
}

func (p *packets) of(piece []byte, at uint32) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq++
	h := rtp.Header{Version: 2, Marker: !p.begun, SSRC: p.ssrc, SequenceNumber: p.seq, Timestamp: p.stamp + at}
	if p.alaw {
		h.PayloadType = 8
	}
	p.begun = true
	b, err := (&rtp.Packet{Header: h, Payload: piece}).Marshal()
	if err != nil {
		return nil, fmt.Errorf("loudspeaker: speech: %w", err)
	}
	return b, nil
}

// dialRTP prepares to send to one address, where it is allowed. said waits until whoever is there says that nobody
// listens; most say nothing at all.
func dialRTP(ctx context.Context, c Config, u *url.URL) (conn net.Conn, said func() error, err error) {
	d := gate.Dialer(func(to netip.AddrPort) error { return c.allowed(to, false) })
	conn, err = d.DialContext(ctx, "udp", u.Host)
	if err != nil {
		return nil, nil, away(err)
	}
	return conn, func() error {
		b := make([]byte, 1500)
		for {
			if _, err := conn.Read(b); errors.Is(err, syscall.EMSGSIZE) || err == nil {
				continue // it sends something, which means nothing here
			}
			return ErrAway
		}
	}, nil
}
