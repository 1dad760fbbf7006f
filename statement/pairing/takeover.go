// SPDX-License-Identifier: Apache-2.0

package pairing

import (
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// Labels and purposes of a hub that takes the place of another (docs/protocol.md, section 8).
const (
	TakeoverMAC = "keyhold/v1/takeover/hmac"

	PurposeTakeover = "takeover"
	PurposeTaken    = "taken-over"
)

// Takeover is what a device hands a new hub: the link that puts it in, and what the hub before knew by name.
type Takeover struct {
	Cameras []manifest.NamedCam `json:"cameras"`
	Devices []manifest.NamedDev `json:"devices"`
	// HMAC shows that whoever made the link holds the hub's code.
	HMAC    []byte              `json:"hmac"`
	Link    []byte              `json:"link"`
	Persons []manifest.NamedPer `json:"persons"`
	// Roster is the chain that the link continues. It is left out where the cloud gives it under Sheet.
	Roster [][]byte `json:"roster"`
	// Sheet is under what the sheet in force looks its household up.
	Sheet id.Hash `json:"sheet"`
	// To is who waits for the answer: a device, or the sheet.
	To   id.Device `json:"to"`
	Zone string    `json:"zone"`
}

// Check refuses values that the types allow.
func (t *Takeover) Check() error {
	for _, c := range t.Cameras {
		if !c.ID.Valid() || !named(c.Name) || (c.State != manifest.NameOn && c.State != manifest.NameRemoved) {
			return fmt.Errorf("takeover: a malformed camera")
		}
	}
	for _, d := range t.Devices {
		if (!d.ID.Valid() && !d.ID.Passkey()) || !named(d.Name) {
			return fmt.Errorf("takeover: a malformed device")
		}
	}
	for _, p := range t.Persons {
		if !p.ID.Valid() || !named(p.Name) {
			return fmt.Errorf("takeover: a malformed person")
		}
	}
	if !t.To.ValidReader() || !named(t.Zone) {
		return fmt.Errorf("takeover: a malformed reader or zone")
	}
	return nil
}

func named(name string) bool { return len(name) <= manifest.MaxName }

// Taken is the new hub's answer.
type Taken struct {
	Error string `json:"error"`
	Link  []byte `json:"link"`
}

// Check refuses values that the types allow.
func (t *Taken) Check() error {
	switch t.Error {
	case "", VerdictStale, VerdictDenied, VerdictRefused:
		return nil
	}
	return fmt.Errorf("takeover: an answer of an unknown kind")
}

var (
	_ canon.Checker = (*Takeover)(nil)
	_ canon.Checker = (*Taken)(nil)
)
