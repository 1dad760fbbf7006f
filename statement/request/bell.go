// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/roster"
)

const (
	// OpSetBell says by what the hub hears that somebody presses at a camera; OpBells asks how the bells do.
	OpSetBell = "set-bell"
	OpBells   = "bells"
	// OpSnooze asks the hub not to tell one's devices of a camera's presses for a while; OpSnoozes what was asked.
	OpSnooze  = "snooze"
	OpSnoozes = "snoozes"
	// OpSetQuiet says at which hours of the week one's devices are told of no presses, of a camera or of all; OpQuiets asks
	// what was said.
	OpSetQuiet = "set-quiet"
	OpQuiets   = "quiets"
	// OpCarryQuiet tells the hub what a device remembers of its person's quiet hours, and asks for what the hub knows of them:
	// of each camera what was said last holds. So they come along to a hub that takes another's place.
	OpCarryQuiet = "carry-quiet"
)

// Kinds of bells.
const (
	BellONVIF   = "onvif"
	BellWebhook = "webhook"
	BellMQTT    = "mqtt"
	BellOff     = "off"
)

// RefusedNoBell: the camera tells of no button.
const RefusedNoBell = "no-bell"

// Bell is by what the hub is to hear a camera ring. URL, topic and payload are of MQTT; a URL may carry user and password.
type Bell struct {
	Kind    string `json:"kind"`
	Payload string `json:"payload,omitempty"`
	Topic   string `json:"topic,omitempty"`
	URL     string `json:"url,omitempty"`
}

func (b *Bell) check() error {
	if b == nil {
		return nil
	}
	if len(b.Payload) > 256 || len(b.Topic) > 256 || len(b.URL) > 2048 {
		return fmt.Errorf("command: a bell with a field too long")
	}
	switch b.Kind {
	case BellMQTT:
		if b.URL == "" || b.Topic == "" {
			return fmt.Errorf("command: a bell by a broker needs its address and a topic")
		}
		return nil
	case BellONVIF, BellWebhook, BellOff:
	default:
		return fmt.Errorf("command: an unknown kind of bell")
	}
	if b.URL+b.Topic+b.Payload != "" {
		return fmt.Errorf("command: a bell with what does not belong to its kind")
	}
	return nil
}

// BellReport is how a camera's bell does.
type BellReport struct {
	Camera id.Camera `json:"camera"`
	Kind   string    `json:"kind"`
	// Pressed is when somebody pressed last, since the hub was started; 0 if nobody has.
	Pressed int64 `json:"pressed"`
	// Since is when the state began.
	Since int64  `json:"since"`
	State string `json:"state"`
}

// Snooze is until when a person is told nothing of a camera; 0 ends one.
type Snooze struct {
	Camera id.Camera `json:"camera"`
	Until  int64     `json:"until"`
}

// MaxSnooze is how far ahead one may end (ms).
const MaxSnooze = 7 * 24 * 3_600_000

// Quiet is at which hours of the week, in the household's zone, a person is told nothing of a camera, or of all of them.
type Quiet struct {
	// Camera is the one, or the household.
	Camera id.Camera      `json:"camera"`
	Hours  []roster.Hours `json:"hours"`
}

func (q *Quiet) check() error {
	if !q.Camera.ValidOrHousehold() || len(q.Hours) == 0 || checkHours(q.Hours) != nil {
		return fmt.Errorf("reply: malformed quiet hours")
	}
	return nil
}

// MaxSaidQuiet is of how many cameras one command tells.
const MaxSaidQuiet = 32

// SaidQuiet is what a person has last said of a camera's quiet hours, or of those of all, and when.
type SaidQuiet struct {
	Camera id.Camera `json:"camera"`
	// Hours are none where they were taken back.
	Hours []roster.Hours `json:"hours,omitempty"`
	// Said is by the clock of the device that it was said on (ms); 0 where nobody knows.
	Said int64 `json:"said"`
}

func checkSaid(list []SaidQuiet) error {
	for _, q := range list {
		if !q.Camera.ValidOrHousehold() || q.Said < 0 || checkHours(q.Hours) != nil {
			return fmt.Errorf("malformed quiet hours")
		}
	}
	return nil
}

// checkHours refuses hours that no right could have; which zone they are told in is the household's matter.
func checkHours(hours []roster.Hours) error {
	if len(hours) == 0 {
		return nil
	}
	return roster.CheckHours(hours, "UTC")
}
