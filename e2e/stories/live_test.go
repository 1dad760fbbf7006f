// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"strings"
	"testing"
)

// Two people look live. Each is told of the other while it lasts, the record tells it afterwards, and whoever is removed
// sees no further picture.
func TestLookingLive(t *testing.T) {
	t.Parallel()
	w := home(t)
	play(t, "live.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir())...)

	looks, err := w.Owner(t.Context(), "list", "--looks", "--json")
	must(t, err)
	if !strings.Contains(looks, `"live"`) {
		t.Errorf("the command line knows of no live look:\n%s", looks)
	}
}
