// SPDX-License-Identifier: Apache-2.0

package home

import (
	"testing"
	"time"

	"keyhold/statement/manifest"
)

// A family was away for longer than the cloud keeps anything, with the hub switched off. Nobody is told that something was
// left out: the hub says, with the first that it writes, that it wrote nothing since.
func TestAHubThatWasOffForLongerThanAMonthIsNoAlarm(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	r.Stop()
	off := r.now().UnixMilli()
	r.offset.Add(int64(45 * 24 * time.Hour))
	must(t, r.Cloud.Sweep(t.Context()))
	r.Start()
	r.Serving()
	r.Packs(door, 2)
	r.View() // wants no alarm
	var said *manifest.Gap
	for _, g := range r.Timeline(door).Gaps {
		if g.Until >= g.At {
			said = g
		}
	}
	if said == nil || said.From > off || said.From < off-60_000 || said.Reason != manifest.GapStopped {
		t.Errorf("since %d the hub was off, and says %+v", off, said)
	}
	if first := r.Timeline(door).Segments; len(first) == 0 || first[0].Start < said.Until {
		t.Errorf("%d segments are shown since", len(first))
	}
}
