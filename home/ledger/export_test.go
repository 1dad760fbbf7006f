// SPDX-License-Identifier: Apache-2.0

package ledger

// SetFault asks f at each step of an Append; an error from it ends the Append there.
func (l *Ledger) SetFault(f func(step string) error) { l.fault = f }

// Steps are the steps of an Append, in order. The last comes after the commit.
var Steps = []string{"numbered", "hashed", "signed", "committed"}

// MaxPacks is how many packs a batch may hold.
const MaxPacks = maxPacks
