// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"keyhold/api"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// helloTime is how long a new socket may take to say who it is, writeTime one frame to go out.
	helloTime = 10 * time.Second
	writeTime = 10 * time.Second
	pingEvery = 30 * time.Second
	// waiting is how many letters a socket may be behind.
	waiting = 64
)

// line is a socket that is open.
type line struct {
	reader id.Device
	key    ed25519.PublicKey
	out    chan api.Delivery
	gone   chan struct{} // closed when its reader is no longer in the roster
}

// lines are all that are open.
type lines struct {
	mu   sync.Mutex
	open []*line // guarded by mu
	next int64   // numbers letters; guarded by mu
}

func (l *lines) enter(n *line) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= mostSockets {
		return api.NewProblem(api.TooMany, "", "this household has too many sockets open")
	}
	l.open = append(l.open, n)
	return nil
}

func (l *lines) leave(n *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = slices.DeleteFunc(l.open, func(o *line) bool { return o == n })
}

// Send gives a letter of the hub to those of its reader's sockets that are open here, and says whether there was one.
func (d *Door) Send(to id.Device, sealed []byte) bool {
	l := &d.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	letter := api.Delivery{At: d.c.Now().UnixMilli(), Body: sealed, From: id.Hub, ID: l.next, Kind: api.KindMail}
	sent := false
	for _, n := range l.open {
		if n.reader != to {
			continue
		}
		select {
		case n.out <- letter:
			sent = true
		default: // it does not listen
		}
	}
	return sent
}

// Follow closes the sockets of those who are no longer in the roster.
func (d *Door) Follow() {
	if rule.Off(rule.Device) {
		return
	}
	s, l := d.c.Roster(), &d.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = slices.DeleteFunc(l.open, func(n *line) bool {
		key, ok := s.Key(n.reader)
		over := !ok || !key.Equal(n.key)
		if over {
			close(n.gone)
		}
		return over
	})
}

type (
	ready struct {
		Ready bool `json:"ready"`
	}
	refusal struct {
		Problem *api.Problem `json:"problem"`
	}
)

// socket brings mail of the hub for as long as it is open. What comes while there is none goes by the cloud alone.
func (d *Door) socket(w http.ResponseWriter, r *http.Request) {
	d.wg.Add(1)
	defer d.wg.Done()
	// A request before this one, on the same connection, may have left its deadlines.
	control := http.NewResponseController(w)
	_, _ = control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{})
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // nothing rests on where a page came from: the first frame is signed
	})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(dsse.MaxBytes)
	n, err := d.hello(conn)
	if err == nil {
		err = d.lines.enter(n)
	}
	if err != nil {
		d.close(conn, err)
		return
	}
	defer d.lines.leave(n)
	// Somebody may have been removed since their word was checked.
	d.Follow()
	ctx, cancel := context.WithCancel(d.work)
	defer cancel()
	// Reading has a life of its own: ending its context would cut the connection before the goodbye.
	reading, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer cancel()
		hear(reading, conn)
	}()
	d.serve(ctx, conn, n)
	cut()
	_ = conn.CloseNow()
	<-read
}

func (d *Door) hello(conn *websocket.Conn) (*line, error) {
	ctx, cancel := context.WithTimeout(d.work, helloTime)
	defer cancel()
	kind, b, err := conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageText {
		return nil, api.NewProblem(api.Invalid, "", "the first frame must be a session statement")
	}
	s, err := d.session(b)
	if err != nil {
		return nil, err
	}
	key, _ := d.c.Roster().Key(s.From)
	return &line{reader: s.From, key: key, out: make(chan api.Delivery, waiting), gone: make(chan struct{})}, nil
}

// close says why, where that is for the caller to know.
func (d *Door) close(conn *websocket.Conn, err error) {
	var p *api.Problem
	if !errors.As(err, &p) {
		return
	}
	_ = frame(d.work, conn, refusal{p})
	_ = conn.Close(websocket.StatusPolicyViolation, string(p.Kind()))
}

func (d *Door) serve(ctx context.Context, conn *websocket.Conn, n *line) {
	if frame(ctx, conn, ready{true}) != nil {
		return
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			_ = conn.Close(websocket.StatusGoingAway, "")
			return
		case <-n.gone:
			d.close(conn, stranger())
			return
		case letter := <-n.out:
			err = frame(ctx, conn, letter)
		case <-ping.C:
			alive, cancel := context.WithTimeout(ctx, writeTime)
			err = conn.Ping(alive)
			cancel()
		}
		if err != nil {
			return
		}
	}
}

// hear reads what the reader says until the socket ends. Nothing is kept here, so nothing has to be acknowledged.
func hear(ctx context.Context, conn *websocket.Conn) {
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			return
		}
	}
}

func frame(ctx context.Context, conn *websocket.Conn, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, b)
}
