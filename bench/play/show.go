// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"keyhold/bench/setting"
)

const (
	peerName = "plain fMP4 over HLS, same film and library"
	firstBar = 500.0 // ms, median
	seekBar  = 200.0 // ms, 95th percentile
)

func show(s sights, kept time.Duration) error {
	if len(s.Places) == 0 || len(s.PeerFirst) == 0 || len(s.PeerSeek) == 0 {
		return errors.New("nothing was measured")
	}
	words := fmt.Sprintf(`playing %.1f minutes of 1080p 15 fps 4 Mbit/s with sound in headless Chromium; %s; each on fresh pages, ours and the peer in turn
sought to places from %.1f to %.1f minutes of film. Counted from the lift of the finger to the frame being shown
(requestVideoFrameCallback). The peer, %s, has nothing to fetch a right for, to check or to open; both begin a
tap on the strip with a key frame. Not counted: loading the page, and any network: cloud and browser are on one machine, on which
hub and camera go on recording.`,
		kept.Minutes(), setting.Machine(), slices.Min(s.Places)/60, slices.Max(s.Places)/60, peerName)
	compare := func(name string, share float64, ours, peer []float64, bar float64) setting.Figure {
		return setting.Judge(name, "ms", share, ours, bar).Beside(peerName, share, peer)
	}
	return setting.Show(os.Stdout, words, []setting.Figure{
		compare("play.first_frame.p50", 0.5, slices.Concat(s.Before, s.Strip), s.PeerFirst, firstBar),
		compare("play.first_frame_before.p50", 0.5, s.Before, s.PeerFirst, 0),
		compare("play.first_frame_strip.p50", 0.5, s.Strip, s.PeerFirst, 0),
		compare("play.seek.p95", 0.95, s.Seek, s.PeerSeek, seekBar),
		compare("play.seek.p50", 0.5, s.Seek, s.PeerSeek, 0),
	})
}
