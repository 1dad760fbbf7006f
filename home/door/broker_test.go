// SPDX-License-Identifier: Apache-2.0

package door

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/eclipse/paho.golang/packets"

	"keyhold/e2e/harness"
)

// between takes connections on this machine, each on a goroutine of its own, until the test ends.
func between(t *testing.T, each func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				each(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return netip.MustParseAddrPort(l.Addr().String())
}

func TestABrokerThatSaysNothingIsAway(t *testing.T) {
	t.Parallel()
	silent := between(t, func(c net.Conn) {
		var b [1]byte
		for {
			if _, err := c.Read(b[:]); err != nil {
				return // the hub has hung up
			}
		}
	})
	b, _ := listening(t, silent)
	b.Set(front, &Bell{Kind: MQTT, URL: "mqtts://" + silent.String(), Topic: "home/bell"})
	until(t, "that it is away", func() bool { _, s, _ := b.State(front); return s.State == Away })
	b.Close()
}

func TestABrokerThatGrantsATopicLaterIsHeard(t *testing.T) {
	t.Parallel()
	broker, err := harness.StartBroker(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Stop() })
	var refused atomic.Int32
	way := between(t, func(c net.Conn) {
		to, err := new(net.Dialer).DialContext(t.Context(), "tcp", broker.Address)
		if err != nil {
			t.Error(err)
			return
		}
		defer to.Close()
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			defer to.Close()
			pass(c, to, func(any) {})
		})
		defer c.Close()
		pass(to, c, func(p any) {
			if s, ok := p.(*packets.Suback); ok && refused.Add(1) == 1 {
				s.Reasons = []byte{packets.SubackNotauthorized}
			}
		})
	})
	b, l := listening(t, way)
	b.Set(front, &Bell{Kind: MQTT, URL: "mqtt://" + way.String(), User: broker.User, Password: broker.Password, Topic: "home/bell"})
	until(t, "a bell that is heard", func() bool { _, s, _ := b.State(front); return s.State == Listening })
	if err := broker.Publish(t.Context(), "home/bell", "pressed"); err != nil {
		t.Fatal(err)
	}
	until(t, "a press", func() bool { return l.count() == 1 })
	b.Close()
	if n := refused.Load(); n != 2 {
		t.Errorf("the topic was answered %d times, once with no", n)
	}
}

// pass hands packets on from one to the other until either ends, each after a look at it.
func pass(from, to net.Conn, look func(any)) {
	for {
		p, err := packets.ReadPacket(from)
		if err != nil {
			return
		}
		look(p.Content)
		if _, err := p.WriteTo(to); err != nil {
			return
		}
	}
}
