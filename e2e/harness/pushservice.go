// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// PushService is a push service of the test's own, on loopback. To Firefox it is what Mozilla's is (a WebSocket that is
// told what to register and brings messages); a test may register as well. It takes a message only with a proof by the key
// that was registered, as real ones do.
type PushService struct {
	server *httptest.Server
	came   chan struct{} // has a value once something came since it was last read

	mu       sync.Mutex
	places   map[string]*place // by the last part of their endpoint; guarded by mu
	messages []PushMessage     // guarded by mu
}

// place is one subscription.
type place struct {
	channel string
	key     []byte
	gone    bool
	send    func(notification) // nil where the test registered it
}

// PushMessage is what came for a subscription.
type PushMessage struct {
	Endpoint string
	Body     []byte
	Header   http.Header
	At       time.Time
}

// StartPushService starts one.
func StartPushService() *PushService {
	s := &PushService{places: map[string]*place{}, came: make(chan struct{}, 1)}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			s.take(w, r)
			return
		}
		s.browser(w, r)
	}))
	return s
}

// URL is its origin.
func (s *PushService) URL() string { return s.server.URL }

// WebSocket is where a browser connects.
func (s *PushService) WebSocket() string {
	return "ws" + strings.TrimPrefix(s.server.URL, "http") + "/"
}

// Close ends it.
func (s *PushService) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Register subscribes with the key of whoever may send, and returns the endpoint.
func (s *PushService) Register(key []byte) string {
	return s.register(&place{key: key})
}

func (s *PushService) register(p *place) string {
	var name [16]byte
	_, _ = rand.Read(name[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places[hex.EncodeToString(name[:])] = p
	return s.server.URL + "/wpush/" + hex.EncodeToString(name[:])
}

// End lets a subscription have ended.
func (s *PushService) End(endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.places[lastPart(endpoint)]; p != nil {
		p.gone = true
	}
}

// Messages are all that came.
func (s *PushService) Messages() []PushMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]PushMessage(nil), s.messages...)
}

// Wait waits until so many messages have come, and returns all of them.
func (s *PushService) Wait(ctx context.Context, n int) ([]PushMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		if all := s.Messages(); len(all) >= n {
			return all, nil
		}
		select {
		case <-s.came:
		case <-ctx.Done():
			return s.Messages(), errors.New("the push service was not brought what was expected")
		}
	}
}

func lastPart(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// take is the door at which senders knock (RFC 8030).
func (s *PushService) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 8192))
	s.mu.Lock()
	p := s.places[lastPart(r.URL.Path)]
	gone := p == nil || p.gone
	s.mu.Unlock()
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case len(body) > 4096:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case r.Header.Get("TTL") == "":
		w.WriteHeader(http.StatusBadRequest)
	case gone:
		w.WriteHeader(http.StatusGone)
	case !proved(r.Header.Get("Authorization"), s.server.URL, p.key):
		w.WriteHeader(http.StatusForbidden)
	default:
		s.mu.Lock()
		s.messages = append(s.messages, PushMessage{Endpoint: s.server.URL + r.URL.Path, Body: body, Header: r.Header.Clone(), At: time.Now()})
		send := p.send
		s.mu.Unlock()
		select {
		case s.came <- struct{}{}:
		default:
		}
		if send != nil {
			send(notification{
				MessageType: "notification", ChannelID: p.channel, Version: hex.EncodeToString(body[:8]),
				Data: base64.RawURLEncoding.EncodeToString(body), Headers: map[string]string{"encoding": r.Header.Get("Content-Encoding")},
			})
		}
		w.Header().Set("Location", s.server.URL+"/message/1")
		w.WriteHeader(http.StatusCreated)
	}
}

// proved checks a sender's proof (RFC 8292).
func proved(header, audience string, key []byte) bool {
	token, k, ok := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	parts := strings.Split(token, ".")
	decode := base64.RawURLEncoding.DecodeString
	sender, err := decode(k)
	if !ok || len(parts) != 3 || err != nil || string(sender) != string(key) {
		return false
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), sender)
	if err != nil {
		return false
	}
	claims, err1 := decode(parts[1])
	sig, err2 := decode(parts[2])
	var said struct {
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
	}
	if err1 != nil || err2 != nil || len(sig) != 64 || json.Unmarshal(claims, &said) != nil {
		return false
	}
	now := time.Now().Unix()
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return said.Audience == audience && said.Expires > now && said.Expires <= now+24*3600 &&
		ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}

// What a browser and its push service say to each other.
type (
	said struct {
		MessageType string `json:"messageType"`
		UAID        string `json:"uaid"`
		ChannelID   string `json:"channelID"`
		Key         string `json:"key"`
	}
	answer struct {
		MessageType  string `json:"messageType"`
		UAID         string `json:"uaid,omitempty"`
		UseWebPush   bool   `json:"use_webpush,omitempty"`
		ChannelID    string `json:"channelID,omitempty"`
		PushEndpoint string `json:"pushEndpoint,omitempty"`
		Status       int    `json:"status"`
	}
	notification struct {
		MessageType string            `json:"messageType"`
		ChannelID   string            `json:"channelID"`
		Version     string            `json:"version"`
		Data        string            `json:"data"`
		Headers     map[string]string `json:"headers"`
	}
)

// browser serves one browser until it goes.
func (s *PushService) browser(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, Subprotocols: []string{"push-notification"}})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx := r.Context()
	send := func(v any) { _ = wsjson.Write(ctx, conn, v) }
	for {
		var m said
		if err := wsjson.Read(ctx, conn, &m); err != nil {
			return
		}
		switch m.MessageType {
		case "hello":
			uaid := m.UAID
			if uaid == "" {
				uaid = strings.Repeat("5", 32)
			}
			send(answer{MessageType: "hello", UAID: uaid, UseWebPush: true, Status: 200})
			s.again(func(n notification) { send(n) })
		case "register":
			key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(m.Key, "="))
			if err != nil {
				send(answer{MessageType: "register", ChannelID: m.ChannelID, Status: 400})
				continue
			}
			endpoint := s.register(&place{channel: m.ChannelID, key: key, send: func(n notification) { send(n) }})
			send(answer{MessageType: "register", ChannelID: m.ChannelID, PushEndpoint: endpoint, Status: 200})
		case "unregister":
			s.forget(m.ChannelID)
			send(answer{MessageType: "unregister", ChannelID: m.ChannelID, Status: 200})
		case "":
			_ = conn.Write(ctx, websocket.MessageText, []byte("{}")) // a ping
		}
	}
}

// again lets what a browser has registered be brought by its newest connection: a test has one browser.
func (s *PushService) again(send func(notification)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.places {
		if p.channel != "" {
			p.send = send
		}
	}
}

func (s *PushService) forget(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.places {
		if p.channel == channel {
			p.gone = true
		}
	}
}
