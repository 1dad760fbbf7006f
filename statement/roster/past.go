// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"time"

	"keyhold/statement/id"
)

// PersonWith returns a person with this role and these rights, outside of any State: for asking what somebody could do
// under an earlier statement, or would be able to do under an offer.
func PersonWith(p id.Person, role Role, rights []Right) Person {
	s, out := &State{zones: map[string]*time.Location{}}, Person{ID: p}
	s.give(&out, role, rights, 0)
	return out
}
