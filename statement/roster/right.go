// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"keyhold/statement/id"
)

// Role says what a person is to the household.
type Role string

// Roles.
const (
	// Owner may do everything and manages every role.
	Owner Role = "owner"
	// Guardian sees everything and manages guests: another adult of the home.
	Guardian Role = "guardian"
	// Viewer has the rights that are listed.
	Viewer Role = "viewer"
	// Guest has the rights that are listed, each with an end.
	Guest Role = "guest"
)

func (r Role) known() bool { return r == Owner || r == Guardian || r == Viewer || r == Guest }

// Manages says whether a person of this role may bring in, change and remove one of the other.
func (r Role) Manages(other Role) bool { return r == Owner || (r == Guardian && other == Guest) }

// adult says that a role has no list of rights because it needs none.
func (r Role) adult() bool { return r == Owner || r == Guardian }

// Action is something a person does with a camera.
type Action string

// Actions that rights list.
const (
	Export  Action = "export"
	History Action = "history"
	Listen  Action = "listen"
	Live    Action = "live"
	Open    Action = "open"
	Private Action = "private"
	Talk    Action = "talk"
)

// Actions that no right lists: owners and guardians have them.
const (
	// Cameras is adding and removing cameras, and asking for new epochs.
	Cameras Action = "cameras"
	// People is seeing the household's own pages: who belongs to it, and who looked at what.
	People Action = "people"
)

func (a Action) listed() bool {
	switch a {
	case Export, History, Listen, Live, Open, Private, Talk:
		return true
	}
	return false
}

// Limits of what a person's rights may hold.
const (
	MaxRights  = 16
	MaxHours   = 16
	MaxCameras = 64

	dayMinutes = 24 * 60
	maxZone    = 64
)

// Right is what a viewer or guest may do: these actions, on these cameras (none: all), in these hours (none: always),
// from Since on, before Until (0: no end).
type Right struct {
	Actions []Action    `json:"actions"`
	Cameras []id.Camera `json:"cameras"`
	Hours   []Hours     `json:"hours"`
	Since   int64       `json:"since"`
	Until   int64       `json:"until"`
	// Zone is the IANA time zone that Hours are told in; "" without hours.
	Zone string `json:"zone"`
}

// Hours are some minutes of some days of the week (Monday is 1), From included, Until not.
type Hours struct {
	Days  []int `json:"days"`
	From  int   `json:"from"`
	Until int   `json:"until"`
}

// zoneForm keeps out names that mean something else on another machine, such as "Local" or a path.
var zoneForm = regexp.MustCompile(`^(UTC|[A-Z][A-Za-z]*(/[A-Za-z0-9_+-]+){1,2})$`)

func ascending[T cmp.Ordered](list []T) bool {
	for i := 1; i < len(list); i++ {
		if list[i-1] >= list[i] {
			return false
		}
	}
	return true
}

// check refuses malformed values.
func (r *Right) check() error {
	if len(r.Actions) == 0 || !ascending(r.Actions) || slices.ContainsFunc(r.Actions, func(a Action) bool { return !a.listed() }) {
		return fmt.Errorf("a right whose actions are none, unknown, or not in order")
	}
	if len(r.Cameras) > MaxCameras || !ascending(r.Cameras) || slices.ContainsFunc(r.Cameras, func(c id.Camera) bool { return !c.Valid() }) {
		return fmt.Errorf("a right whose cameras are too many, malformed, or not in order")
	}
	if r.Since < 0 || (r.Until != 0 && r.Until <= r.Since) {
		return fmt.Errorf("a right that ends before it begins")
	}
	if (r.Zone == "") != (len(r.Hours) == 0) || len(r.Hours) > MaxHours || len(r.Zone) > maxZone || (r.Zone != "" && !zoneForm.MatchString(r.Zone)) {
		return fmt.Errorf("a right with too many hours, or a time zone that is missing, malformed, or without use")
	}
	for _, h := range r.Hours {
		if h.From < 0 || h.Until <= h.From || h.Until > dayMinutes || len(h.Days) == 0 || !ascending(h.Days) || h.Days[0] < 1 || h.Days[len(h.Days)-1] > 7 {
			return fmt.Errorf("hours that are no minutes of days of the week")
		}
	}
	return nil
}

// Fits says whether a person of this role can have these rights. Whoever may do everything has none listed; a guest's
// rights all end.
func (r Role) Fits(rights []Right) bool {
	if r.adult() {
		return len(rights) == 0
	}
	endless := slices.ContainsFunc(rights, func(x Right) bool { return x.Until == 0 })
	return len(rights) > 0 && len(rights) <= MaxRights && (r != Guest || !endless)
}

// CheckRights refuses a role or rights that no statement may carry; it does not ask whether they fit each other.
func CheckRights(role Role, rights []Right) error {
	if !role.known() {
		return fmt.Errorf("an unknown role")
	}
	for i := range rights {
		if err := rights[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// Plain returns rights without nil lists, which have no canonical form.
func Plain(rights []Right) []Right {
	out := append([]Right{}, rights...)
	for i := range out {
		out[i].Actions = append([]Action{}, out[i].Actions...)
		out[i].Cameras = append([]id.Camera{}, out[i].Cameras...)
		out[i].Hours = append([]Hours{}, out[i].Hours...)
	}
	return out
}
