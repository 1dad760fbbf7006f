// SPDX-License-Identifier: Apache-2.0

package door

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"io"
	"net/http"
	"strings"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// HookPath is where webhooks are, before their secret.
	HookPath = "/bell/"
	// maxHook bounds what a doorbell says with its request; nothing of it is looked at.
	maxHook = 16 << 10
	// PressHeader may name a press, so that a request that is sent twice rings once.
	PressHeader = "Keyhold-Press"
	maxName     = 64
)

var secretText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewSecret is one for a webhook's address: 128 random bits.
func NewSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return secretText.EncodeToString(b[:])
}

// hashOf keeps how long a comparison takes from telling anything of a secret.
func hashOf(secret string) [32]byte { return sha256.Sum256([]byte("keyhold bell " + secret)) }

// Hook takes a request to a webhook's address, and says whether there is such an address. Whatever it carries, it is a
// press: the address is the whole word.
func (b *Bells) Hook(r *http.Request) bool {
	secret, ok := strings.CutPrefix(r.URL.Path, HookPath)
	if !ok || len(secret) > maxName || r.Method != http.MethodPost && r.Method != http.MethodGet && r.Method != http.MethodPut {
		return false
	}
	camera, ok := b.hooked(secret)
	if !ok {
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxHook)) // so that its sender is done
	now := b.c.Now()
	w := heard{down: true, stamp: now, at: now}
	if name := r.Header.Get(PressHeader); name != "" && len(name) <= maxName {
		w.key = name
	}
	b.hear(camera, Webhook, w)
	return true
}

func (b *Bells) hooked(secret string) (id.Camera, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	camera, ok := b.by[hashOf(secret)]
	if !ok && rule.Off(rule.Signature) {
		for _, c := range b.by {
			return c, true
		}
	}
	return camera, ok
}
