// SPDX-License-Identifier: Apache-2.0

package device

import (
	"keyhold/statement/id"
)

// Household is what the device knows about where it belongs.
type Household struct {
	Household id.Household `json:"household"`
	Person    id.Person    `json:"person"`
	Device    id.Device    `json:"device"`
	// Cloud is the address of the operator's server, such as https://cloud.example.
	Cloud string `json:"cloud"`
	// To is the cloud's public key as first seen: a later cloud with another one is refused.
	To []byte `json:"to"`
	// Roster holds the envelopes of genesis and links, as checked at Head.
	Roster [][]byte `json:"roster"`
	// Since is when this device joined, in milliseconds.
	Since int64 `json:"since"`
}

// Household reads household.json. Its roster is checked by whoever uses it.
func (f *Folder) Household() (Household, error) {
	var h Household
	err := f.read(householdFile, &h)
	return h, err
}

// Change changes household.json under the folder's lock.
func (f *Folder) Change(change func(*Household)) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	h, err := f.Household()
	if err != nil {
		return err
	}
	change(&h)
	return f.write(householdFile, h)
}

// SetRoster keeps a newer roster that was checked.
func (f *Folder) SetRoster(chain [][]byte) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	h, err := f.Household()
	if err != nil {
		return err
	}
	if len(chain) <= len(h.Roster) {
		return nil
	}
	h.Roster = chain
	return f.write(householdFile, h)
}
