// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"

	"keyhold/statement/id"
)

const (
	// OpSetLight says by what a light at a camera is lit while somebody looks live, or that there is none; it is lit for a
	// moment first. OpTryLight lights it for a moment again, OpLights asks how each is.
	OpSetLight = "set-light"
	OpTryLight = "try-light"
	OpLights   = "lights"
)

const (
	// RefusedNoLight: there is no light at this camera, or nothing there turns one.
	RefusedNoLight = "no-light"
	// RefusedRelayFalls: the camera's relay does not stay as it is set, so a light would go out, or a door would open.
	RefusedRelayFalls = "relay-falls"
	// RefusedDoorThere: a door is opened at that address, which nobody does by looking.
	RefusedDoorThere = "door-there"
	// RefusedLightAway: the light has not answered. RefusedLightNo: it has said no.
	RefusedLightAway = "light-away"
	RefusedLightNo   = "light-no"
)

// Kinds of lights.
const (
	// LightONVIF is at a relay of the camera itself.
	LightONVIF = "onvif"
	// LightHTTP is told by a POST to one address or the other.
	LightHTTP = "http"
)

// maxRelay bounds the name of a relay, in bytes.
const maxRelay = 128

// Light is by what a light is lit.
type Light struct {
	Kind string `json:"kind"`
	// Off and On are the addresses of a light by HTTP. They may hold passwords.
	Off string `json:"off,omitempty"`
	On  string `json:"on,omitempty"`
	// Relay is the camera's name for its relay, "" for the first that stays as it is set.
	Relay string `json:"relay,omitempty"`
}

// LightReport is how a light is.
type LightReport struct {
	Camera id.Camera `json:"camera"`
	Kind   string    `json:"kind"`
	State  string    `json:"state"`
}

// States of a light: what it took last, or that it does not take what it is told; asked before the first.
const (
	LightOn    = "on"
	LightOff   = "off"
	LightAway  = "away"
	LightAsked = "asked"
)

func (l *Light) check() error {
	switch {
	case l == nil:
		return nil
	case len(l.Off) > 2048 || len(l.On) > 2048 || len(l.Relay) > maxRelay:
		return fmt.Errorf("command: a light's field too long")
	case l.Kind == LightHTTP && l.On != "" && l.Off != "" && l.Relay == "":
		return nil
	case l.Kind == LightONVIF && l.On == "" && l.Off == "":
		return nil
	}
	return fmt.Errorf("command: a light is at a relay or at two addresses")
}

func (l *LightReport) check() error {
	kind := l.Kind == LightONVIF || l.Kind == LightHTTP
	state := l.State == LightOn || l.State == LightOff || l.State == LightAway || l.State == LightAsked
	if !l.Camera.Valid() || !kind || !state {
		return fmt.Errorf("reply: a malformed light")
	}
	return nil
}
