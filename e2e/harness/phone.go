// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"keyhold/member/session"
	"keyhold/sealing/box"
	"keyhold/statement/alert"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// Phone is what the browser of a phone has of a subscription: alerts come to it while its app is closed.
type Phone struct {
	Who      *session.Session // whose it is
	Endpoint string

	own  *ecdh.PrivateKey
	auth []byte
}

// Subscribe lets somebody's phone subscribe here, and tell its hub.
func (s *PushService) Subscribe(ctx context.Context, who *session.Session) (*Phone, error) {
	p := &Phone{Who: who, auth: make([]byte, request.PushAuthSize)}
	var err error
	if p.own, err = ecdh.P256().GenerateKey(rand.Reader); err != nil {
		return nil, fmt.Errorf("make a phone's key: %w", err)
	}
	_, _ = rand.Read(p.auth)
	reply, err := who.Do(ctx, request.Op{Kind: request.OpPushKey})
	if err != nil {
		return nil, fmt.Errorf("ask the hub for its key: %w", err)
	}
	p.Endpoint = s.Register(reply.Result.PushKey)
	return p, p.Tell(ctx, p.Endpoint)
}

// Tell tells the hub of the subscription, as one at some endpoint.
func (p *Phone) Tell(ctx context.Context, endpoint string) error {
	_, err := p.Who.Do(ctx, request.Op{Kind: request.OpSubscribe, Push: &request.Subscription{
		Auth: p.auth, Endpoint: endpoint, P256DH: p.own.PublicKey().Bytes(),
	}})
	return err
}

// Open does what a browser does with a message (RFC 8291), and then what the worker does.
func (p *Phone) Open(body []byte) (*alert.Alert, error) {
	const head = 21 // of salt, the size of records, and that of the sender's key
	if len(body) < head || len(body) < head+int(body[head-1]) {
		return nil, errors.New("a message that is too short")
	}
	salt, size := body[:16], int(body[head-1])
	sender, err := ecdh.P256().NewPublicKey(body[head : head+size])
	if err != nil {
		return nil, fmt.Errorf("read the sender's key: %w", err)
	}
	shared, err := p.own.ECDH(sender)
	if err != nil {
		return nil, err
	}
	input, err := hkdf.Key(sha256.New, shared, p.auth, "WebPush: info\x00"+string(p.own.PublicKey().Bytes())+string(sender.Bytes()), 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, input, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, input, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, body[head+size:], nil)
	if err != nil {
		return nil, fmt.Errorf("open the message: %w", err)
	}
	for len(plain) > 0 && plain[len(plain)-1] == 0 {
		plain = plain[:len(plain)-1]
	}
	if len(plain) == 0 {
		return nil, errors.New("a message without an end")
	}
	sealed, err := base64.RawURLEncoding.DecodeString(string(plain[:len(plain)-1]))
	if err != nil {
		return nil, fmt.Errorf("read the message: %w", err)
	}
	s := p.Who
	info := box.Context{"household": string(s.Home.Household), "purpose": alert.Purpose}
	text, err := s.Keys.Reader().Open(info, box.Context{"from": string(id.Hub), "to": string(s.Keys.ID())}, sealed)
	if err != nil {
		return nil, fmt.Errorf("open the alert: %w", err)
	}
	return alert.Read(text, s.Keys.ID(), s.Roster, s.Now().UnixMilli(), 0)
}
