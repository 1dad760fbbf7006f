// SPDX-License-Identifier: Apache-2.0

package alert_test

import (
	"crypto/ed25519"
	"strings"
	"testing"

	homealert "keyhold/home/alert"
	"keyhold/sealing/box"
	"keyhold/statement/alert"
	"keyhold/statement/id"
)

const (
	household = id.Household("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	camera    = id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	device    = id.Device("dev_aaaaaaaaaaaaaaaaaaaaaaaaaa")
)

func TestEveryAlertHasOneSize(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	reader, err := box.NewKey(make([]byte, box.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []alert.Alert{
		{Seq: 1, At: 1, Camera: camera, Kind: alert.Press},
		{Seq: 1<<53 - 1, At: 1<<53 - 1, Camera: camera, Kind: alert.Press},
		{Seq: 2, At: 1_700_000_000_000, Camera: id.HouseholdCamera, Kind: alert.Test},
	} {
		b, err := homealert.Seal(a, household, device, reader.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) != alert.SealedSize {
			t.Errorf("%+v takes %d bytes, not %d", a, len(b), alert.SealedSize)
		}
	}
}

func TestWhatIsNoAlertIsNotSigned(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	good := alert.Alert{Seq: 1, At: 1, Camera: camera, Kind: alert.Press}
	for name, edit := range map[string]func(*alert.Alert){
		"number 0":                     func(a *alert.Alert) { a.Seq = 0 },
		"time 0":                       func(a *alert.Alert) { a.At = 0 },
		"a press at the household":     func(a *alert.Alert) { a.Camera = id.HouseholdCamera },
		"a kind that nobody knows":     func(a *alert.Alert) { a.Kind = "motion" },
		"a camera that is too long by": func(a *alert.Alert) { a.Camera = id.Camera(strings.Repeat("c", 600)) },
	} {
		a := good
		edit(&a)
		if _, err := alert.Sign(a, household, device, key); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}
