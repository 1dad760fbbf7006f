// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"strings"
	"testing"

	"keyhold/e2e/harness"
)

// Somebody with a phone has three cameras that nobody has typed an address of.
func TestCamerasFoundOnAPhone(t *testing.T) {
	t.Parallel()
	w := homeWith(t, map[string]string{"porch": "", "yard": "", "attic": ""})
	play(t, "find.mjs", append(terminal(w), "LINK="+invitation(t, w), "USER_NAME="+harness.CameraUser, "PASSWORD="+harness.CameraPassword, "OUT="+t.TempDir())...)

	list, err := w.Owner(t.Context(), "cameras", "list", "--json")
	must(t, err)
	if n := strings.Count(list, `"state":"recording"`); n != 3 {
		t.Errorf("the command line knows %d cameras that record:\n%s", n, list)
	}
	if n := strings.Count(list, `"room":"`); n != 3 {
		t.Errorf("the command line knows %d cameras with a room:\n%s", n, list)
	}
}
