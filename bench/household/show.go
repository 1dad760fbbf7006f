// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"

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

	all []float64
}

// judge holds the median against a bar.
func judge(name, unit string, all []float64, bar float64) figure {
	s := slices.Clone(all)
	slices.Sort(s)
	m := s[len(s)/2]
	if len(s)%2 == 0 {
		m = (m + s[len(s)/2-1]) / 2
	}
	return figure{Name: name, Value: m, Unit: unit, Bar: bar, OK: m <= bar, Samples: len(s), all: s}
}

func show(out []figure) error {
	asJSON := os.Getenv("JSON") != ""
	if !asJSON {
		fmt.Printf("a household with %d cameras that record 1080p at 4 Mbit/s, and %d devices; %s; medians (lowest to highest)\n", cameras, devices, setting.Machine())
		fmt.Println("add, remove: from the moment the hub has the command until link, epochs, envelopes, names and labels are on its disk and the recorders")
		fmt.Println("seal to the new readers from their next key frame on. Not counted: the way of the command and of the answer, and the code being typed.")
		fmt.Println("may: one question, by a viewer whose hours count. roster: a chain of people who came and went, every signature checked. No peer.")
	}
	missed := 0
	for _, f := range out {
		if !f.OK {
			missed++
		}
		if asJSON {
			f.Value = math.Round(f.Value*1000) / 1000
			b, err := json.Marshal(f)
			if err != nil {
				return err
			}
			fmt.Println(string(b))
			continue
		}
		verdict := "met"
		if !f.OK {
			verdict = "MISSED"
		}
		fmt.Printf("%-22s %8.2f %s (%.2f to %.2f, %d samples)  at most %g: %s\n", f.Name, f.Value, f.Unit, f.all[0], f.all[len(f.all)-1], f.Samples, f.Bar, verdict)
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d figures missed their bar", missed, len(out))
	}
	return nil
}
