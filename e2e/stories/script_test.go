// SPDX-License-Identifier: Apache-2.0

package stories

import "testing"

// A script of somebody else's in the page exports no key of the device, and markup that was slipped in runs nothing.
func TestScriptInThePage(t *testing.T) {
	t.Parallel()
	w := home(t)
	play(t, "script.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir())...)
}
