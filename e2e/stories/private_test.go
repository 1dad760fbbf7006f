// SPDX-License-Identifier: Apache-2.0

package stories

import "testing"

// One of the household turns a camera off, the other sees it end and said, and turns it on again.
func TestOffMeansOff(t *testing.T) {
	t.Parallel()
	w := home(t)
	play(t, "private.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir(), "DEVICE="+w.Path("device"))...)
}
