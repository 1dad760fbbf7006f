// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"testing"

	"keyhold/statement/manifest"
)

func TestOnlyAGapThatEndsWhereItIsWrittenDownSaysThatNothingWasWritten(t *testing.T) {
	t.Parallel()
	const old = 1000
	beat := manifest.Entry{Leaf: &manifest.Heartbeat{Header: manifest.Header{At: 5000}}}
	for name, c := range map[string]struct {
		gap  manifest.Gap
		want bool
	}{
		"off since before":          {manifest.Gap{Header: manifest.Header{At: 5000}, From: 999, Until: 5000}, true},
		"off since then":            {manifest.Gap{Header: manifest.Header{At: 5000}, From: 1000, Until: 5000}, false},
		"a camera's, with a hub on": {manifest.Gap{Header: manifest.Header{At: 5000}, From: 999, Until: 4999}, false},
	} {
		if got := manifest.Back([]manifest.Entry{beat, {Leaf: &c.gap}}, old); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if manifest.Back([]manifest.Entry{beat}, old) {
		t.Error("without a gap")
	}
}
