// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"keyhold/statement/roster"
)

// maxFrame bounds one frame of a socket: a piece of mail in base64 and what stands around it.
const maxFrame = 256 << 10

// Socket brings a reader's mail. Receive belongs to one goroutine; Ack may be called from another.
type Socket struct {
	// Checkpoint is the newest that the cloud has of the household, told to the hub alone; "" if there is none.
	Checkpoint string
	// Head is the newest link of the roster that the cloud has, told to the hub alone; zero if it was not told.
	Head roster.Head

	conn *websocket.Conn
	// early came while links were asked for; owned by the goroutine of Receive.
	early []*Delivery
}

// Socket opens the socket with a signed session envelope and returns once the cloud has accepted it. Reconnecting,
// with a new session statement each time, is the caller's.
func (c *Client) Socket(ctx context.Context, session []byte) (*Socket, error) {
	u := c.url("/v1/socket")
	if rest, ok := strings.CutPrefix(u, "http"); ok {
		u = "ws" + rest
	}
	conn, res, err := websocket.Dial(ctx, u, &websocket.DialOptions{HTTPClient: c.http()}) //nolint:bodyclose // Dial says that its callers never need to
	if err != nil {
		if res != nil && res.StatusCode >= http.StatusBadRequest {
			return nil, fmt.Errorf("api: socket: %w", problemOf(res))
		}
		return nil, fmt.Errorf("api: socket: cloud cannot be reached: %w", err)
	}
	conn.SetReadLimit(maxFrame)
	s := &Socket{conn: conn}
	if err := conn.Write(ctx, websocket.MessageText, session); err != nil {
		_ = conn.CloseNow()
		return nil, fmt.Errorf("api: socket: send session: %w", err)
	}
	var first frame
	if err := s.read(ctx, &first); err != nil {
		_ = conn.CloseNow()
		return nil, fmt.Errorf("api: socket: %w", err)
	}
	if !first.Ready {
		_ = conn.CloseNow()
		return nil, fmt.Errorf("api: socket: cloud did not say that it is ready")
	}
	s.Checkpoint = first.Checkpoint
	if first.Head != nil {
		s.Head = *first.Head
	}
	return s, nil
}

// frame is any text the cloud sends: ready, a refusal before it closes, or a delivery.
type frame struct {
	Checkpoint string       `json:"checkpoint"`
	Head       *roster.Head `json:"head"`
	Ready      bool         `json:"ready"`
	Problem    *Problem     `json:"problem"`
	Links      *[][]byte    `json:"links"`
	Delivery
}

// Receive waits for the next delivery. An error ends the socket.
func (s *Socket) Receive(ctx context.Context) (*Delivery, error) {
	if len(s.early) > 0 {
		d := s.early[0]
		s.early = s.early[1:]
		return d, nil
	}
	var f frame
	if err := s.read(ctx, &f); err != nil {
		_ = s.conn.CloseNow()
		return nil, fmt.Errorf("api: socket: %w", err)
	}
	return &f.Delivery, nil
}

// Links asks, as the hub, for links of the roster from a number on; none means that there are no more. It belongs to the
// goroutine of Receive, which gets what comes meanwhile.
func (s *Socket) Links(ctx context.Context, from int64) ([][]byte, error) {
	b, err := json.Marshal(struct {
		Links int64 `json:"links"`
	}{from})
	if err != nil {
		return nil, fmt.Errorf("api: socket: %w", err)
	}
	if err := s.conn.Write(ctx, websocket.MessageText, b); err != nil {
		return nil, fmt.Errorf("api: socket: ask for links: %w", err)
	}
	for {
		var f frame
		if err := s.read(ctx, &f); err != nil {
			return nil, fmt.Errorf("api: socket: links: %w", err)
		}
		if f.Links != nil {
			return *f.Links, nil
		}
		s.early = append(s.early, &f.Delivery)
	}
}

func (s *Socket) read(ctx context.Context, f *frame) error {
	kind, b, err := s.conn.Read(ctx)
	if err != nil {
		var ce websocket.CloseError
		if errors.As(err, &ce) && ce.Code == websocket.StatusGoingAway {
			return NewProblem(Unavailable, "", "the cloud is stopping")
		}
		return fmt.Errorf("connection ended: %w", err)
	}
	if kind != websocket.MessageText || json.Unmarshal(b, f) != nil {
		return errors.New("cloud sent what the protocol does not know")
	}
	if f.Problem != nil {
		return f.Problem
	}
	return nil
}

// Ack says that the delivery with this number, and all before it, need not be sent again.
func (s *Socket) Ack(ctx context.Context, n int64) error {
	b, err := json.Marshal(struct {
		Ack int64 `json:"ack"`
	}{n})
	if err != nil {
		return fmt.Errorf("api: socket: %w", err)
	}
	if err := s.conn.Write(ctx, websocket.MessageText, b); err != nil {
		return fmt.Errorf("api: socket: acknowledge: %w", err)
	}
	return nil
}

// Close ends the socket.
func (s *Socket) Close() error { return s.conn.Close(websocket.StatusNormalClosure, "") }

// Drop ends the socket without a word, for who knows that nobody would hear it.
func (s *Socket) Drop() { _ = s.conn.CloseNow() }
