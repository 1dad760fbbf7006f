// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"keyhold/home/gate"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// MaxTopic bounds a topic, MaxPayload what is told apart of a message.
	MaxTopic   = 256
	MaxPayload = 256
	// maxPacket bounds what a broker sends at a time: a press is a word.
	maxPacket = 16 << 10
	// keepAlive and waits, in seconds: how often the connection is looked at, and how long the broker keeps what was
	// pressed while there was none. A bell that rings much later is worse than one that does not.
	keepAlive = 15
	waits     = 60
	dialTime  = 5 * time.Second
)

// TLS is the scheme of a broker's address that is connected to by TLS.
const TLS = "mqtts"

// ErrBroker says that a broker's address is none.
var ErrBroker = errors.New("door: a broker's address is like mqtt://192.168.1.5:1883 or mqtts://192.168.1.5:8883")

// CheckBroker reads a broker's address.
func CheckBroker(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "mqtt" && u.Scheme != TLS || u.Hostname() == "" || u.Opaque != "" || strings.Trim(u.Path, "/") != "" {
		return nil, ErrBroker
	}
	return u, nil
}

// CheckTopic says whether a topic is one that a press may come by: one place, so that nothing else is heard by it.
func CheckTopic(topic string) bool {
	return topic != "" && len(topic) <= MaxTopic && !strings.ContainsAny(topic, "+#\x00") && !strings.HasPrefix(topic, "$")
}

// broker hears a bell by a broker until the context ends.
func (b *Bells) broker(ctx context.Context, camera id.Camera, one *bell) {
	u, err := CheckBroker(one.URL)
	if err != nil {
		b.is(one, Barred)
		return
	}
	m := &messages{b: b, camera: camera, one: one, seen: map[uint16]time.Time{}}
	up := make(chan struct{}, 1)
	cfg := autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: keepAlive, ConnectTimeout: dialTime,
		// What was pressed while the connection was gone is brought once it is there again.
		CleanStartOnInitialConnection: true, SessionExpiryInterval: waits,
		ConnectUsername: one.User, ConnectPassword: []byte(one.Password),
		AttemptConnection: func(ctx context.Context, _ autopaho.ClientConfig, u *url.URL) (net.Conn, error) {
			return DialBroker(ctx, u, func(to netip.AddrPort) error { return gate.Allowed(to, b.c.Here) })
		},
		ConnectPacketBuilder: func(c *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			most := uint32(maxPacket)
			c.Properties.MaximumPacketSize = &most
			return c, nil
		},
		OnConnectionUp: func(*autopaho.ConnectionManager, *paho.Connack) {
			select {
			case up <- struct{}{}:
			default: // it has not been looked at yet that there is one
			}
		},
		OnConnectError: func(err error) { m.failed(err) },
		ClientConfig: paho.ClientConfig{
			ClientID:           "keyhold-" + strings.ToLower(rand.Text()[:16]),
			OnPublishReceived:  []func(paho.PublishReceived) (bool, error){m.take},
			OnClientError:      func(error) { b.is(one, Away) },
			OnServerDisconnect: func(*paho.Disconnect) { b.is(one, Away) },
		},
		ReconnectBackoff: m.pause,
	}
	cm, err := autopaho.NewConnection(ctx, cfg)
	if err != nil {
		b.is(one, Barred)
		return
	}
	m.subscribe(ctx, cm, up)
	<-cm.Done()
}

// subscribe asks for the topic with each connection, until the context ends. A broker that does not grant it is asked again:
// whoever runs it may be about to allow it.
func (m *messages) subscribe(ctx context.Context, cm *autopaho.ConnectionManager, up <-chan struct{}) {
	var again <-chan time.Time
	pause := first
	for {
		select {
		case <-up:
			pause = first
		case <-again:
		case <-ctx.Done():
			return
		}
		said, err := cm.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: m.one.Topic, QoS: 1, RetainHandling: 2}}})
		if err == nil {
			again = nil
			m.b.is(m.one, Listening)
			continue
		}
		if said != nil {
			m.b.is(m.one, Refused)
		} else {
			m.b.is(m.one, Away)
		}
		again, pause = time.After(pause), min(2*pause, longest)
	}
}

// DialBroker connects to a broker, where that is allowed, in dialTime or not at all: whoever calls may wait for it without
// an end. What the broker sends at a time is bounded.
func DialBroker(ctx context.Context, u *url.URL, allowed func(netip.AddrPort) error) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	port := u.Port()
	if port == "" {
		port = map[string]string{"mqtt": "1883", TLS: "8883"}[u.Scheme]
	}
	address := net.JoinHostPort(u.Hostname(), port)
	conn, err := gate.Dialer(allowed).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if u.Scheme == TLS {
		t := tls.Client(conn, &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12})
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		conn = t
	}
	return &bounded{Conn: conn}, nil
}

// messages are what comes of one topic.
type messages struct {
	b       *Bells
	camera  id.Camera
	one     *bell
	refused bool
	// seen are packets that were taken lately: one that is brought again bears its number and says so. Owned by the
	// client's goroutine.
	seen map[uint16]time.Time
}

func (m *messages) failed(err error) {
	state := Why(err)
	m.refused = state != Away
	m.b.is(m.one, state)
	m.b.c.Log.Debug("a broker is not reached", "error", errKind(err))
}

// Why says how a broker is that was not connected to: Barred, Refused or Away.
func Why(err error) string {
	var said *autopaho.ConnackError
	switch {
	case rule.Of(err) == rule.Here, rule.Of(err) == rule.Elsewhere:
		return Barred
	case errors.As(err, &said) && (said.ReasonCode == 0x86 || said.ReasonCode == 0x87):
		return Refused
	}
	return Away
}

// errKind keeps the broker's address out of a log.
func errKind(err error) string {
	if r := rule.Of(err); r != "" {
		return string(r)
	}
	var said *autopaho.ConnackError
	if errors.As(err, &said) {
		return said.Reason
	}
	return "no connection"
}

func (m *messages) pause(attempt int) time.Duration {
	if m.refused {
		return refusedPause
	}
	return min(first<<min(max(attempt, 0), 6), longest)
}

// take takes a message of the topic.
func (m *messages) take(p paho.PublishReceived) (bool, error) {
	now := m.b.c.Now()
	again := p.Packet.QoS > 0 && m.again(p.Packet.PacketID, p.Packet.Duplicate(), now)
	// What the broker keeps for whoever comes says how things are, and not that somebody presses now.
	if p.Packet.Topic != m.one.Topic || p.Packet.Retain || again {
		return true, nil
	}
	if !m.one.presses(p.Packet.Payload) {
		return true, nil
	}
	m.b.hear(m.camera, MQTT, heard{down: true, stamp: now, at: now})
	return true, nil
}

// again says whether a packet was taken before, and notes it.
func (m *messages) again(packet uint16, marked bool, now time.Time) bool {
	at, was := m.seen[packet]
	if len(m.seen) >= remembered {
		for k, t := range m.seen {
			if now.Sub(t) > 2*waits*time.Second {
				delete(m.seen, k)
			}
		}
	}
	m.seen[packet] = now
	return marked && was && now.Sub(at) < 2*waits*time.Second && !rule.Off(rule.Replay)
}

// presses says whether a message says that somebody presses.
func (one *Bell) presses(payload []byte) bool {
	if len(payload) > maxPacket {
		return false
	}
	said := strings.TrimSpace(string(payload))
	if one.Payload != "" {
		return said == one.Payload
	}
	switch strings.ToLower(said) {
	case "", "0", "off", "false", "idle", "none", "release", "released", "up", "clear", "online", "offline", "motion":
		return false
	}
	return true
}

// bounded ends a connection on which the broker begins a packet that is longer than it may be.
type bounded struct {
	net.Conn
	left  int64 // of the packet that is being read
	shift uint  // of its length, while that is being read; 0 before its first byte
	inLen bool
	size  int64
}

func (c *bounded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	for _, b := range p[:n] {
		switch {
		case c.left > 0:
			c.left--
		case !c.inLen: // the first byte of a packet
			c.inLen, c.size, c.shift = true, 0, 0
		default:
			c.size |= int64(b&0x7f) << c.shift
			if c.shift += 7; c.shift > 28 || c.size > maxPacket {
				return 0, rule.Errorf(rule.Length, "door: the broker sends more than it may")
			}
			if b&0x80 == 0 {
				c.inLen, c.left = false, c.size
			}
		}
	}
	return n, err
}
