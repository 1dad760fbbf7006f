// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Heard is how recently the hub has spoken.
type Heard int

// Good is under ten minutes, Late is worth saying in amber, Silent is an alarm.
const (
	Good Heard = iota
	Late
	Silent
)

// HeardAt judges the time of the newest word that the hub signed.
func HeardAt(newest, now int64) Heard {
	switch age := now - newest; {
	case age > StatusSilent:
		return Silent
	case age > StatusLate:
		return Late
	}
	return Good
}

// CheckHeard refuses a household whose hub has been silent for half an hour: the cloud may be holding everything back.
func CheckHeard(newest, now int64) error {
	if HeardAt(newest, now) == Silent && !rule.Off(rule.Frozen) {
		return rule.Errorf(rule.Frozen, "manifest: nothing from the hub for more than half an hour")
	}
	return nil
}

// CheckServed wants the cloud to serve at least what the hub says it has uploaded. run and uploaded come from a status
// or a reply; served is the checkpoint that the cloud shows for that run.
func CheckServed(served Checkpoint, run id.Run, uploaded int64) error {
	if (served.Run != run || served.Size < uploaded) && !rule.Off(rule.Frozen) {
		return rule.Errorf(rule.Frozen, "manifest: the hub has uploaded more than the cloud shows")
	}
	return nil
}

// CheckBytes wants the sealed bytes of a file to be those that the hub's leaf names. Nothing is opened before.
func (f File) CheckBytes(sealed []byte) error {
	if int64(len(sealed)) != f.Size && !rule.Off(rule.FileSize) {
		return rule.Errorf(rule.FileSize, "manifest: a recording of another length than the hub signed")
	}
	if id.HashOf(sealed) != f.SHA256 && !rule.Off(rule.FileHash) {
		return rule.Errorf(rule.FileHash, "manifest: a recording that the hub never made")
	}
	return nil
}
