// SPDX-License-Identifier: Apache-2.0

// Package erasure is how a household has everything erased at a cloud, and what the cloud has to show for it.
//
// A Statement is an owner's, signed by one of their devices, for one cloud; the hub orders it. A Receipt is the
// cloud's: it names the statement by its hash, says how much of each kind is gone, and stands for a list with a hash of
// every single thing, blinded by the statement's nonce. So what stays at the cloud for a while leads nobody to a
// household, and whoever has the statement and their own record can look for each object in the list. A receipt proves
// what the operator says, not what the operator's disks hold. Nothing here keeps state.
package erasure

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"sort"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Thing is the payload type of a statement.
const Thing = "erase"

// What a statement can want.
const (
	// Erase hides everything at once, and has it erased after Wait.
	Erase = "erase"
	// Keep takes that back.
	Keep = "keep"
)

const (
	// Wait is how long everything stays hidden before it is erased (milliseconds).
	Wait = 7 * 24 * 3_600_000
	// Window is how old a statement may be: the gesture at the hub takes its time (milliseconds).
	Window = 15 * 60_000
)

// Statement is an owner's word on what is to become of everything that this cloud has of the household.
type Statement struct {
	Act       string       `json:"act"`
	At        int64        `json:"at"`
	Device    id.Device    `json:"device"`
	Household id.Household `json:"household"`
	Nonce     []byte       `json:"nonce"`
	Person    id.Person    `json:"person"`
	// To is the cloud's public key: a household that has moved is erased at the cloud it has left and not at the other.
	To []byte `json:"to"`
}

// Check refuses values that the types allow.
func (s *Statement) Check() error {
	if s.Act != Erase && s.Act != Keep {
		return fmt.Errorf("erase: an unknown act")
	}
	if s.At <= 0 || !s.Device.Valid() || !s.Household.Valid() || !s.Person.Valid() || len(s.Nonce) != request.NonceSize || len(s.To) != ed25519.PublicKeySize {
		return fmt.Errorf("erase: a malformed field")
	}
	return nil
}

// Open reads a statement and checks that an owner of this household signed it for this cloud, lately. Hub and cloud
// both ask.
func Open(envelope []byte, state *roster.State, to ed25519.PublicKey, now int64) (*Statement, *dsse.Envelope, error) {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return nil, nil, fmt.Errorf("erasure: %w", err)
	}
	var s Statement
	if err := e.Read(Thing, &s); err != nil {
		return nil, nil, fmt.Errorf("erasure: %w", err)
	}
	switch {
	case s.Household != state.Household && !rule.Off(rule.Household):
		return nil, nil, rule.Errorf(rule.Household, "erasure: the statement is of another household")
	case !bytes.Equal(s.To, to) && !rule.Off(rule.Audience):
		return nil, nil, rule.Errorf(rule.Audience, "erasure: the statement is for another cloud")
	case (s.At < now-Window || s.At > now+request.Window) && !rule.Off(rule.Time):
		return nil, nil, rule.Errorf(rule.Time, "erasure: the statement is too old or from the future; is a clock wrong?")
	}
	p, ok := state.PersonOf(s.Device)
	if (!ok || p.Role != roster.Owner || p.ID != s.Person) && !rule.Off(rule.Signer) {
		return nil, nil, rule.Errorf(rule.Signer, "erasure: only an owner has everything erased, or keeps it")
	}
	key, _ := state.Key(s.Device)
	if err := e.Verify(map[id.Device]ed25519.PublicKey{s.Device: key}); err != nil {
		return nil, nil, fmt.Errorf("erasure: %w", err)
	}
	return &s, e, nil
}

// Read reads a statement that was checked before, and looks at nothing but its form.
func Read(envelope []byte) (*Statement, error) {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	var s Statement
	if err := e.Read(Thing, &s); err != nil {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	return &s, nil
}

// HashOf is the hash of a statement, by which its receipt is found.
func HashOf(envelope []byte) (id.Hash, error) {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return id.Hash{}, fmt.Errorf("erasure: %w", err)
	}
	return e.Hash(), nil
}

// Blind is how the thing with this hash stands in the list of a statement's receipt.
func Blind(nonce []byte, thing id.Hash) id.Hash {
	return id.HashOf([]byte("keyhold/v1/erased"), nonce, thing[:])
}

// List puts blinded hashes in order and end to end.
func List(hashes []id.Hash) []byte {
	slices.SortFunc(hashes, func(a, b id.Hash) int { return bytes.Compare(a[:], b[:]) })
	out := make([]byte, 0, len(hashes)*len(id.Hash{}))
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

// Listed says whether the thing with this hash is in a list.
func Listed(list []byte, s *Statement, thing id.Hash) bool {
	want := Blind(s.Nonce, thing)
	at := sort.Search(len(list)/len(want), func(i int) bool { return bytes.Compare(list[i*len(want):(i+1)*len(want)], want[:]) >= 0 })
	return at < len(list)/len(want) && bytes.Equal(list[at*len(want):(at+1)*len(want)], want[:])
}
