// SPDX-License-Identifier: Apache-2.0

package setting

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// A Figure is one line of a result: what was measured, beside whom, and what it may be at most.
type Figure struct {
	Name      string  `json:"name"`
	Value     float64 `json:"value"`
	Unit      string  `json:"unit"`
	Peer      string  `json:"peer"`
	PeerValue float64 `json:"peer_value"`
	Ratio     float64 `json:"ratio"`
	Bar       float64 `json:"bar"` // 0 for none
	OK        bool    `json:"ok"`
	Samples   int     `json:"samples"`

	all, peerAll []float64
}

// At is the value that the given share of all samples does not exceed; 0.5 is the median.
func At(share float64, all []float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(all))
	return s[max(0, int(math.Ceil(share*float64(len(s))))-1)]
}

// Judge holds a share of the samples against a bar; 0 is no bar.
func Judge(name, unit string, share float64, all []float64, bar float64) Figure {
	f := Figure{Name: name, Value: At(share, all), Unit: unit, Bar: bar, Samples: len(all), all: all}
	f.OK = bar == 0 || f.Value <= bar
	return f
}

// Beside adds what the peer needed in the same run; of nothing there is no ratio.
func (f Figure) Beside(peer string, share float64, all []float64) Figure {
	f.Peer, f.peerAll, f.PeerValue = peer, all, At(share, all)
	if f.PeerValue != 0 {
		f.Ratio = f.Value / f.PeerValue
	}
	return f
}

// AtMost holds the ratio to the peer against a bar, not the value.
func (f Figure) AtMost(ratio float64) Figure {
	f.Bar = ratio
	f.OK = ratio == 0 || f.Ratio <= ratio
	return f
}

// Show prints the figures with the words before them, or, where JSON is set in the environment, an object a line. The
// error counts what missed its bar.
func Show(w io.Writer, words string, out []Figure) error {
	asJSON := os.Getenv("JSON") != ""
	if !asJSON {
		fmt.Fprintln(w, words)
	}
	missed := 0
	for _, f := range out {
		if f.Samples == 0 {
			return errors.New("nothing was measured: " + f.Name)
		}
		if !f.OK {
			missed++
		}
		line := f.line()
		if asJSON {
			f.Value, f.PeerValue, f.Ratio = round(f.Value), round(f.PeerValue), round(f.Ratio)
			b, err := json.Marshal(f)
			if err != nil {
				return fmt.Errorf("show %s: %w", f.Name, err)
			}
			line = string(b)
		}
		fmt.Fprintln(w, line)
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d figures missed their bar", missed, len(out))
	}
	return nil
}

func (f Figure) line() string {
	s := fmt.Sprintf("%-27s %8.2f %s (%.2f to %.2f, %d samples)", f.Name, f.Value, f.Unit, slices.Min(f.all), slices.Max(f.all), f.Samples)
	if f.Peer != "" {
		s += fmt.Sprintf("  peer %8.2f (%.2f to %.2f)", f.PeerValue, slices.Min(f.peerAll), slices.Max(f.peerAll))
		if f.PeerValue != 0 {
			s += fmt.Sprintf("  ratio %.2f", f.Ratio)
		}
	}
	switch {
	case f.Bar > 0 && f.OK:
		s += fmt.Sprintf("  at most %g: met", f.Bar)
	case f.Bar > 0:
		s += fmt.Sprintf("  at most %g: MISSED", f.Bar)
	}
	return s
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }
