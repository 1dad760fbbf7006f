// SPDX-License-Identifier: Apache-2.0

package live

import (
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"keyhold/home/ingest"
)

const (
	// again is the share of what was sent that may be sent once more, and stock what may be spent of it at once, in bytes.
	again = 0.25
	stock = 128 << 10
	// late is how long after a key frame somebody may still wait for what came before it.
	late = 500 * time.Millisecond
)

// sparing keeps what is sent once more within bounds. A viewer whose line is full misses ever more packets and asks for
// all of them ten times a second: to obey would fill the line with what is of no use any more.
type sparing struct{ interceptor.NoOp }

// NewInterceptor is called by pion for each connection.
func (sparing) NewInterceptor(string) (interceptor.Interceptor, error) { return &sparing{}, nil }

// BindLocalStream is called by pion for each track.
func (*sparing) BindLocalStream(info *interceptor.StreamInfo, next interceptor.RTPWriter) interceptor.RTPWriter {
	if info.ClockRate != ingest.VideoRate {
		return next // sound is not sent again
	}
	b := &budget{credit: stock}
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		if !b.spend(time.Now(), h.SequenceNumber, payload) {
			return 0, nil
		}
		return next.Write(h, payload, a)
	})
}

// A budget is that of one track.
type budget struct {
	mu     sync.Mutex
	begun  bool    // guarded by mu, as is all that follows
	newest uint16  // the packet that was sent last for the first time
	credit float64 // bytes

	key, before uint16 // where the newest key frame begins, and the one before
	keyAt       time.Time
}

// spend says whether a packet may leave: for the first time always, and once more as long as it is of use.
func (b *budget) spend(now time.Time, n uint16, payload []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.begun {
		b.begun, b.newest, b.key, b.before = true, n-1, n, n
	}
	if int16(n-b.newest) > 0 {
		b.newest = n
		b.credit = min(stock, b.credit+again*float64(len(payload)))
		if beginsKey(payload) {
			b.before, b.key, b.keyAt = b.key, n, now
		}
		return true
	}
	first := b.key
	if now.Sub(b.keyAt) < late {
		first = b.before
	}
	if int16(n-first) < 0 || b.credit < float64(len(payload)) {
		return false
	}
	b.credit -= float64(len(payload))
	return true
}
