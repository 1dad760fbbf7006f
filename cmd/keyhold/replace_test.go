// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"keyhold/statement/manifest"
)

// Each thing that has to be set up again is named as it was called; where nobody knows what there was, what there may be.
func TestWhatToSetUpAgainIsNamed(t *testing.T) {
	t.Parallel()
	said := func(was *manifest.Names) string {
		console, _, said := quiet("")
		console.again(was)
		return said.String()
	}
	text := said(&manifest.Names{
		Cameras:  []manifest.NamedCam{{Name: "Front", Bell: true, Door: "Gate", Light: true, Speaker: true}, {Name: "Yard"}},
		Channels: []string{"Grandmother"}, Integrations: []string{"Home Assistant"},
	})
	for _, part := range []string{`the bell of "Front": keyhold cameras bell`, `the speaker of "Front": keyhold cameras speaker`, `the light of "Front": keyhold cameras light`, `the door "Gate" at "Front": keyhold doors add`, `"Grandmother"`, `"Home Assistant"`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not named in\n%s", part, text)
		}
	}
	if strings.Contains(text, "Yard") || strings.Contains(text, "if there were") {
		t.Errorf("what there was not is named in\n%s", text)
	}
	for _, was := range []*manifest.Names{nil, {Cameras: []manifest.NamedCam{{Name: "Yard"}}}} {
		if text := said(was); !strings.Contains(text, "keyhold channels") || !strings.Contains(text, "as far as there were any") {
			t.Errorf("where nothing is known it says\n%s", text)
		}
	}
}
