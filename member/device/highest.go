// SPDX-License-Identifier: Apache-2.0

package device

import (
	"keyhold/statement/id"
)

// Highest is the newest of everything this device has seen and checked. It only grows; what is shown
// later and is older than this is an alarm.
type Highest struct {
	Household id.Household    `json:"household"`
	Runs      map[id.Run]Seen `json:"runs"`
	// Status, Names and Roster are the newest status' time, the names' number and the roster's length.
	Status int64 `json:"status"`
	Names  int64 `json:"names"`
	// NamesHash catches a second document of names with the same number.
	NamesHash string `json:"names_hash"`
	Roster    int64  `json:"roster"`
	// AtHome is the roster's length as the hub itself said it at home: the cloud may not have that yet.
	AtHome int64 `json:"at_home,omitempty"`
	// Labels are the numbers of the newest names of cameras, for those who read no document of names.
	Labels map[id.Camera]int64 `json:"labels,omitempty"`
}

// Seen is a checkpoint that was checked.
type Seen struct {
	Size int64  `json:"size"`
	Root string `json:"root"`
	At   int64  `json:"at"`
	// Note is the checkpoint itself, kept as proof against whoever signed it.
	Note string `json:"note"`
}

// Highest reads highest.json.
func (f *Folder) Highest() (Highest, error) {
	var h Highest
	err := f.read(highestFile, &h)
	if h.Runs == nil {
		h.Runs = map[id.Run]Seen{}
	}
	if h.Labels == nil {
		h.Labels = map[id.Camera]int64{}
	}
	return h, err
}

// Raise changes highest.json under the folder's lock. change sees the newest content, which another
// program may have raised meanwhile; it must only raise.
func (f *Folder) Raise(change func(*Highest) error) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	h, err := f.Highest()
	if err != nil {
		return err
	}
	if err := change(&h); err != nil {
		return err
	}
	return f.write(highestFile, h)
}
