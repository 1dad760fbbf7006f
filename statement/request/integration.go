// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"
	"slices"

	"keyhold/statement/id"
)

const (
	// OpAddIntegration lets the hub tell a program of the home, by a broker, how cameras do; OpRemoveIntegration ends that;
	// OpIntegrations asks for those there are.
	OpAddIntegration    = "add-integration"
	OpRemoveIntegration = "remove-integration"
	OpIntegrations      = "integrations"
)

// What an integration may be told of a camera.
const (
	TellLock     = "lock" // whether the hub holds its door open
	TellOnline   = "online"
	TellPress    = "press"
	TellPrivate  = "private"
	TellStream   = "stream" // its picture, by RTSP: the integration reads that from the hub
	TellWatching = "watching"
)

const (
	// MaxIntegrations is how many there may be, maxScope of how many cameras one is told.
	MaxIntegrations = 8
	maxScope        = 64
)

// Tells are all that may be told by a broker, in order.
func Tells() []string { return []string{TellLock, TellOnline, TellPress, TellPrivate, TellWatching} }

// Reads says whether an integration is to read the picture of its cameras, and told what it is told by a broker besides.
func Reads(tells []string) (reads bool, told []string) {
	told = slices.DeleteFunc(slices.Clone(tells), func(t string) bool { return t == TellStream })
	return len(told) < len(tells), told
}

// Languages are those in which an integration is told what is what.
func Languages() []string { return []string{"de", "en", "nl"} }

// Integration is one that there is. URL has no user and no password; it is "" for one that only reads.
type Integration struct {
	Added    int64       `json:"added"`
	By       id.Person   `json:"by"`
	Cameras  []id.Camera `json:"cameras"`
	Language string      `json:"language"`
	Name     string      `json:"name"`
	// Since is when the state began.
	Since int64    `json:"since"`
	State string   `json:"state"`
	Tells []string `json:"tells"`
	URL   string   `json:"url"`
}

// integrations checks what the operations of this file need.
func (o *Op) integrations() error {
	switch {
	case o.Kind == OpIntegrations:
		return nil
	case o.Name == "":
		return fmt.Errorf("command: an integration needs a name")
	case o.Kind == OpRemoveIntegration:
		return nil
	case o.Language == "" || len(o.Tells) == 0 || o.brokered() == (o.URL == ""):
		return fmt.Errorf("command: an integration needs a language and something to be told, and a broker if that goes by one")
	case len(o.Cameras) == 0 || len(o.Cameras) > maxScope || !ascending(o.Cameras):
		return fmt.Errorf("command: an integration needs cameras, in order")
	}
	return nil
}

// brokered says whether something goes by a broker.
func (o *Op) brokered() bool {
	_, told := Reads(o.Tells)
	return len(told) > 0
}

// telling checks what may be told, and how, wherever it stands.
func (o *Op) telling() error {
	if o.Language != "" && !slices.Contains(Languages(), o.Language) {
		return fmt.Errorf("command: a language without words")
	}
	if len(o.Tells) > 0 && (!ascending(o.Tells) || slices.ContainsFunc(o.Tells, func(t string) bool { return t != TellStream && !slices.Contains(Tells(), t) })) {
		return fmt.Errorf("command: something to be told that is none, or not in order")
	}
	return nil
}

func ascending[T ~string](list []T) bool {
	for i := range list[1:] {
		if list[i] >= list[i+1] {
			return false
		}
	}
	return true
}
