// SPDX-License-Identifier: Apache-2.0

package signal_test

import (
	"bytes"
	"slices"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/signal"
)

// FuzzSignal reads signals and lists: what passes is written the same way again, and says what each may say.
func FuzzSignal(f *testing.F) {
	const (
		hash  = `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
		rand  = `aaaaaaaaaaaaaaaaaaaaaaaaaa"`
		tail  = `,"from":"dev_` + rand + `,"head":` + hash + `,"household":` + hash + `,"kind":`
		end   = `,"nonce":"AAAAAAAAAAAAAAAAAAAAAA==","to":"hub","view":"vie_` + rand + `}`
		watch = `{"at":1,"household":` + hash + `,"looks":[`
		look  = `{"camera":"cam_` + rand + `,"device":"dev_` + rand + `,"person":"per_` + rand + `,"since":1,"view":"vie_` + rand + `}`
	)
	f.Add([]byte(`{"at":1,"body":"v=0","cameras":["cam_` + rand + `]` + tail + `"offer"` + end))
	f.Add([]byte(`{"at":1,"body":"","cameras":[]` + tail + `"ask"` + end))
	f.Add([]byte(`{"at":1,"body":"","cameras":[]` + tail + `"end"` + end))
	f.Add([]byte(watch + look + `],"to":"dev_` + rand + `}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var s signal.Signal
		if canon.Unmarshal(in, &s) == nil {
			same(t, in, s)
			if (s.From == id.Hub) == (s.To == id.Hub) {
				t.Fatalf("%s goes from %s to %s", in, s.From, s.To)
			}
			if s.Kind == signal.Offer && (s.Body == "" || len(s.Body) > signal.MaxBody || len(s.Cameras) == 0 || len(s.Cameras) > signal.MaxCameras) {
				t.Fatalf("%s is no offer", in)
			}
		}
		var w signal.Watching
		if canon.Unmarshal(in, &w) == nil {
			same(t, in, w)
			if !slices.IsSortedFunc(w.Looks, func(a, b signal.Look) int { return int(a.Since - b.Since) }) {
				t.Fatalf("%s is out of order", in)
			}
		}
	})
}

func same(t *testing.T, in []byte, v any) {
	again, err := canon.Marshal(v)
	if err != nil || !bytes.Equal(again, in) {
		t.Fatalf("%s is written as %s: %v", in, again, err)
	}
}
