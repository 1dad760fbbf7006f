// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strconv"

	"keyhold/statement/id"
)

// Names and limits of docs/protocol.md section 6; the kinds of a write are in statement/request.
const (
	// Current is the only name under names, status and erase.
	Current = "current"

	// MaxObject bounds an object, MaxMail a piece of mail or a drop, MaxOther everything else.
	MaxObject = 256 << 20
	MaxMail   = 65536
	MaxOther  = 8 << 20
	// MaxPage bounds a page, MaxLabel a sealed label.
	MaxPage  = 4 << 20
	MaxLabel = 64 << 10

	// FetchedPrefix is the path under which the answer to a fetch can be read.
	FetchedPrefix = "/v1/fetched/"

	// StatementHeader carries the envelope of a signed write, DropTokenHeader the proof that a box is one's own.
	StatementHeader = "Keyhold-Statement"
	DropTokenHeader = "Keyhold-Drop-Token"
)

// ObjectName and its kin build the name part of a signed write.
func ObjectName(camera id.Camera, hour int64, object id.Object) string {
	return string(camera) + "/" + strconv.FormatInt(hour, 10) + "/" + string(object)
}

// PageName names a page of leaves; camera may be the household.
func PageName(run id.Run, camera id.Camera, epoch id.Epoch, hour int64) string {
	return string(run) + "/" + string(camera) + "/" + string(epoch) + "/" + strconv.FormatInt(hour, 10)
}

// TileName names a tile of hashes.
func TileName(run id.Run, level int, n int64) string {
	return string(run) + "/" + strconv.Itoa(level) + "/" + strconv.FormatInt(n, 10)
}

// CheckpointName names the newest checkpoint of a run.
func CheckpointName(run id.Run) string { return string(run) }

// EnvelopesName names the rows of an epoch.
func EnvelopesName(camera id.Camera, epoch id.Epoch) string {
	return string(camera) + "/" + string(epoch)
}

// LabelName names the label of a camera.
func LabelName(camera id.Camera) string { return string(camera) }

// KeptName names the list of what is to stay of a camera.
func KeptName(camera id.Camera) string { return string(camera) }

// RosterName names a link.
func RosterName(seq int64) string { return strconv.FormatInt(seq, 10) }
