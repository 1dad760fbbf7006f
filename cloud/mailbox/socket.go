// SPDX-License-Identifier: Apache-2.0

package mailbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/store"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

const (
	// helloTime is how long a new socket may take to say who it is, writeTime one frame to go out.
	helloTime = 10 * time.Second
	writeTime = 10 * time.Second
	// pingEvery finds out that a reader is gone, and keeps the way through address translators open.
	pingEvery = 30 * time.Second
	// batch is how many messages are read from the store at a time.
	batch = 64
	// goodbye is how long a socket whose reader was removed gets to be told so.
	goodbye = time.Second
	// mostSockets is how many a household may have open.
	mostSockets = 64
)

// ready and refusal are what the server says besides deliveries.
type (
	ready struct {
		// Checkpoint is the newest that the cloud has, told to the hub alone: one whose folder was put back to an
		// earlier state learns by it that it must not continue its old run.
		Checkpoint string `json:"checkpoint,omitempty"`
		// Head is the newest link of the roster that the cloud has, told to the hub alone and for the same reason.
		Head  *roster.Head `json:"head,omitempty"`
		Ready bool         `json:"ready"`
	}
	refusal struct {
		Problem *api.Problem `json:"problem"`
	}
	// said is what a reader says: what it need not be sent again or, the hub alone, from which link on it wants the
	// roster. links answers that.
	said struct {
		Ack   int64 `json:"ack"`
		Links int64 `json:"links"`
	}
	links struct {
		Links [][]byte `json:"links"`
	}
)

// Socket serves one WebSocket until its reader goes or ctx, the server's, ends.
func (m *Mailbox) Socket(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	m.wg.Add(1)
	defer m.wg.Done()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		// Nothing here rests on where a page came from: there is no cookie, and the first frame is signed.
		InsecureSkipVerify: true,
	})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(dsse.MaxBytes)
	v, err := m.hello(ctx, conn)
	if err == nil {
		err = m.enter(v.Statement().Household)
	}
	if err != nil {
		m.refuse(ctx, conn, err)
		return
	}
	defer m.leave(v.Statement().Household)
	m.serve(ctx, conn, v)
}

// hello reads the session statement and uses its nonce.
func (m *Mailbox) hello(ctx context.Context, conn *websocket.Conn) (*access.Verified[request.Session], error) {
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	kind, b, err := conn.Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("mailbox: read session: %w", err)
	}
	if kind != websocket.MessageText {
		return nil, api.NewProblem(api.Invalid, "", "the first frame must be a session statement")
	}
	v, err := m.Keys.Session(ctx, b)
	if err != nil {
		return nil, err
	}
	if err := m.Store.UseNonce(ctx, v.Nonce()); err != nil {
		return nil, access.Answer(err)
	}
	return v, nil
}

// refuse says why, where that is for the caller to know, and closes.
func (m *Mailbox) refuse(ctx context.Context, conn *websocket.Conn, err error) {
	var p *api.Problem
	if !errors.As(err, &p) {
		if ctx.Err() != nil {
			_ = conn.Close(websocket.StatusGoingAway, "")
			return
		}
		if websocket.CloseStatus(err) != -1 || errors.Is(err, context.DeadlineExceeded) {
			return
		}
		m.Log.Error("socket refused for a fault of ours", "err", err)
		p = api.NewProblem(api.Internal, "", "something went wrong in the cloud")
		if errors.Is(err, store.ErrNoSpace) {
			p = api.NewProblem(api.Unavailable, "", "the cloud's disk is full: try again later")
		}
	}
	_ = m.send(ctx, conn, refusal{p})
	_ = conn.Close(websocket.StatusPolicyViolation, string(p.Kind()))
}

// serve sends what there is and what comes, while a second goroutine reads acknowledgements.
func (m *Mailbox) serve(ctx context.Context, conn *websocket.Conn, v *access.Verified[request.Session]) {
	household, reader := v.Statement().Household, v.Statement().From
	since := m.Now().UnixMilli()
	rings, stop := m.Bell.Listen(topic(household, reader))
	defer stop()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var removed atomic.Bool
	ended := make(chan struct{})
	stopWatching := m.Keys.Rosters.While(ctx, household, 0, m.same(v), func() {
		removed.Store(true)
		cancel()
		select {
		case <-ended:
		case <-time.After(goodbye): // it does not listen
			_ = conn.CloseNow()
		}
	})
	defer stopWatching()
	defer close(ended)
	// Reading has a life of its own: ending its context would cut the connection before the server's goodbye.
	reading, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		m.acknowledge(reading, conn, household, reader)
	}()
	err := m.deliver(inner, conn, household, reader, since, rings)
	switch {
	case ctx.Err() != nil:
		_ = conn.Close(websocket.StatusGoingAway, "")
	case removed.Load():
		m.refuse(ctx, conn, access.Stranger())
	case err != nil && inner.Err() == nil:
		m.Log.Warn("socket ended", "err", err)
	}
	cut()
	_ = conn.CloseNow()
	<-done
}

// same says whether the reader still is who it was when its socket began: in the roster, with the same key.
func (m *Mailbox) same(v *access.Verified[request.Session]) func(context.Context) (bool, error) {
	household, reader := v.Statement().Household, v.Statement().From
	key, _ := v.Roster().Key(reader)
	return func(ctx context.Context) (bool, error) {
		state, err := m.Keys.Rosters.State(ctx, household)
		if errors.Is(err, store.ErrMissing) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		now, ok := state.Key(reader)
		return ok && now.Equal(key), nil
	}
}

// deliver belongs to the goroutine of serve.
func (m *Mailbox) deliver(ctx context.Context, conn *websocket.Conn, h id.Household, reader id.Device, since int64, rings <-chan struct{}) error {
	hello := ready{Ready: true}
	if reader == id.Hub && m.Newest != nil {
		var err error
		if hello.Checkpoint, err = m.Newest(ctx, h); err != nil {
			return err
		}
		state, err := m.Keys.Rosters.State(ctx, h)
		if err != nil {
			return err
		}
		hello.Head = &state.Head
	}
	if err := m.send(ctx, conn, hello); err != nil {
		return err
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	last := int64(0)
	for {
		for {
			mail, err := m.Store.MailAfter(ctx, h, reader, last, since, batch)
			if err != nil {
				return err
			}
			for _, msg := range mail {
				d := api.Delivery{At: msg.At, Body: msg.Body, From: msg.Sender, ID: msg.ID, Kind: msg.Kind}
				if err := m.send(ctx, conn, d); err != nil {
					return err
				}
				last = msg.ID
			}
			if len(mail) < batch {
				break
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-rings:
		case <-ping.C:
			alive, cancel := context.WithTimeout(ctx, writeTime)
			err := conn.Ping(alive)
			cancel()
			if err != nil {
				return fmt.Errorf("mailbox: reader does not answer: %w", err)
			}
		}
	}
}

// acknowledge reads what the reader says until the socket ends.
func (m *Mailbox) acknowledge(ctx context.Context, conn *websocket.Conn, h id.Household, reader id.Device) {
	for {
		kind, b, err := conn.Read(ctx)
		if err != nil {
			return
		}
		var a said
		known := kind == websocket.MessageText && json.Unmarshal(b, &a) == nil
		switch {
		case known && a.Ack > 0:
			err = m.Store.Ack(ctx, h, reader, a.Ack, m.Now().UnixMilli())
		case known && a.Links > 0 && reader == id.Hub:
			err = m.links(ctx, conn, h, a.Links)
		default:
			_ = conn.Close(websocket.StatusPolicyViolation, string(api.Invalid))
			return
		}
		if err != nil {
			if ctx.Err() == nil {
				m.Log.Error("what a reader said was not done", "err", err)
			}
			return
		}
	}
}

// links sends the roster from a number on, as much of it as one envelope may have; nothing at its end.
func (m *Mailbox) links(ctx context.Context, conn *websocket.Conn, h id.Household, from int64) error {
	state, err := m.Keys.Rosters.State(ctx, h)
	if err != nil {
		return err
	}
	out, size := links{Links: [][]byte{}}, 0
	for ; from < int64(len(state.Chain)); from++ {
		link := state.Chain[from]
		if size += len(link); size > dsse.MaxBytes && len(out.Links) > 0 {
			break
		}
		out.Links = append(out.Links, link)
	}
	return m.send(ctx, conn, out)
}

func (m *Mailbox) send(ctx context.Context, conn *websocket.Conn, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("mailbox: encode frame: %w", err)
	}
	// A frame that is on its way when the server stops is finished, or the goodbye could not follow it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	if err := conn.Write(ctx, websocket.MessageText, b); err != nil {
		return fmt.Errorf("mailbox: send frame: %w", err)
	}
	return nil
}

func (m *Mailbox) enter(h id.Household) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open == nil {
		m.open = map[id.Household]int{}
	}
	if m.open[h] >= mostSockets {
		return api.NewProblem(api.TooMany, "", "this household has too many sockets open")
	}
	m.open[h]++
	return nil
}

func (m *Mailbox) leave(h id.Household) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open[h]--; m.open[h] == 0 {
		delete(m.open, h)
	}
}
