// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/id"
)

// wishes are what a gesture for an operation of a kind begins with.
var wishes = map[string]string{OpAddChannel: "keyhold/v1/channel", OpAddIntegration: "keyhold/v1/integration"}

// Wish is what a gesture for a new channel or integration is made for: all that the operation says, in this household.
func (o Op) Wish(household id.Household) (id.Hash, error) {
	begin, ok := wishes[o.Kind]
	if !ok {
		return id.Hash{}, fmt.Errorf("command: no gesture is made for all of %q", o.Kind)
	}
	o.Gesture = nil
	b, err := canon.Marshal(&o)
	if err != nil {
		return id.Hash{}, fmt.Errorf("command: %w", err)
	}
	return id.HashOf([]byte(begin), []byte(household), b), nil
}
