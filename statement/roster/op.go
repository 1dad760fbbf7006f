// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"fmt"

	"keyhold/statement/id"
)

// Kind is the kind of an operation.
type Kind string

// Kinds of operations.
const (
	KindAddDevice       Kind = "add-device"
	KindAddPerson       Kind = "add-person"
	KindAddPasskey      Kind = "add-passkey"
	KindSetRights       Kind = "set-rights"
	KindRemove          Kind = "remove"
	KindNewSheet        Kind = "new-sheet"
	KindAnnounceRemoval Kind = "announce-removal"
	KindObject          Kind = "object"
	KindReplaceHub      Kind = "replace-hub"
)

// Op is what a link does. It is one of the structs below, by value.
type Op interface {
	// Kind is the word under which the operation stands in a link.
	Kind() Kind
	check() error
}

// AddDevice brings in a device of a person who is there.
type AddDevice struct {
	Device DeviceKeys `json:"device"`
	Person id.Person  `json:"person"`
}

// AddPerson brings in a person with a first device.
type AddPerson struct {
	Device DeviceKeys `json:"device"`
	Person id.Person  `json:"person"`
	Rights []Right    `json:"rights"`
	Role   Role       `json:"role"`
}

// AddPasskey brings in a passkey of a person who is there.
type AddPasskey struct {
	Passkey PasskeyKeys `json:"passkey"`
	Person  id.Person   `json:"person"`
}

// SetRights changes what another person may do.
type SetRights struct {
	Person id.Person `json:"person"`
	Rights []Right   `json:"rights"`
	Role   Role      `json:"role"`
}

// Remove carries out a Removal, which holds its own signatures.
type Remove struct {
	Removal []byte `json:"removal"`
}

// NewSheet makes another recovery sheet the one in force.
type NewSheet struct {
	Sheet SheetKeys `json:"sheet"`
}

// AnnounceRemoval begins the three days after which the sheet may remove an owner.
type AnnounceRemoval struct {
	Person id.Person `json:"person"`
}

// Object ends an announcement.
type Object struct {
	Person id.Person `json:"person"`
}

// ReplaceHub makes another hub the one that orders the roster, and says what the one before has left behind.
type ReplaceHub struct {
	Hub  HubKeys     `json:"hub"`
	Runs []ClosedRun `json:"runs"`
}

// Kind of each operation.
func (AddDevice) Kind() Kind       { return KindAddDevice }
func (AddPerson) Kind() Kind       { return KindAddPerson }
func (AddPasskey) Kind() Kind      { return KindAddPasskey }
func (SetRights) Kind() Kind       { return KindSetRights }
func (Remove) Kind() Kind          { return KindRemove }
func (NewSheet) Kind() Kind        { return KindNewSheet }
func (AnnounceRemoval) Kind() Kind { return KindAnnounceRemoval }
func (Object) Kind() Kind          { return KindObject }
func (ReplaceHub) Kind() Kind      { return KindReplaceHub }

// maxRemoval is the longest removal inside a link.
const maxRemoval = 8192

func checkPerson(p id.Person) error {
	if !p.Valid() {
		return fmt.Errorf("a malformed person")
	}
	return nil
}

func (o AddDevice) check() error {
	if err := checkPerson(o.Person); err != nil {
		return err
	}
	return o.Device.check()
}

func (o AddPerson) check() error {
	if err := checkPerson(o.Person); err != nil {
		return err
	}
	if err := o.Device.check(); err != nil {
		return err
	}
	return CheckRights(o.Role, o.Rights)
}

func (o AddPasskey) check() error {
	if err := checkPerson(o.Person); err != nil {
		return err
	}
	return o.Passkey.check()
}

func (o SetRights) check() error {
	if err := checkPerson(o.Person); err != nil {
		return err
	}
	return CheckRights(o.Role, o.Rights)
}

func (o Remove) check() error {
	if len(o.Removal) == 0 || len(o.Removal) > maxRemoval {
		return fmt.Errorf("a removal of no or too many bytes")
	}
	return nil
}

func (o NewSheet) check() error        { return checkKeys(o.Sheet.Sign, o.Sheet.Reader) }
func (o AnnounceRemoval) check() error { return checkPerson(o.Person) }
func (o Object) check() error          { return checkPerson(o.Person) }

// NeedsGesture says whether the hub wants a person's gesture besides the signature. A passkey makes gestures itself, so
// it does not come in without one.
func NeedsGesture(o Op) bool {
	switch o.Kind() {
	case KindAddPerson, KindAddPasskey, KindSetRights, KindNewSheet:
		return true
	}
	return false
}
