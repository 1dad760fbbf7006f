// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"keyhold/home/door"
	"keyhold/home/gate"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// keepAlive in seconds: after one and a half of it the broker says that nothing is told any more.
	keepAlive = 15
	// sendTime is how long a broker may take for one message, endTime for all of what it is to forget.
	sendTime = 5 * time.Second
	endTime  = 5 * time.Second
	// late is after how long nobody is told of a press any more: a light that flashes much later is worse than none.
	late = 30 * time.Second
	// againEvery is how often everything is told once more because the other side has started anew.
	againEvery = 10 * time.Second
	first      = time.Second
	longest    = time.Minute
	mostWait   = 16 // presses
	// withWill has the broker say that nothing is told any more, as if the connection had broken (MQTT 5, 3.14.2.1).
	withWill = 0x04
	// mostPacket bounds what a broker sends at a time.
	mostPacket = 16 << 10
)

// press is one that is to be told.
type press struct {
	camera id.Camera
	at     time.Time
}

// line is an integration at work, on the goroutine that runs it.
type line struct {
	Integration
	d       *Desk
	state   State // guarded by Desk.mu
	looks   chan []Camera
	presses chan press
	up      chan struct{} // there is a connection, and it has not been looked at
	born    chan struct{} // the other side has started
	ending  chan struct{} // closed when it is to end and to be forgotten
	done    chan struct{}

	// forgotten is set before done is closed.
	forgotten bool
	// The rest is the goroutine's own. told is what the broker has been told since the connection is there, nil while
	// there is none.
	told    map[string]string
	newest  []Camera
	waiting []press
	again   time.Time // when everything is told once more; zero for not
	last    time.Time // when it was
	rest    time.Time // nothing is tried before
	pause   time.Duration
}

func newLine(d *Desk, i Integration) *line {
	return &line{
		Integration: i, d: d, state: State{State: Connecting, Since: d.c.Now()}, pause: first, looks: make(chan []Camera, 1),
		presses: make(chan press, mostWait), up: make(chan struct{}, 1), born: make(chan struct{}, 1), ending: make(chan struct{}), done: make(chan struct{}),
	}
}

// run tells until the context ends, or the integration.
func (l *line) run(ctx context.Context) {
	defer close(l.done)
	u, err := door.CheckBroker(l.URL)
	if err != nil {
		l.d.is(l, door.Barred)
		l.wait(ctx)
		return
	}
	// What ends it is told before the connection ends.
	connected, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	cm, err := autopaho.NewConnection(connected, l.options(u))
	if err != nil {
		l.d.is(l, door.Barred)
		l.wait(ctx)
		return
	}
	l.tell(ctx, cm)
	hangUp()
	<-cm.Done()
}

func (l *line) wait(ctx context.Context) {
	select {
	case <-l.ending:
	case <-ctx.Done():
	}
}

// options are how to connect.
func (l *line) options(u *url.URL) autopaho.ClientConfig {
	refused := false // owned by the client
	return autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: keepAlive, ConnectTimeout: sendTime, CleanStartOnInitialConnection: true,
		ConnectUsername: l.User, ConnectPassword: []byte(l.Password),
		WillMessage: &paho.WillMessage{Topic: l.here(), Payload: []byte(unavail), QoS: 1, Retain: true},
		AttemptConnection: func(ctx context.Context, _ autopaho.ClientConfig, u *url.URL) (net.Conn, error) {
			return door.DialBroker(ctx, u, func(to netip.AddrPort) error { return gate.Told(to, u.Scheme == door.TLS, l.d.c.Here, l.d.c.Near) })
		},
		ConnectPacketBuilder: func(c *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			most := uint32(mostPacket)
			c.Properties = &paho.ConnectProperties{MaximumPacketSize: &most}
			return c, nil
		},
		DisconnectPacketBuilder: func() *paho.Disconnect {
			if l.forgotten {
				return &paho.Disconnect{}
			}
			return &paho.Disconnect{ReasonCode: withWill}
		},
		OnConnectionUp: func(*autopaho.ConnectionManager, *paho.Connack) { note(l.up) },
		OnConnectError: func(err error) {
			state := door.Why(err)
			refused = state != door.Away
			l.d.is(l, state)
		},
		ClientConfig: paho.ClientConfig{
			ClientID:           "keyhold-" + l.self(),
			OnPublishReceived:  []func(paho.PublishReceived) (bool, error){l.take},
			OnClientError:      func(error) { l.d.is(l, door.Away) },
			OnServerDisconnect: func(*paho.Disconnect) { l.d.is(l, door.Away) },
		},
		ReconnectBackoff: func(attempt int) time.Duration {
			if refused {
				return longest
			}
			return min(first<<min(max(attempt, 0), 6), longest)
		},
	}
}

// take takes what comes. All that counts is that the other side says that it has started: then it is told everything
// once more. Nothing that comes is carried out.
func (l *line) take(p paho.PublishReceived) (bool, error) {
	if p.Packet.Topic == birth && string(p.Packet.Payload) == available {
		note(l.born)
	}
	return true, nil
}

// note sends what is only to be known, unless it is already.
func note(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// tell tells what there is, until the context ends, or the integration.
func (l *line) tell(ctx context.Context, cm *autopaho.ConnectionManager) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.ending:
			l.forgotten = l.forget(context.WithoutCancel(ctx), cm)
			return
		case <-l.up:
			l.begin(ctx, cm)
		case <-l.born:
			if now := time.Now(); l.again.IsZero() {
				l.again = now
				if next := l.last.Add(againEvery); next.After(now) && !rule.Off(rule.Quota) {
					l.again = next
				}
			}
		case l.newest = <-l.looks:
		case p := <-l.presses:
			l.waiting = append(l.waiting, p)
			l.waiting = l.waiting[max(0, len(l.waiting)-mostWait):]
		}
		if l.told == nil || time.Now().Before(l.rest) {
			continue
		}
		if err := l.send(ctx, cm); err != nil && ctx.Err() == nil {
			l.failed(err)
		}
	}
}

// begin begins with a connection. A broker that does not let the hub hear of starts keeps all that is told anyway.
func (l *line) begin(ctx context.Context, cm *autopaho.ConnectionManager) {
	l.told, l.rest, l.pause = map[string]string{}, time.Time{}, first
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	// What the broker keeps there is how things were: all is told now in any case.
	if _, err := cm.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: birth, QoS: 1, RetainHandling: 2}}}); err != nil {
		l.d.c.Log.Debug("an integration does not hear of starts")
	}
}

// send tells what has not been told: presses at once, if the other side can know the camera.
func (l *line) send(ctx context.Context, cm *autopaho.ConnectionManager) error {
	if len(l.told) > 0 {
		if err := l.ring(ctx, cm); err != nil {
			return err
		}
	}
	if l.newest == nil {
		return nil // a moment later
	}
	if now := time.Now(); !l.again.IsZero() && !now.Before(l.again) {
		l.told, l.last, l.again = map[string]string{}, now, time.Time{}
	}
	list, err := l.messages(l.newest)
	if err != nil {
		return err
	}
	for _, m := range list {
		if was, ok := l.told[m.topic]; ok && was == m.payload {
			continue
		}
		if err := l.publish(ctx, cm, &paho.Publish{Topic: m.topic, Payload: []byte(m.payload), Retain: true}); err != nil {
			return err
		}
		l.told[m.topic] = m.payload
	}
	if err := l.ring(ctx, cm); err != nil {
		return err
	}
	l.pause = first
	l.d.is(l, Telling)
	return nil
}

// ring tells of presses. The broker keeps none.
func (l *line) ring(ctx context.Context, cm *autopaho.ConnectionManager) error {
	for ; len(l.waiting) > 0; l.waiting = l.waiting[1:] {
		p := l.waiting[0]
		if l.d.c.Now().Sub(p.at) > late {
			continue
		}
		old := uint32(late / time.Second)
		if err := l.publish(ctx, cm, &paho.Publish{Topic: l.stateAt(p.camera, Press), Payload: []byte(ring), Properties: &paho.PublishProperties{MessageExpiry: &old}}); err != nil {
			return err
		}
	}
	return nil
}

// errRefused says that a broker does not take a message.
var errRefused = errors.New("smart: the broker does not take it")

func (l *line) publish(ctx context.Context, cm *autopaho.ConnectionManager, m *paho.Publish) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	m.QoS = 1
	answer, err := cm.Publish(ctx, m)
	if answer != nil && answer.ReasonCode >= 0x80 {
		return errRefused
	}
	return err
}

// failed notes that a message could not be told, and when the next is tried.
func (l *line) failed(err error) {
	state := door.Away
	if errors.Is(err, errRefused) {
		state = door.Refused
	}
	l.d.is(l, state)
	l.rest, l.pause = time.Now().Add(l.pause), min(2*l.pause, longest)
}

// forget lets the broker forget all of it, and says whether it has.
func (l *line) forget(ctx context.Context, cm *autopaho.ConnectionManager) bool {
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	if l.told == nil {
		select {
		case <-l.up:
		case <-ctx.Done():
			return false
		}
	}
	var list []message
	for _, c := range l.Cameras {
		list = append(list, l.nothing(c)...)
	}
	for _, m := range append(list, message{l.here(), ""}) {
		if err := l.publish(ctx, cm, &paho.Publish{Topic: m.topic, Retain: true}); err != nil {
			return false
		}
	}
	return true
}
