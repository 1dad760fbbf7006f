// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"fmt"
	"regexp"
	"strings"

	"keyhold/statement/id"
)

// PasskeyStorage is where the keys of a passkey come from: what its authenticator answers to one fixed question.
const PasskeyStorage = "passkey"

const (
	maxOrigin = 255
	// maxCredential is the longest credential id that WebAuthn knows.
	maxCredential = 1023
	maxPublic     = 1024
)

// PasskeyKeys are what the roster holds of a passkey. Sign and Reader come from what it answers to one fixed question
// (PRF); with them a person comes back. Public is its own key, by which its gestures are checked.
type PasskeyKeys struct {
	// Credential is the name that the authenticator gave it.
	Credential []byte    `json:"credential"`
	ID         id.Device `json:"id"`
	// Origin is the address of the app that it was made for, such as "https://keyhold.example".
	Origin string `json:"origin"`
	// Public is a COSE key.
	Public []byte `json:"public"`
	Reader []byte `json:"reader"`
	Sign   []byte `json:"sign"`
	// Synced says that it is one which the maker of the phone copies to a person's other devices.
	Synced bool `json:"synced"`
}

var origin = regexp.MustCompile(`^https?://([a-z0-9-]+\.)*[a-z0-9-]+(:[1-9][0-9]{0,4})?$`)

func (p PasskeyKeys) check() error {
	switch {
	case !p.ID.Passkey():
		return fmt.Errorf("a passkey with a malformed id")
	case len(p.Credential) == 0 || len(p.Credential) > maxCredential || len(p.Public) == 0 || len(p.Public) > maxPublic:
		return fmt.Errorf("a passkey whose name or key is empty or too long")
	case len(p.Origin) > maxOrigin || !origin.MatchString(p.Origin):
		return fmt.Errorf("a passkey of a malformed origin")
	}
	return checkKeys(p.Sign, p.Reader)
}

// Domain is what the authenticator knows the app by (WebAuthn's RP ID): the host of the origin.
func (p PasskeyKeys) Domain() string {
	_, host, _ := strings.Cut(p.Origin, "://")
	host, _, _ = strings.Cut(host, ":")
	return host
}

// addPasskey puts it among the devices: it reads what they read, and goes as they go.
func (s *State) addPasskey(op AddPasskey, at int64) {
	p := op.Passkey
	s.addDevice(DeviceKeys{ID: p.ID, Reader: p.Reader, Sign: p.Sign, Storage: PasskeyStorage}, op.Person, at)
	s.Members[len(s.Members)-1].Passkey = &p
}

// Passkey returns a passkey of the roster.
func (s *State) Passkey(d id.Device) (PasskeyKeys, bool) {
	m, ok := s.Device(d)
	if !ok || m.Passkey == nil {
		return PasskeyKeys{}, false
	}
	return *m.Passkey, true
}
