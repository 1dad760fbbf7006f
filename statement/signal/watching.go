// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"cmp"
	"crypto/ed25519"
	"fmt"
	"slices"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	// MaxLooks is how many looks, private cameras and talks one list may have, so that it fits into a piece of mail;
	// MaxPrivate and MaxTalks how many of them may be private cameras and talks.
	MaxLooks   = 240
	MaxPrivate = 160
	MaxTalks   = 16
	// Forgotten is how long after it came a list still says who is watching (milliseconds).
	Forgotten = 150_000
)

// Look is one camera that somebody is watching.
type Look struct {
	Camera id.Camera `json:"camera"`
	Device id.Device `json:"device"`
	Person id.Person `json:"person"`
	Since  int64     `json:"since"`
	View   id.View   `json:"view"`
}

func (l Look) compare(o Look) int {
	return cmp.Or(cmp.Compare(l.Since, o.Since), cmp.Compare(l.View, o.View), cmp.Compare(l.Camera, o.Camera))
}

// Off is one camera that is private now.
type Off struct {
	Camera id.Camera `json:"camera"`
	Device id.Device `json:"device"`
	// Home says that it is by what is set for all cameras, Hours that it is by hours of the week.
	Home   bool      `json:"home"`
	Hours  bool      `json:"hours"`
	Person id.Person `json:"person"`
	Since  int64     `json:"since"`
}

// Watching is what the hub tells a device: everything that it may know of that is being watched now, and which cameras
// are private.
type Watching struct {
	At        int64        `json:"at"`
	Household id.Household `json:"household"`
	Looks     []Look       `json:"looks"`
	Private   []Off        `json:"private"`
	// Talks are those of the looks whose people talk by the camera's speaker now, since when they do.
	Talks []Look    `json:"talks,omitempty"`
	To    id.Device `json:"to"`
}

// Sort puts looks into the order in which a list has them.
func Sort(looks []Look) { slices.SortFunc(looks, Look.compare) }

// Check refuses values that the types allow.
func (w *Watching) Check() error {
	if w.At <= 0 || !w.Household.Valid() || !w.To.Valid() || len(w.Private) > MaxPrivate || len(w.Talks) > MaxTalks || len(w.Looks)+len(w.Private)+len(w.Talks) > MaxLooks {
		return fmt.Errorf("watching: a malformed field")
	}
	for i, o := range w.Private {
		if !o.Camera.Valid() || !o.Device.Valid() || !o.Person.Valid() || o.Since <= 0 {
			return fmt.Errorf("watching: a malformed private camera")
		}
		if i > 0 && w.Private[i-1].Camera >= o.Camera {
			return fmt.Errorf("watching: private cameras out of order")
		}
	}
	return cmp.Or(checkLooks(w.Looks), checkLooks(w.Talks))
}

func checkLooks(list []Look) error {
	for i, l := range list {
		if !l.Camera.Valid() || !l.Device.Valid() || !l.Person.Valid() || l.Since <= 0 || !l.View.Valid() {
			return fmt.Errorf("watching: a malformed look")
		}
		if i > 0 && list[i-1].compare(l) >= 0 {
			return fmt.Errorf("watching: looks out of order")
		}
	}
	return nil
}

// ReadWatching opens a list for a device. last is the time of the newest that it has seen, 0 for none.
func ReadWatching(b []byte, to id.Device, s *roster.State, now, last int64) (*Watching, error) {
	e, err := dsse.Parse(b)
	if err != nil {
		return nil, err
	}
	var w Watching
	if err := e.Read(ThingWatching, &w); err != nil {
		return nil, err
	}
	if w.Household != s.Household && !rule.Off(rule.Household) {
		return nil, rule.Errorf(rule.Household, "watching: of another household")
	}
	if w.To != to && !rule.Off(rule.Audience) {
		return nil, rule.Errorf(rule.Audience, "watching: told to another device")
	}
	if err := e.Verify(map[id.Device]ed25519.PublicKey{id.Hub: s.Hub.Sign}); err != nil {
		return nil, err
	}
	if err := request.Fresh(w.At, now); err != nil {
		return nil, err
	}
	if w.At <= last && !rule.Off(rule.Replay) {
		return nil, rule.Errorf(rule.Replay, "watching: not newer than what was told before")
	}
	return &w, nil
}
