// SPDX-License-Identifier: Apache-2.0

package push

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// proofTime is how long a push service takes a proof. It is short, because the cloud that carries one could use it again
// for as long, though only for what it cannot read.
const proofTime = time.Hour

// newKey makes the key by which a push service will know this hub as the sender to one browser.
func newKey() ([]byte, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("push: make a key: %w", err)
	}
	b, err := k.Bytes()
	if err != nil {
		return nil, fmt.Errorf("push: make a key: %w", err)
	}
	return b, nil
}

// public is the public half of a key, as browsers want it.
func public(key []byte) ([]byte, error) {
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), key)
	if err != nil {
		return nil, fmt.Errorf("push: read a key: %w", err)
	}
	return k.PublicKey.Bytes()
}

// prove shows a push service that a message comes from whom the browser subscribed to (RFC 8292). subject is whom the
// service may turn to, "" for nobody.
func prove(key []byte, endpoint, subject string, now time.Time) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("push: prove: %w", err)
	}
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), key)
	if err != nil {
		return "", fmt.Errorf("push: prove: %w", err)
	}
	pub, err := k.PublicKey.Bytes()
	if err != nil {
		return "", fmt.Errorf("push: prove: %w", err)
	}
	claims, err := json.Marshal(struct {
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
		Subject  string `json:"sub,omitempty"`
	}{u.Scheme + "://" + u.Host, now.Add(proofTime).Unix(), subject})
	if err != nil {
		return "", fmt.Errorf("push: prove: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString
	token := text([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + text(claims)
	sum := sha256.Sum256([]byte(token))
	r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
	if err != nil {
		return "", fmt.Errorf("push: prove: %w", err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return "vapid t=" + token + "." + text(sig) + ", k=" + text(pub), nil
}
