// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/ed25519"
	"fmt"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// readReseals collects the envelopes that members of this household have given to this reader. Whoever signed may have
// been removed since: their word is judged by the roster that it names.
func (v *View) readReseals() error {
	for _, raw := range v.answer.Reseals {
		e, err := dsse.Parse(raw)
		if err != nil {
			return fmt.Errorf("check a reseal: %w", err)
		}
		var r request.Reseal
		if err := e.Read(request.ThingReseal, &r); err != nil {
			return fmt.Errorf("check a reseal: %w", err)
		}
		if len(e.Signatures) != 1 {
			return rule.Errorf(rule.Signer, "a reseal has one signer")
		}
		if r.Device != v.s.Keys.ID() {
			continue
		}
		if r.Household != v.Roster.Household && !rule.Off(rule.WrongHousehold) {
			return rule.Errorf(rule.WrongHousehold, "a reseal of another household")
		}
		key, ok := v.giver(e.Signatures[0].KeyID, &r)
		if !ok {
			return rule.Errorf(rule.Signer, "a reseal by somebody who may not give keys to this device")
		}
		if err := e.Verify(map[id.Device]ed25519.PublicKey{e.Signatures[0].KeyID: key}); err != nil {
			return fmt.Errorf("check a reseal: %w", err)
		}
		for _, epoch := range r.Epochs {
			v.given[epoch.Envelope] = true
		}
	}
	return nil
}

// giver returns the key of whoever may give this reader keys: a device or passkey of the same person, a device of an
// owner's or a guardian's, or the sheet.
func (v *View) giver(signer id.Device, r *request.Reseal) (ed25519.PublicKey, bool) {
	if signer == id.Sheet {
		return v.Roster.Sheet.Sign, true
	}
	for _, s := range v.standings() {
		if s.hash != r.Head {
			continue
		}
		by, ok := s.people[s.whose[signer]]
		own := s.whose[r.Device] == by.ID || (r.Device == id.Sheet && s.sheetOf == by.ID)
		if !ok || (!own && (signer.ReturnKey() || by.Role != roster.Owner && by.Role != roster.Guardian)) {
			return nil, false
		}
		m, ok := v.Roster.Ever(signer)
		return m.Sign, ok
	}
	return nil, false
}
