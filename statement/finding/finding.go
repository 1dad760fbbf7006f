// SPDX-License-Identifier: Apache-2.0

// Package finding is how a device lets the hub look for cameras in the home, try a password on them, and add them.
//
// A question is a statement of type find, its answer one of type found, each sealed to its reader and signed by its
// sender (docs/protocol.md 7.1). A user and a password stand in a question alone.
package finding

import (
	"crypto/ed25519"
	"fmt"
	"net/netip"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Payload types.
const (
	Thing      = "find"
	ThingFound = "found"
)

// Purpose stands in the info of both when they are sealed.
const Purpose = "find"

// Kinds of questions.
const (
	// Look lets the hub look for cameras.
	Look = "look"
	// Try asks one of them for its picture, with a user and a password.
	Try = "try"
	// Add makes one that was tried a camera of the household.
	Add = "add"
	// Check asks where another device answers than the one that was added.
	Check = "check"
)

// Words of an answer besides those of request, with which the hub refuses.
const (
	// Elsewhere: the camera's answers point at another host.
	Elsewhere = "elsewhere"
	// Untried: nothing is known yet of the one that is to be added.
	Untried = "untried"
)

const (
	// MaxFound is how many cameras one answer may have, MaxWords how many bytes of their own words each.
	MaxFound = 64
	MaxWords = 240
	// MaxPicture bounds the picture in an answer, so that it fits into a piece of mail.
	MaxPicture = 24_576
	// MaxSecret bounds user and password, MaxName the name.
	MaxSecret = 200
	MaxName   = 200
	maxSide   = 1 << 14
)

// Find is a question. Which of address, found, name, password and user it has depends on its kind; the others are "".
type Find struct {
	// Address is the one that is asked, instead of everybody in the home.
	Address   string       `json:"address"`
	At        int64        `json:"at"`
	Device    id.Device    `json:"device"`
	Found     id.Found     `json:"found"`
	Household id.Household `json:"household"`
	Kind      string       `json:"kind"`
	Name      string       `json:"name"`
	Nonce     []byte       `json:"nonce"`
	Password  string       `json:"password"`
	// Recorded is a form of recording, where something is added whose form somebody has chosen.
	Recorded string `json:"recorded,omitempty"`
	User     string `json:"user"`
}

// Check refuses values that the types allow.
func (f *Find) Check() error {
	if f.At <= 0 || !f.Device.Valid() || !f.Household.Valid() || len(f.Nonce) != request.NonceSize {
		return fmt.Errorf("find: a malformed field")
	}
	if len(f.User) > MaxSecret || len(f.Password) > MaxSecret || len(f.Name) > MaxName {
		return fmt.Errorf("find: a field too long")
	}
	if (f.Found != "") != (f.Kind == Try || f.Kind == Add) || (f.Found != "" && !f.Found.Valid()) {
		return fmt.Errorf("find: what was found is named where something is done with it, and only there")
	}
	if (f.Name != "") != (f.Kind == Add) {
		return fmt.Errorf("find: a name stands where something is added, and only there")
	}
	if f.Recorded != "" && (f.Kind != Add || !request.Recording(f.Recorded)) {
		return fmt.Errorf("find: a form of recording stands where something is added, and only there")
	}
	if f.Kind != Try && f.User+f.Password != "" || f.User == "" && f.Password != "" {
		return fmt.Errorf("find: a user and a password stand where something is tried, and only there")
	}
	switch f.Kind {
	case Look:
		if f.Address == "" {
			return nil
		}
		if a, err := netip.ParseAddr(f.Address); err != nil || !a.Is4() || a.String() != f.Address {
			return fmt.Errorf("find: an address that is none")
		}
		return nil
	case Try, Add, Check:
	default:
		return fmt.Errorf("find: an unknown kind")
	}
	if f.Address != "" {
		return fmt.Errorf("find: an address stands where the hub is to look, and only there")
	}
	return nil
}

// One is a camera that the hub has found. What it says of itself is not proved.
type One struct {
	Address string `json:"address"`
	// Camera is the household's that this is, "" for none.
	Camera id.Camera `json:"camera"`
	Found  id.Found  `json:"found"`
	Maker  string    `json:"maker"`
	Model  string    `json:"model"`
	// Password says that it shows nothing without one.
	Password bool `json:"password"`
}

// Found is the hub's answer to the question with the same nonce.
type Found struct {
	At int64 `json:"at"`
	// Camera is the one that was added, or which the one that was tried is already; else "".
	Camera id.Camera `json:"camera"`
	// Cameras are those that were found.
	Cameras []One `json:"cameras"`
	// Choice is there if somebody has to say in which form to record what was tried.
	Choice    *Choice      `json:"choice,omitempty"`
	Error     string       `json:"error"`
	Height    int64        `json:"height"`
	Household id.Household `json:"household"`
	Nonce     []byte       `json:"nonce"`
	// Picture is a JPEG of what was tried, which has Width and Height; empty if it gives none.
	Picture []byte `json:"picture"`
	// Swapped are cameras of the household at whose addresses another device answers.
	Swapped []id.Camera `json:"swapped"`
	To      id.Device   `json:"to"`
	Width   int64       `json:"width"`
}

// Choice says that a camera sends H.265, which not every browser plays.
type Choice struct {
	// Cost is how much of a processor core the hub needs to make H.264 of it, in percent, as it was measured; 0 if it
	// cannot, or was not measured.
	Cost int64 `json:"cost"`
	// Small says that its second stream can be recorded instead.
	Small bool `json:"small"`
}

// Check refuses values that the types allow.
func (f *Found) Check() error {
	if f.At <= 0 || !f.To.Valid() || !f.Household.Valid() || len(f.Nonce) != request.NonceSize || (f.Camera != "" && !f.Camera.Valid()) {
		return fmt.Errorf("found: a malformed field")
	}
	if len(f.Error) > 64 || len(f.Picture) > MaxPicture || len(f.Cameras) > MaxFound || len(f.Swapped) > 256 {
		return fmt.Errorf("found: a field too long")
	}
	if f.Width < 0 || f.Width > maxSide || f.Height < 0 || f.Height > maxSide {
		return fmt.Errorf("found: a picture of no size")
	}
	if f.Choice != nil && f.Choice.Cost < 0 {
		return fmt.Errorf("found: a cost that is none")
	}
	for _, o := range f.Cameras {
		if !o.Found.Valid() || (o.Camera != "" && !o.Camera.Valid()) || len(o.Address) > 64 || len(o.Maker) > MaxWords || len(o.Model) > MaxWords {
			return fmt.Errorf("found: a malformed camera")
		}
	}
	for _, c := range f.Swapped {
		if !c.Valid() {
			return fmt.Errorf("found: a malformed camera")
		}
	}
	return nil
}

// Read opens a question that came from sender, at the hub. seen says whether a nonce came before, and remembers it.
func Read(b []byte, sender id.Device, s *roster.State, now int64, seen func([]byte) bool) (*Find, error) {
	e, err := dsse.Parse(b)
	if err != nil {
		return nil, err
	}
	var f Find
	if err := e.Read(Thing, &f); err != nil {
		return nil, err
	}
	if f.Household != s.Household && !rule.Off(rule.Household) {
		return nil, rule.Errorf(rule.Household, "find: of another household")
	}
	if f.Device != sender && !rule.Off(rule.Audience) {
		return nil, rule.Errorf(rule.Audience, "find: brought by somebody else than its sender")
	}
	key, ok := s.Key(f.Device)
	if !ok && !rule.Off(rule.Signer) {
		return nil, rule.Errorf(rule.Signer, "find: its sender is not in the household")
	}
	if err := e.Verify(map[id.Device]ed25519.PublicKey{f.Device: key}); err != nil {
		return nil, err
	}
	if err := request.Fresh(f.At, now); err != nil {
		return nil, err
	}
	if seen(f.Nonce) && !rule.Off(rule.Replay) {
		return nil, rule.Errorf(rule.Replay, "find: it came before")
	}
	return &f, nil
}

// ReadFound opens an answer, at a device. waits says whether a question with a nonce waits for its answer.
func ReadFound(b []byte, to id.Device, s *roster.State, now int64, waits func([]byte) bool) (*Found, error) {
	e, err := dsse.Parse(b)
	if err != nil {
		return nil, err
	}
	var f Found
	if err := e.Read(ThingFound, &f); err != nil {
		return nil, err
	}
	if f.Household != s.Household && !rule.Off(rule.Household) {
		return nil, rule.Errorf(rule.Household, "found: of another household")
	}
	if f.To != to && !rule.Off(rule.Audience) {
		return nil, rule.Errorf(rule.Audience, "found: told to another device")
	}
	if err := e.Verify(map[id.Device]ed25519.PublicKey{id.Hub: s.Hub.Sign}); err != nil {
		return nil, err
	}
	if err := request.Fresh(f.At, now); err != nil {
		return nil, err
	}
	if !waits(f.Nonce) && !rule.Off(rule.Replay) {
		return nil, rule.Errorf(rule.Replay, "found: nobody waits for this answer")
	}
	return &f, nil
}
