// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"crypto/ed25519"
	"fmt"
	"maps"

	"keyhold/statement/id"
)

// ClosedRun is a run of the record that a hub which was replaced has left behind: so many leaves, with this root, and
// nothing after them. It stands in the link that replaced the hub, and there in the place of any checkpoint.
type ClosedRun struct {
	Root id.Hash `json:"root"`
	Run  id.Run  `json:"run"`
	Size int64   `json:"size"`
}

// MaxClosed is how many runs a hub may leave behind.
const MaxClosed = 256

// era is the time of one hub: from the statement with this number on, its key counter-signs.
type era struct {
	from, at int64
	sign     ed25519.PublicKey
	// bare says that the hubs before have left nothing behind.
	bare bool
}

// closed is a run with the place of its hub among the household's.
type closed struct {
	ClosedRun
	hub, place int
}

// numbers is how many numbers of leaves, names and labels one statement of the roster is worth: those of a hub begin at
// this many times the number of the link that put it in, so that no hub has to know which numbers an earlier one gave.
const numbers = int64(1) << 32

// Era is the time of one hub of the household.
type Era struct {
	// Key is what this hub signs with.
	Key ed25519.PublicKey
	// First is the first number that it may give a leaf of each camera; names and labels are numbered from the next one
	// on. End is the first number of the next hub, 0 if there is none.
	First, End int64
	// Current says that the hub is in force.
	Current bool
	// Place counts the household's hubs from 0.
	Place int
	// Bare says that the hubs before have left nothing behind: the record begins with this one.
	Bare bool
}

// Holds says whether a number is one that this hub may give.
func (e Era) Holds(number int64) bool {
	return number >= e.First && (e.Current || number < e.End)
}

// Now is the era of the hub in force.
func (s *State) Now() Era { return s.era(len(s.hubs) - 1) }

func (s *State) era(i int) Era {
	e := Era{Key: s.hubs[i].sign, First: s.hubs[i].from * numbers, Current: i == len(s.hubs)-1, Place: i, Bare: s.hubs[i].bare}
	if !e.Current {
		e.End = s.hubs[i+1].from * numbers
	}
	return e
}

// EraOf is the era of what names this head: the hub in force when that was the newest statement has to have signed it.
// What names no statement of the chain belongs to the hub in force.
func (s *State) EraOf(head id.Hash) Era {
	last := len(s.hubs) - 1
	if last == 0 {
		return s.era(0)
	}
	for seq := s.Head.Seq; seq >= 0; seq-- {
		if seq < s.hubs[last].from {
			last--
		}
		if hash, ok := s.HashAt(seq); ok && hash == head {
			return s.era(last)
		}
	}
	return s.Now()
}

// EraOfRun is the era of a run of the record, and how it ended: nil for one that may still grow, of the hub in force. A
// hub that was replaced has no other runs than those that it left behind.
func (s *State) EraOfRun(run id.Run) (Era, *ClosedRun) {
	if c, ok := s.closed[run]; ok {
		return s.era(c.hub), &c.ClosedRun
	}
	return s.Now(), nil
}

// RunOrder compares the places of two runs: those that hubs left behind come in the order in which the links name them,
// and before all others, about whose order it says nothing.
func (s *State) RunOrder(a, b id.Run) int {
	x, okX := s.closed[a]
	y, okY := s.closed[b]
	switch {
	case okX && okY:
		return x.place - y.place
	case okX:
		return -1
	case okY:
		return 1
	}
	return 0
}

// Since is when the hub in force was put in.
func (s *State) Since() int64 { return s.hubs[len(s.hubs)-1].at }

// EndOf is when another hub took the place of this one, 0 if none has.
func (s *State) EndOf(e Era) int64 {
	if e.Current {
		return 0
	}
	return s.hubs[e.Place+1].at
}

// LeftBehind is the newest run that the hub before the one in force left behind, if any.
func (s *State) LeftBehind() (ClosedRun, bool) {
	best, found := closed{}, false
	for _, c := range s.closed {
		if c.hub == len(s.hubs)-2 && (!found || c.place > best.place) {
			best, found = c, true
		}
	}
	return best.ClosedRun, found
}

// replaceHub puts another hub into force.
func (s *State) replaceHub(op ReplaceHub, l *Link) {
	s.Gone[s.Hub.former()] = true
	bare := s.hubs[len(s.hubs)-1].bare
	for _, r := range op.Runs {
		bare = bare && r.Size == 0
		if _, known := s.closed[r.Run]; !known {
			s.closed[r.Run] = closed{r, len(s.hubs) - 1, len(s.closed)}
		}
	}
	s.Hub = op.Hub
	s.hubs = append(s.hubs, era{l.Seq, l.At, op.Hub.Sign, bare})
}

func (o ReplaceHub) check() error {
	if err := checkKeys(o.Hub.Sign, o.Hub.HPKE); err != nil {
		return err
	}
	if len(o.Runs) > MaxClosed {
		return fmt.Errorf("a hub that left too many runs behind")
	}
	seen := map[id.Run]bool{}
	for _, r := range o.Runs {
		if !r.Run.Valid() || r.Size < 0 || seen[r.Run] {
			return fmt.Errorf("a malformed run, or one twice")
		}
		seen[r.Run] = true
	}
	return nil
}

// longEnough wants of two owners who put in a hub together that each has been one for a week, as of those who remove an
// owner: whoever made a friend an owner a minute ago is still one person.
func (s *State) longEnough(l *Link, by []id.Device) bool {
	if l.Op.Kind() != KindReplaceHub || len(by) < 2 {
		return true
	}
	for _, d := range by {
		if p := s.personOf(d); p == nil || l.At < p.OwnerSince+OwnerWait {
			return false
		}
	}
	return true
}

func (s *State) cloneHubs(of *State) {
	s.hubs, s.closed = append([]era(nil), of.hubs...), maps.Clone(of.closed)
}
