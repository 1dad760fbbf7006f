// SPDX-License-Identifier: Apache-2.0

// Package session is a device's conversation with its cloud and, through it, with its hub.
//
// A Session belongs to one reader: a device of the household, or its recovery sheet. Sync asks the cloud
// for everything but footage and gives back a View, in which nothing is left that was not checked by the
// rules of docs/protocol.md 5.2 against the hub's key; Cached gives the View of the last Sync again,
// without any network. Do sends the hub a sealed command and returns its signed reply.
//
// It trusts the roster that it replays from the household's id, and nothing that the cloud says. What
// did not pass is an error that names its rule. Two things do not hide the rest: a hub that has not been
// heard of, and a cloud that shows less than the hub says it has sent; they stand in View.Alarms beside
// what could be verified. A crash leaves the cache behind, sealed as it came, and checked again when read.
package session

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"time"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/sealing/box"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Keys are what a reader signs and opens with.
type Keys interface {
	// ID is the device's id, or "sheet".
	ID() id.Device
	// Sign is the signing key.
	Sign() ed25519.PrivateKey
	// Reader opens what was sealed to this reader.
	Reader() *box.Key
}

// Session is one reader's.
type Session struct {
	// Folder may be nil (the sheet has none): then nothing is remembered or cached.
	Folder *device.Folder
	Keys   Keys
	Home   device.Household
	// Client speaks with whoever answers this reader: the cloud or, once that is away, the hub at home.
	Client *api.Client
	// Roster is the newest that was checked.
	Roster *roster.State
	// Newest is the View of the newest Sync, nil before the first.
	Newest *View
	// WentHome, where it is set, is called once, when the session turns to the hub at home.
	WentHome func()
	// Now and Rand are the machine's unless a test replaces them.
	Now  func() time.Time
	Rand io.Reader

	// heard is the hub's newest signed word on what it has uploaded, from replies.
	heard map[id.Run]int64
	// atHome says that Client is the hub at home, byHome that the last reply came that way, spoke that somebody has answered.
	atHome, byHome, spoke bool
	// kept are the packs of starred moments, by the hub's newest word on each camera.
	kept map[id.Camera]map[id.Object]bool
	// cloudAlone keeps a session with one cloud: what that one shows is the point.
	cloudAlone bool
}

// Open starts the session of the device in a folder.
func Open(folder *device.Folder, client *api.Client) (*Session, error) {
	secret, err := folder.Secret()
	if err != nil {
		return nil, err
	}
	home, err := folder.Household()
	if err != nil {
		return nil, err
	}
	return New(folder, secret, home, client)
}

// New starts a session with keys that need not come from a folder.
func New(folder *device.Folder, keys Keys, home device.Household, client *api.Client) (*Session, error) {
	state, err := roster.Replay(home.Roster, home.Household)
	if err != nil {
		return nil, fmt.Errorf("check the stored roster: %w", err)
	}
	return &Session{
		Folder: folder, Keys: keys, Home: home, Client: client, Roster: state,
		Now: time.Now, Rand: rand.Reader, heard: map[id.Run]int64{},
	}, nil
}

func (s *Session) nowMS() int64 { return s.Now().UnixMilli() }

// Person is the person that this session's device, or its sheet, belongs to.
func (s *Session) Person() id.Person {
	if m, ok := s.Roster.Device(s.Keys.ID()); ok {
		return m.Person
	}
	if s.Keys.ID() == id.Sheet {
		return s.Roster.SheetPerson
	}
	return s.Home.Person
}

// RemovedError says that the household's roster no longer holds this device.
type RemovedError struct {
	// At is the time that stands in the statement, By who signed it.
	At int64
	By id.Device
}

func (e *RemovedError) Error() string { return "this device was removed from the household" }

// belongs wants this session's device in the roster. The cloud tells a device that is out nothing at all; but one that
// is being removed can still see it happen.
func (s *Session) belongs() error {
	if s.Keys.ID() == id.Sheet {
		return nil
	}
	if _, ok := s.Roster.Device(s.Keys.ID()); ok {
		return nil
	}
	gone := &RemovedError{}
	for seq := s.Roster.Head.Seq; seq > 0; seq-- {
		l, ok := s.Roster.LinkAt(seq)
		if !ok {
			break
		}
		op, ok := l.Op.(roster.Remove)
		if !ok {
			continue
		}
		e, err := dsse.Parse(op.Removal)
		if err != nil {
			continue
		}
		var r roster.Removal
		if e.Read(roster.ThingRemoval, &r) == nil && (r.Device == s.Keys.ID() || r.Person == s.Home.Person) {
			gone.At, gone.By = l.At, e.Signatures[0].KeyID
			break
		}
	}
	return gone
}

// fetch signs a fetch statement.
func (s *Session) fetch(kind, purpose string, cameras []id.Camera, from, until int64) ([]byte, error) {
	nonce, err := s.nonce()
	if err != nil {
		return nil, err
	}
	if cameras == nil {
		cameras = []id.Camera{}
	}
	e, err := dsse.Signed(request.ThingFetch, &request.Fetch{
		At: s.nowMS(), Cameras: cameras, Device: s.Keys.ID(), From: from, Household: s.Home.Household,
		Kind: kind, Nonce: nonce, Purpose: purpose, To: s.audience(), Until: until,
	}, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return nil, fmt.Errorf("sign fetch: %w", err)
	}
	return e.Encode(), nil
}

// Footage asks for objects. It is a look: the cloud tells the hub, and the hub writes it down.
func (s *Session) Footage(ctx context.Context, purpose string, camera id.Camera, from, until int64) (*api.Footage, error) {
	statement, err := s.fetch(request.FetchFootage, purpose, []id.Camera{camera}, from, until)
	if err != nil {
		return nil, err
	}
	return s.Client.Footage(ctx, statement)
}

func (s *Session) nonce() ([]byte, error) {
	b := make([]byte, request.NonceSize)
	if _, err := io.ReadFull(s.Rand, b); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return b, nil
}

// takeRoster moves to a newer chain. It may only continue the one that is known. Mostly it is that one, byte by byte, which
// was checked when it came.
func (s *Session) takeRoster(chain [][]byte) error {
	if s.Roster.Household == s.Home.Household && slices.EqualFunc(chain, s.Roster.Chain, bytes.Equal) {
		return s.SetRoster(s.Roster)
	}
	state, err := roster.Replay(chain, s.Home.Household)
	if err != nil {
		return fmt.Errorf("check the roster: %w", err)
	}
	ahead, err := s.continues(state)
	if err != nil || ahead {
		return err
	}
	return s.SetRoster(state)
}

// continues wants a chain to go on from the one that is known. ahead says that what is known is more, and honestly so: the
// hub has said it at home, and the cloud has not heard of it yet.
func (s *Session) continues(next *roster.State) (ahead bool, err error) {
	known := s.Roster
	for i := range min(len(known.Chain), len(next.Chain)) {
		if bytes.Equal(known.Chain[i], next.Chain[i]) {
			continue
		}
		a, errA := dsse.Parse(known.Chain[i])
		b, errB := dsse.Parse(next.Chain[i])
		if errA != nil || errB != nil {
			return false, rule.Errorf(rule.Syntax, "the roster holds what is no envelope")
		}
		if a.Hash() != b.Hash() && !rule.Off(rule.RosterFork) {
			return false, rule.Errorf(rule.RosterFork, "two rosters with the hub's signature contradict each other at number %d", i)
		}
	}
	if next.Head.Seq >= known.Head.Seq {
		return false, nil
	}
	if ahead, err = s.toldAtHome(next.Head.Seq); err != nil || ahead {
		return ahead, err
	}
	if !rule.Off(rule.RolledBack) {
		return false, rule.Errorf(rule.RolledBack, "the roster ends at number %d, this device has seen number %d", next.Head.Seq, known.Head.Seq)
	}
	return false, nil
}

// SetRoster takes a state that was checked already, for example one that this session moved itself.
func (s *Session) SetRoster(state *roster.State) error {
	s.Roster = state
	if s.Folder == nil {
		return nil
	}
	return s.Folder.SetRoster(state.Chain)
}
