// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"testing"

	"keyhold/e2e/harness"
)

// Nobody alone removes an owner; what the recovery sheet announces is told to everybody, and an owner objects to it.
// (That two owners remove a third after a week, and the sheet after three days, is in e2e/home, where clocks can be set.)
func TestAnOwnerIsNotRemovedInPassing(t *testing.T) {
	t.Parallel()
	w := home(t)
	bring(t, w, "device", "jan", "--person", "Jan", "--role", "owner")
	bring(t, w, "device", "gus", "--person", "Gus", "--role", "guardian")

	s := person(t, w, "device", 1, "remove", "--yes", "Jan")
	wants(t, "an owner of today who asks", s.Said, "nobody alone removes another owner", "for a week")
	wants(t, "a guardian", person(t, w, "gus", 1, "remove", "--yes", "Jan").Said, "nobody alone removes another owner")
	wants(t, "nothing to object to", person(t, w, "device", 1, "object", "Jan").Said, "nobody has announced that Jan is to be removed")

	bySheet := func(args ...string) []string {
		return append(append([]string{"remove"}, args...), "--sheet", w.Path("sheet.txt"))
	}
	wants(t, "the sheet's own person", person(t, w, "jan", 1, bySheet("--yes", harness.PersonName)...).Said, "but for the person whose sheet it is")
	wants(t, "no answer", person(t, w, "device", 1, bySheet("Jan")...).Said, "Announce that Jan, an owner, is to be removed", "nothing was changed")
	s = person(t, w, "device", 0, bySheet("--yes", "Jan")...)
	wants(t, "the announcement", s.Said, "Announced; everybody is told", "keyhold object Jan")
	wants(t, "before three days are over", person(t, w, "device", 1, bySheet("--yes", "Jan")...).Said, "owners can object until")

	s = person(t, w, "jan", 0, "roster")
	wants(t, "whoever is to go", s.Said, "New since you were last here: Whoever holds the recovery sheet announced that Jan is to be removed")
	wants(t, "the roster", s.Out, "to be removed by the recovery sheet, from", "keyhold object Jan")
	wants(t, "a guardian's news", person(t, w, "gus", 0, "roster").Said, "announced that Jan is to be removed")
	wants(t, "a guardian who objects", person(t, w, "gus", 1, "object", "Jan").Said, "only owners object")

	wants(t, "the objection", person(t, w, "jan", 0, "object", "Jan").Said, "In force: Jan stays")
	s = person(t, w, "device", 0, "roster")
	wants(t, "the news of it", s.Said, "Jan objected to the removal of Jan; it does not happen.")
	hides(t, "the roster after it", s.Out, "to be removed")
}
