// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"path/filepath"
	"strings"
	"testing"
)

// The same road as in Chromium, in a browser whose WebCrypto lacks ML-KEM and ChaCha20: half of its reader key is software.
func TestRoadInFirefox(t *testing.T) {
	t.Parallel()
	w := home(t)
	out := t.TempDir()
	play(t, "firefox.mjs", "LINK="+invitation(t, w), "ORIGIN="+w.Origin(), "OUT="+out)

	exported(t, filepath.Join(out, "saved"))
	looks, err := w.Owner(t.Context(), "list", "--looks", "--json")
	must(t, err)
	if !strings.Contains(looks, `"purpose":"history"`) || !strings.Contains(looks, `"purpose":"export"`) {
		t.Errorf("the hub wrote down these looks only:\n%s", looks)
	}
}
