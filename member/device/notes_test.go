// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"crypto/rand"
	"testing"

	"keyhold/member/device"
	"keyhold/statement/id"
)

func TestNotesKeepWhatIsStillToDo(t *testing.T) {
	secret, err := device.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := device.Create(t.TempDir(), secret, device.Household{})
	if err != nil {
		t.Fatal(err)
	}
	notes, err := folder.Notes()
	if err != nil || notes.Told != nil || len(notes.Removals) != 0 {
		t.Fatalf("a new device has notes: %+v, %v", notes, err)
	}
	phone, err := id.NewDevice(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first := device.PendingRemoval{Envelope: []byte("a"), At: 1, Device: phone}
	person := device.PendingRemoval{Envelope: []byte("b"), At: 2, Person: "per_x"}
	again := device.PendingRemoval{Envelope: []byte("c"), At: 3, Device: phone}
	for _, p := range []device.PendingRemoval{first, person, again} {
		if err := folder.Note(func(n *device.Notes) { n.Await(p) }); err != nil {
			t.Fatal(err)
		}
	}
	if notes, err = folder.Notes(); err != nil || len(notes.Removals) != 2 || string(notes.Removals[1].Envelope) != "c" {
		t.Errorf("a removal asked for twice waits once: %+v, %v", notes.Removals, err)
	}
	if err := folder.Note(func(n *device.Notes) { n.Settle(first) }); err != nil {
		t.Fatal(err)
	}
	if notes, err = folder.Notes(); err != nil || len(notes.Removals) != 1 || notes.Removals[0].Person != "per_x" {
		t.Errorf("what is settled is forgotten, and nothing else: %+v, %v", notes.Removals, err)
	}
}
