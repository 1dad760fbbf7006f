// SPDX-License-Identifier: Apache-2.0

package stories

import "testing"

// Somebody covers a part of a picture, and sees it black; uncovered elsewhere, it is said.
func TestWhatIsCoveredIsBlack(t *testing.T) {
	t.Parallel()
	w := home(t)
	play(t, "masks.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir(), "DEVICE="+w.Path("device"))...)
}
