// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"strings"
	"testing"

	"keyhold/e2e/harness"
)

// A family of three and a sitter: a guardian invited beside the owner, a viewer from afar, a guest with two cameras,
// hours and an end; used, changed, ended by the clock, removed.
func TestFamilyAndSitter(t *testing.T) {
	t.Parallel()
	w := homeWith(t, map[string]string{"porch": "Porch", "yard": "Back yard", "attic": "Attic"})
	play(t, "family.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir())...)

	trail, err := w.Owner(t.Context(), "roster", "--json", "--trail")
	must(t, err)
	if !strings.Contains(trail, "Eva") || !strings.Contains(trail, "Oma Trudi") {
		t.Errorf("the command line's trail knows other people:\n%s", trail)
	}
}

// A phone is lost and removed from another device of its owner.
func TestLostPhone(t *testing.T) {
	t.Parallel()
	w := home(t)
	play(t, "lost.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir())...)
}

// Every device is lost. The sheet, typed into the app on a new computer, brings its owner back, who makes a new sheet.
func TestNothingLeftButTheSheet(t *testing.T) {
	t.Parallel()
	w := home(t)
	words, err := harness.SheetWords(w.Path("sheet.txt"))
	must(t, err)
	origin, err := w.StartApp(t.Context())
	must(t, err)
	play(t, "sheet.mjs", append(terminal(w), "ORIGIN="+origin, "WORDS="+strings.Join(words, " "), "OUT="+t.TempDir())...)
}

// terminal is what a story needs to read the code that the hub shows at home.
func terminal(w *harness.World) []string {
	return []string{"ORIGIN=" + w.Origin(), "KEYHOLD=" + w.Keyhold, "HUB=" + w.Path("hub")}
}
