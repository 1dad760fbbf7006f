// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	"keyhold/statement/id"
)

// Press is the record of somebody who rang at a camera. It is never made of anything that a camera has seen.
type Press struct {
	Header
	// Number is that of the alert.
	Number int64 `json:"number"`
	// Pressed is when, by the hub's clock: earlier than At where it heard of it late.
	Pressed int64 `json:"pressed"`
	// Source is by what the hub heard of it.
	Source string `json:"source"`
}

// Sources of presses.
const (
	PressONVIF   = "onvif"
	PressWebhook = "webhook"
	PressMQTT    = "mqtt"
)

// Check refuses values that the types allow.
func (l *Press) Check() error {
	switch l.Source {
	case PressONVIF, PressWebhook, PressMQTT:
	default:
		return fmt.Errorf("leaf: a press by an unknown source")
	}
	if l.Number < 1 || l.Pressed <= 0 || l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: a malformed press")
	}
	return l.check(false)
}

// Moment names an object with what was seen when an alert was made: the pictures since the last key frame as one segment,
// and a single picture, a JPEG, of the last of them, if there is one. The footage is in a pack as well: a moment is no
// part of the timeline.
type Moment struct {
	Header
	Epoch id.Epoch `json:"epoch"`
	Files []File   `json:"files"`
	// Number is that of the alert.
	Number  int64     `json:"number"`
	Object  id.Object `json:"object"`
	Session int64     `json:"session"`
	Size    int64     `json:"size"`
}

// Check refuses values that the types allow.
func (l *Moment) Check() error {
	if l.Number < 1 || len(l.Files) == 0 || len(l.Files) > 2 || l.Files[0].Kind != FileSegment || (len(l.Files) == 2 && l.Files[1].Kind != FileThumbs) {
		return fmt.Errorf("leaf: a malformed moment")
	}
	return l.Pack().Check()
}

// Pack is the moment as any object: its files are fetched and checked like those of a pack.
func (l *Moment) Pack() *Pack {
	return &Pack{Header: l.Header, Epoch: l.Epoch, Files: l.Files, Object: l.Object, Session: l.Session, Size: l.Size}
}

// Stored is the object that a leaf names, nil for one that names none.
func Stored(l Leaf) *Pack {
	switch l := l.(type) {
	case *Pack:
		return l
	case *Moment:
		return l.Pack()
	}
	return nil
}
