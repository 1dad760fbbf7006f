// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"
	"regexp"
	"strings"

	"keyhold/statement/id"
)

// ThingPush is the payload type of a message that the hub wants brought to a push service. It is newer than version 1.
const ThingPush = "push"

const (
	// PushSize is how many bytes the body of every push has.
	PushSize = 2923
	// MaxEndpoint bounds the address of a subscription.
	MaxEndpoint = 1024
	// MaxTTL is how long a push service may be asked to keep a message (seconds).
	MaxTTL = 24 * 3600
	// PushKeySize is the size of a subscription's public keys: uncompressed points of P-256. PushAuthSize is that of its secret.
	PushKeySize  = 65
	PushAuthSize = 16
)

// Urgencies of a push (RFC 8030).
const (
	UrgencyHigh   = "high"
	UrgencyNormal = "normal"
)

// Push asks the cloud to bring one message to a push service. Body is encrypted for a browser (RFC 8291), and Proof is by
// the key that the browser was told of when it subscribed (RFC 8292); the cloud has neither key.
type Push struct {
	At        int64        `json:"at"`
	Body      []byte       `json:"body"`
	Endpoint  string       `json:"endpoint"`
	From      id.Device    `json:"from"`
	Household id.Household `json:"household"`
	Nonce     []byte       `json:"nonce"`
	Proof     string       `json:"proof"`
	To        []byte       `json:"to"`
	TTL       int64        `json:"ttl"`
	Urgency   string       `json:"urgency"`
}

// proofForm is a signed token and the key that signed it, as they stand in a request's header. How long the token's parts
// may be is looked at apart: each number in an expression costs every program when it starts.
var proofForm = regexp.MustCompile(`^vapid t=([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+), k=([A-Za-z0-9_-]+)$`)

// proof says whether a text could be one.
func proof(s string) bool {
	parts := proofForm.FindStringSubmatch(s)
	return parts != nil && len(parts[1]) <= 600 && len(parts[2]) <= 600 && len(parts[3]) == 86 && len(parts[4]) == 87
}

// Check refuses values that the types allow.
func (p *Push) Check() error {
	if p.At <= 0 || p.From != id.Hub || !p.Household.Valid() || len(p.Nonce) != NonceSize || len(p.To) != 32 {
		return fmt.Errorf("push: a malformed field")
	}
	if len(p.Body) != PushSize {
		return fmt.Errorf("push: a body that is not of the one size")
	}
	if !endpoint(p.Endpoint) || !proof(p.Proof) {
		return fmt.Errorf("push: a malformed endpoint or proof")
	}
	if p.TTL < 0 || p.TTL > MaxTTL || (p.Urgency != UrgencyHigh && p.Urgency != UrgencyNormal) {
		return fmt.Errorf("push: a malformed time or urgency")
	}
	return nil
}

// endpoint says whether a text could be an endpoint; what it leads to, whoever sends there looks at.
func endpoint(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	if !ok || rest == "" || len(rest) > MaxEndpoint-len("https://") {
		return false
	}
	for i := range len(rest) {
		if rest[i] <= ' ' || rest[i] >= 0x7f {
			return false
		}
	}
	return true
}

// Subscription is where a browser takes push messages, and what they are encrypted with. It is for the hub alone.
type Subscription struct {
	Auth     []byte `json:"auth"`
	Endpoint string `json:"endpoint"`
	P256DH   []byte `json:"p256dh"`
}

func (s *Subscription) check() error {
	if s == nil {
		return nil
	}
	if len(s.Auth) != PushAuthSize || len(s.P256DH) != PushKeySize || s.P256DH[0] != 4 || !endpoint(s.Endpoint) {
		return fmt.Errorf("command: a malformed subscription")
	}
	return nil
}

// Received says when an alert came to a device.
type Received struct {
	At  int64 `json:"at"` // by the device's clock
	Seq int64 `json:"seq"`
}

func (r *Received) check() error {
	if r != nil && (r.At <= 0 || r.Seq < 1) {
		return fmt.Errorf("command: a malformed alert")
	}
	return nil
}

// Phone is a device that alerts are pushed to, as the hub knows it.
type Phone struct {
	// Brought is how long the push service had to wait for the alert that was Seen, and Left how long that was with the hub
	// before it went to the cloud: ms since it happened, 0 where that is not known. At most Took, and Left at most Brought.
	Brought int64     `json:"brought"`
	Device  id.Device `json:"device"`
	Left    int64     `json:"left"`
	// Seen is when it last said that an alert had come, and Took how long that one was on its way (milliseconds); 0 and 0
	// where it never has.
	Seen int64 `json:"seen"`
	// Service is the host of its push service.
	Service string `json:"service"`
	// Silent is since when alerts have been sent that it says nothing of; 0 where there are none.
	Silent int64 `json:"silent"`
	Since  int64 `json:"since"`
	Took   int64 `json:"took"`
}
