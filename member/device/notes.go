// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"keyhold/statement/id"
)

// Notes are what this device has still to do or to say. Losing them harms nobody: something is told once more.
type Notes struct {
	// Told is the number of the roster's last statement that this device's user was told of; nil before the first time.
	Told *int64 `json:"told,omitempty"`
	// Removals were asked for and are not known to be in force.
	Removals []PendingRemoval `json:"removals,omitempty"`
	// Gesture is a link that waits for the code on the hub's terminal.
	Gesture *PendingLink `json:"gesture,omitempty"`
	// Left says since when this device knows that it is out of the household, in milliseconds; 0 while it is in.
	Left int64 `json:"left,omitempty"`
	// Erasure is what an owner wants to be erased, as the cloud showed it; nil while nothing is.
	Erasure *Erasure `json:"erasure,omitempty"`
}

// Erasure is an owner's statement that everything is to be erased. With it the cloud's receipt can be had.
type Erasure struct {
	Statement []byte `json:"statement"`
	Due       int64  `json:"due"`
}

// PendingRemoval is a signed removal that is sent until it is in force.
type PendingRemoval struct {
	Envelope []byte    `json:"envelope"`
	At       int64     `json:"at"`
	Device   id.Device `json:"device,omitempty"`
	Person   id.Person `json:"person,omitempty"`
}

// Is says whether two removals are about the same device or person.
func (p PendingRemoval) Is(o PendingRemoval) bool {
	return p.Device == o.Device && p.Person == o.Person
}

// PendingLink is a signed link, and what was asked for in words, so that the same is asked again.
type PendingLink struct {
	Link []byte `json:"link"`
	Wish string `json:"wish"`
	At   int64  `json:"at"`
}

const notesFile = "notes.json"

// Notes reads notes.json; a device that has written none has empty ones.
func (f *Folder) Notes() (Notes, error) {
	var n Notes
	if _, err := os.Stat(filepath.Join(f.dir, notesFile)); errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	return n, f.read(notesFile, &n)
}

// Note changes notes.json under the folder's lock.
func (f *Folder) Note(change func(*Notes)) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	n, err := f.Notes()
	if err != nil {
		return err
	}
	change(&n)
	return f.write(notesFile, n)
}

// Await keeps a removal until it is in force.
func (n *Notes) Await(p PendingRemoval) {
	n.Settle(p)
	n.Removals = append(n.Removals, p)
}

// Settle forgets a removal.
func (n *Notes) Settle(p PendingRemoval) {
	n.Removals = slices.DeleteFunc(n.Removals, p.Is)
}
