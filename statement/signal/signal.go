// SPDX-License-Identifier: Apache-2.0

// Package signal holds what a device and the hub say to each other before and after pictures flow, and what the hub
// tells everybody about it (docs/protocol.md, section 14).
//
// A signal is signed by its sender, and sealed to its reader by whoever uses this package. Read checks it in the order
// of that section; what it gives back may be acted on, but for May, which the hub asks itself. The package has no clock,
// no network and no memory: what was seen before is asked of the caller.
package signal

import (
	"crypto/ed25519"
	"fmt"
	"slices"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Payload types.
const (
	Thing         = "signal"
	ThingWatching = "watching"
)

// Purpose stands in the info of both when they are sealed.
const Purpose = "live"

// Kinds of signals.
const (
	Offer   = "offer"
	Answer  = "answer"
	Refused = "refused"
	End     = "end"
	Ask     = "ask"
)

// Words of a refusal.
const (
	Late     = "late"
	Stale    = "stale"
	Denied   = "denied"
	NotFound = "not-found"
	Invalid  = "invalid"
	Busy     = "busy"
	// Private: a camera is turned off at its source. The hub also ends views with it.
	Private = "private"
)

// Words by which the hub ends a view.
const (
	EndRight  = "right"
	EndCamera = "camera"
	EndHub    = "hub"
	EndLost   = "lost"
)

const (
	// Window is how far a signal's time may be from its reader's (milliseconds).
	Window = 30_000
	// MaxCameras is how many one view may have.
	MaxCameras = 16
	// MaxBody bounds an SDP, so that the signal fits into a piece of mail.
	MaxBody = 36_864
	// NonceSize is the size of a nonce.
	NonceSize = 16
)

// Signal is one message about a view.
type Signal struct {
	At        int64        `json:"at"`
	Body      string       `json:"body"`
	Cameras   []id.Camera  `json:"cameras"`
	From      id.Device    `json:"from"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	Kind      string       `json:"kind"`
	Nonce     []byte       `json:"nonce"`
	To        id.Device    `json:"to"`
	View      id.View      `json:"view"`
}

// Check refuses values that the types allow.
func (s *Signal) Check() error {
	if s.At <= 0 || !s.Household.Valid() || len(s.Nonce) != NonceSize || !s.View.Valid() {
		return fmt.Errorf("signal: a malformed field")
	}
	fromDevice := s.From.Valid() && s.To == id.Hub
	if !fromDevice && (s.From != id.Hub || !s.To.Valid()) {
		return fmt.Errorf("signal: it goes from a device to the hub, or back")
	}
	ofView := false // it says what is watched
	switch s.Kind {
	case Offer:
		ofView = true
		if !fromDevice || !sdp(s.Body) {
			return fmt.Errorf("signal: a malformed offer")
		}
	case Answer:
		ofView = true
		if fromDevice || !sdp(s.Body) {
			return fmt.Errorf("signal: a malformed answer")
		}
	case Refused:
		ofView = true
		if fromDevice || !slices.Contains([]string{Late, Stale, Denied, NotFound, Invalid, Busy, Private}, s.Body) {
			return fmt.Errorf("signal: a malformed refusal")
		}
	case End:
		if fromDevice != (s.Body == "") || (!fromDevice && !slices.Contains([]string{EndRight, EndCamera, EndHub, EndLost, Private}, s.Body)) {
			return fmt.Errorf("signal: a malformed end")
		}
	case Ask:
		if !fromDevice || s.Body != "" {
			return fmt.Errorf("signal: a malformed question")
		}
	default:
		return fmt.Errorf("signal: an unknown kind")
	}
	return s.checkCameras(ofView)
}

func (s *Signal) checkCameras(some bool) error {
	if some != (len(s.Cameras) > 0) || len(s.Cameras) > MaxCameras {
		return fmt.Errorf("signal: a view has 1 to %d cameras", MaxCameras)
	}
	for i, c := range s.Cameras {
		if !c.Valid() || slices.Contains(s.Cameras[:i], c) {
			return fmt.Errorf("signal: a camera that is none, or named twice")
		}
	}
	return nil
}

// sdp says whether a text could be a session description: what stands in it, the connection finds out.
func sdp(s string) bool {
	if s == "" || len(s) > MaxBody {
		return false
	}
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Reading is who reads signals, and what they know.
type Reading struct {
	To     id.Device
	Roster *roster.State
	// Now is the reader's clock.
	Now int64
	// Seen says whether a nonce came before. It is asked once time has passed, and remembers the nonce for twice Window.
	Seen func(nonce []byte) bool
	// Waiting are the reader's own offers that have no answer yet; the hub has none.
	Waiting []*Signal
}

// Read opens a signal that came from sender and checks it. A refusal by rule.Time, rule.Head or rule.Replay comes with
// the signal, whose signature holds: the hub answers the first two.
func (r *Reading) Read(b []byte, sender id.Device) (*Signal, id.Hash, error) {
	e, err := dsse.Parse(b)
	if err != nil {
		return nil, id.Hash{}, err
	}
	var s Signal
	if err := e.Read(Thing, &s); err != nil {
		return nil, id.Hash{}, err
	}
	if err := r.authentic(e, &s, sender); err != nil {
		return nil, id.Hash{}, err
	}
	return &s, e.Hash(), r.timely(&s)
}

// authentic says that the signal is for the reader, and by whom it says.
func (r *Reading) authentic(e *dsse.Envelope, s *Signal, sender id.Device) error {
	if s.Household != r.Roster.Household && !rule.Off(rule.Household) {
		return rule.Errorf(rule.Household, "signal: of another household")
	}
	if (s.To != r.To || s.From != sender) && !rule.Off(rule.Audience) {
		return rule.Errorf(rule.Audience, "signal: for another reader, or brought by somebody else than its sender")
	}
	key, ok := r.Roster.Key(s.From)
	if !ok && !rule.Off(rule.Signer) {
		return rule.Errorf(rule.Signer, "signal: its sender is not in the household")
	}
	return e.Verify(map[id.Device]ed25519.PublicKey{s.From: key})
}

func (r *Reading) timely(s *Signal) error {
	// That the clocks differ is what a late refusal says; it is fresh by the offer that waits for it.
	late := s.Kind == Refused && s.Body == Late
	if !late && (s.At < r.Now-Window || s.At > r.Now+Window) && !rule.Off(rule.Time) {
		return rule.Errorf(rule.Time, "signal: older or newer than half a minute; is a clock wrong?")
	}
	if r.Seen != nil && r.Seen(s.Nonce) && !rule.Off(rule.Replay) {
		return rule.Errorf(rule.Replay, "signal: it came before")
	}
	switch s.Kind {
	case Offer:
		if s.Head != r.Roster.Head.Hash && !rule.Off(rule.Head) {
			return rule.Errorf(rule.Head, "signal: made at another head than the household's")
		}
	case Answer, Refused:
		offer := r.offer(s)
		if offer == nil {
			return rule.Errorf(rule.Replay, "signal: nobody waits for this answer")
		}
		if s.Kind == Answer && s.Head != offer.Head && !rule.Off(rule.Head) {
			return rule.Errorf(rule.Head, "signal: answered at another head than that of the offer")
		}
	}
	return nil
}

func (r *Reading) offer(s *Signal) *Signal {
	for _, o := range r.Waiting {
		if o.View == s.View && string(o.Nonce) == string(s.Nonce) && slices.Equal(o.Cameras, s.Cameras) {
			return o
		}
	}
	return nil
}
