// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"strings"
	"testing"
)

// A passkey made on a phone confirms a change, brings its owner back on a phone that knows nothing, with everything that
// was recorded, and brings nobody back once it was removed.
func TestPasskeyOnANewPhone(t *testing.T) {
	t.Parallel()
	w := home(t)
	play(t, "passkey.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir())...)

	trail, err := w.Owner(t.Context(), "roster", "--json", "--trail")
	must(t, err)
	if !strings.Contains(trail, "came in by the passkey") {
		t.Errorf("the command line's trail does not say by what somebody came back:\n%s", trail)
	}
}
