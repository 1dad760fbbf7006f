// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"keyhold/bench/setting"
)

// A figure is one line of the result.
type figure struct {
	Name      string  `json:"name"`
	Value     float64 `json:"value"`
	Unit      string  `json:"unit"`
	Peer      string  `json:"peer"`
	PeerValue float64 `json:"peer_value"`
	Ratio     float64 `json:"ratio"`
	Bar       float64 `json:"bar"`
	OK        bool    `json:"ok"`
	Samples   int     `json:"samples"`
	Footage   float64 `json:"footage_minutes"`

	all, peerAll []float64
}

const (
	peerName  = "plain fMP4 over HLS, same film and library"
	firstBar  = 500.0 // ms, median
	seekBar   = 200.0 // ms, 95th percentile
	jsonOut   = "JSON"
	precision = 10
)

// at is the value that the given share of all samples does not exceed.
func at(share float64, all []float64) float64 {
	s := slices.Clone(all)
	slices.Sort(s)
	return s[max(0, int(math.Ceil(share*float64(len(s))))-1)]
}

func compare(name string, share float64, ours, peer []float64, bar float64, kept time.Duration) figure {
	f := figure{
		Name: name, Value: at(share, ours), Unit: "ms", Peer: peerName, PeerValue: at(share, peer), Bar: bar,
		Samples: len(ours), Footage: kept.Minutes(), all: ours, peerAll: peer,
	}
	f.Ratio = f.Value / f.PeerValue
	f.OK = bar == 0 || f.Value <= bar
	return f
}

func show(s sights, kept time.Duration) error {
	if len(s.Tile) == 0 || len(s.Strip) == 0 || len(s.Seek) == 0 || len(s.PeerFirst) == 0 || len(s.PeerSeek) == 0 {
		return errors.New("nothing was measured")
	}
	taps := slices.Concat(s.Tile, s.Strip)
	out := []figure{
		compare("play.first_frame.p50", 0.5, taps, s.PeerFirst, firstBar, kept),
		compare("play.first_frame_tile.p50", 0.5, s.Tile, s.PeerFirst, 0, kept),
		compare("play.first_frame_strip.p50", 0.5, s.Strip, s.PeerFirst, 0, kept),
		compare("play.seek.p95", 0.95, s.Seek, s.PeerSeek, seekBar, kept),
		compare("play.seek.p50", 0.5, s.Seek, s.PeerSeek, 0, kept),
	}
	asJSON := os.Getenv(jsonOut) != ""
	if !asJSON {
		fmt.Printf("playing %.1f minutes of 1080p 15 fps 4 Mbit/s with sound in headless Chromium; %s; each on fresh pages, ours and the peer in turn\n",
			kept.Minutes(), setting.Machine())
		fmt.Printf("sought to places from %.1f to %.1f minutes of film. Counted from the lift of the finger to the frame being shown\n",
			slices.Min(s.Places)/60, slices.Max(s.Places)/60)
		fmt.Println("(requestVideoFrameCallback). The peer has nothing to fetch a right for, to check or to open. Not counted: loading the page,")
		fmt.Println("and any network: cloud and browser are on one machine, on which hub and camera go on recording.")
	}
	missed := 0
	for _, f := range out {
		if f.Bar > 0 && !f.OK {
			missed++
		}
		if asJSON {
			f.Value, f.PeerValue, f.Ratio, f.Footage = round(f.Value), round(f.PeerValue), round(f.Ratio), round(f.Footage)
			b, err := json.Marshal(f)
			if err != nil {
				return err
			}
			fmt.Println(string(b))
			continue
		}
		verdict := ""
		switch {
		case f.Bar > 0 && f.OK:
			verdict = fmt.Sprintf("  at most %g: met", f.Bar)
		case f.Bar > 0:
			verdict = fmt.Sprintf("  at most %g: MISSED", f.Bar)
		}
		fmt.Printf("%-27s %6.0f ms (%.0f to %.0f, %d samples)  plain %6.0f ms (%.0f to %.0f)  ratio %.2f%s\n", f.Name, f.Value,
			slices.Min(f.all), slices.Max(f.all), f.Samples, f.PeerValue, slices.Min(f.peerAll), slices.Max(f.peerAll), f.Ratio, verdict)
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d figures missed their bar", missed, len(out))
	}
	return nil
}

func round(v float64) float64 { return math.Round(v*precision) / precision }
