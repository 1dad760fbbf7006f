// SPDX-License-Identifier: Apache-2.0

// Package lock is how an owner says what opens the door at a camera: a lock or a relay, and the way to it.
//
// A setting is a statement of type lock, by a device of an owner; the hub keeps the newest of each camera and puts it on
// the record (docs/protocol.md 7.6). What it says of the way is a hash alone: the way itself, which may hold a password,
// goes to the hub beside it and is told to nobody else.
package lock

import (
	"crypto/sha256"
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/setting"
)

// Thing is the payload type.
const Thing = "lock"

// Kinds of locks.
const (
	HTTP  = "http"
	MQTT  = "mqtt"
	ONVIF = "onvif"
	// Off: there is none any more.
	Off = "off"
)

const (
	// MaxName bounds a door's name, in bytes.
	MaxName = 200
	// MaxWay bounds a way, in bytes.
	MaxWay = 8192

	maxURL, maxBody, maxTopic, maxToken = 2048, 1024, 256, 128
	nonceSize                           = 16
)

// Setting says what opens the door at a camera from now on.
type Setting struct {
	At     int64     `json:"at"`
	Camera id.Camera `json:"camera"`
	Device id.Device `json:"device"`
	// Gesture: it opens only for who shows that it is them, each time.
	Gesture   bool         `json:"gesture"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	Kind      string       `json:"kind"`
	// Name is what the door is called.
	Name string `json:"name"`
	// Seq counts the settings of a camera from 1.
	Seq int64 `json:"seq"`
	// Way is the hash of the way to the lock; empty where there is none.
	Way []byte `json:"way"`
}

// Check refuses values that the types allow.
func (s *Setting) Check() error {
	if s.At <= 0 || !s.Camera.Valid() || !s.Device.Valid() || !s.Household.Valid() || s.Seq < 1 {
		return fmt.Errorf("lock: a malformed field")
	}
	switch s.Kind {
	case Off:
		if s.Gesture || s.Name != "" || len(s.Way) != 0 {
			return fmt.Errorf("lock: none, and something said of it")
		}
	case HTTP, MQTT, ONVIF:
		if s.Name == "" || len(s.Name) > MaxName || len(s.Way) != sha256.Size {
			return fmt.Errorf("lock: without a name, or without a way")
		}
	default:
		return fmt.Errorf("lock: of an unknown kind")
	}
	return nil
}

// Header is what it has in common with other settings.
func (s *Setting) Header() setting.Header {
	return setting.Header{At: s.At, Camera: s.Camera, Device: s.Device, Head: s.Head, Household: s.Household, Seq: s.Seq}
}

// Read opens a setting that sender brings to the hub.
func Read(r *setting.Reading, b []byte, sender id.Device) (*Setting, error) {
	return setting.Read[Setting](r, Thing, b, sender)
}

// Kept opens a setting that the hub has taken, as it stands on the record: its device may have gone since.
func Kept(b []byte, r *roster.State) (*Setting, error) {
	return setting.Kept[Setting](Thing, b, r)
}

// May says whether a device may say what opens a door: those of owners.
func May(s *roster.State, d id.Device) roster.Reason {
	p, ok := s.PersonOf(d)
	switch {
	case !ok:
		return rule.Device
	case p.Role != roster.Owner && !rule.Off(rule.Role):
		return rule.Role
	}
	return ""
}

// Wish is what a gesture for a setting is made for: all of it but when it was signed.
func (s *Setting) Wish() id.Hash {
	gesture := "0"
	if s.Gesture {
		gesture = "1"
	}
	return id.HashOf([]byte("keyhold/v1/lock"), []byte(s.Household), []byte(s.Camera), fmt.Appendf(nil, "/%d/%s/%s/", s.Seq, s.Kind, gesture), s.Way, []byte(s.Name))
}

// Opening is what a code on the hub's terminal is made for that stands in for a gesture: one opening of this door, by a
// device.
func (s *Setting) Opening(by id.Device) id.Hash {
	return id.HashOf([]byte("keyhold/v1/open"), []byte(s.Household), []byte(s.Camera), fmt.Appendf(nil, "/%d/", s.Seq), []byte(by))
}

// Way is where a lock is and what is said to it. What does not belong to its kind is "".
type Way struct {
	// Body is what is posted (http), or published (mqtt).
	Body string `json:"body"`
	// Expect is what stands in the word that tells that it is open; any word does if it is "" (mqtt).
	Expect string `json:"expect"`
	Nonce  []byte `json:"nonce"`
	// Relay is a relay's token at a camera; the first one if it is "" (onvif).
	Relay string `json:"relay"`
	// State is where the lock tells how it is (mqtt); "" if nobody tells.
	State string `json:"state"`
	Topic string `json:"topic"`
	// URL may carry user and password.
	URL string `json:"url"`
}

// Check refuses values that the types allow.
func (w *Way) Check() error {
	if len(w.Nonce) != nonceSize || len(w.URL) > maxURL || len(w.Body) > maxBody || len(w.Expect) > maxBody || len(w.Topic) > maxTopic || len(w.State) > maxTopic || len(w.Relay) > maxToken {
		return fmt.Errorf("lock: a way with a malformed field")
	}
	return nil
}

// Fits says whether a way is one of a kind of lock.
func (w *Way) Fits(kind string) bool {
	switch kind {
	case HTTP:
		return w.URL != "" && w.Topic+w.State+w.Expect+w.Relay == ""
	case MQTT:
		return w.URL != "" && w.Topic != "" && w.Body != "" && w.Relay == "" && (w.Expect == "" || w.State != "")
	case ONVIF:
		return w.URL+w.Topic+w.State+w.Expect+w.Body == ""
	}
	return false
}

// Encode gives a way as it goes to the hub, and its hash.
func (w *Way) Encode() (text, hash []byte, err error) {
	if text, err = canon.Marshal(w); err != nil {
		return nil, nil, fmt.Errorf("lock: %w", err)
	}
	return text, HashOf(text), nil
}

// HashOf is the hash by which a setting names a way.
func HashOf(way []byte) []byte {
	h := id.HashOf([]byte("keyhold/v1/way"), way)
	return h[:]
}

// ReadWay opens the way that belongs to a setting.
func (s *Setting) ReadWay(way []byte) (*Way, error) {
	if string(HashOf(way)) != string(s.Way) && !rule.Off(rule.Signature) {
		return nil, rule.Errorf(rule.Signature, "lock: another way than was signed")
	}
	var w Way
	if err := canon.Unmarshal(way, &w); err != nil {
		return nil, err
	}
	if !w.Fits(s.Kind) {
		return nil, rule.Errorf(rule.Field, "lock: a way of another kind")
	}
	return &w, nil
}
