// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"keyhold/home/camera/cameratest"
	"keyhold/statement/id"
)

// asBrowsers offers to be told how long pictures may be held back.
func asBrowsers(m *webrtc.MediaEngine, _ *interceptor.Registry) error {
	return m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"}, webrtc.RTPCodecTypeVideo)
}

// A viewer at home is told with each key frame to hold no picture back; anybody else is told nothing, since what comes
// from far is not even.
func TestAViewerAtHomeHoldsNothingBack(t *testing.T) {
	clip := cameratest.Clip(t, loud())
	for name, c := range map[string]struct {
		near func(netip.Addr) bool
		told bool
	}{
		"at home":   {near: func(a netip.Addr) bool { return a.IsLoopback() || a.IsPrivate() }, told: true},
		"elsewhere": {near: func(netip.Addr) bool { return false }},
		"not known": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHomeNear(t, clip, c.near, front)
			h.old(t, front, 1)
			w, offer := newViewerWith(t, 1, false, asBrowsers)
			v, answer, err := h.engine.Answer(t.Context(), []id.Camera{front}, offer, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { v.Close(); <-v.Done() }()
			v.Play()
			w.take(t, answer)
			until(t, "two key frames and more", func() bool { return whole(w.got(0)) > 40 })
			told := 0
			stamp, begins := uint32(0), true
			for _, p := range w.got(0) {
				if p.Timestamp != stamp {
					stamp, begins = p.Timestamp, true
				}
				key := begins && p.Payload[0]&0x1f == 24 // parameters in one packet (STAP-A) begin it
				begins = false
				said := false
				for _, n := range p.GetExtensionIDs() {
					said = said || bytes.Equal(p.GetExtension(n), []byte{0, 0, 0})
				}
				if said != (key && c.told) {
					t.Fatalf("a packet of %d bytes (the first of a key frame: %v) says to hold nothing back: %v", len(p.Payload), key, said)
				}
				if said {
					told++
				}
			}
			if c.told && told < 2 {
				t.Errorf("said with %d key frames", told)
			}
		})
	}
}
