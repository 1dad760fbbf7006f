// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
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

	spread, peerSpread [2]float64
}

const (
	perCamera = "ms of CPU per camera and second"
	peerName  = "ffmpeg -c copy, a process a camera, not sealed"
)

// bars are the ratios that may not be exceeded; 0 for none.
var bars = map[int]float64{8: 1.0, 16: 0.9}

const mostMemory = 60.0 // MB, at 16 cameras

// A key names what was measured: a recorder at a number of cameras.
type key struct {
	n    int
	kind recorder
}

func run(ctx context.Context) (err error) {
	p, err := readPlan()
	if err != nil {
		return err
	}
	clip, err := setting.Clip(ctx)
	if err != nil {
		return err
	}
	programs, err := harness.Build(ctx, false)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "keyhold-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	most := slices.Max(p.counts)
	cams, urls, err := startCameras(ctx, dir, programs, clip, most)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cams.Stop()) }()
	homes := map[key]*home{}
	defer func() {
		for _, h := range homes {
			err = errors.Join(err, h.Close())
		}
	}()
	for _, n := range p.counts {
		at := key{n, ours}
		if homes[at], err = found(ctx, filepath.Join(dir, fmt.Sprintf("home%d", n)), programs, urls[:n], false); err != nil {
			return fmt.Errorf("a home with %d cameras: %w", n, err)
		}
	}
	if p.sending {
		at := key{most, oursSends}
		if homes[at], err = found(ctx, filepath.Join(dir, "sending"), programs, urls, true); err != nil {
			return fmt.Errorf("a home that sends: %w", err)
		}
	}

	cpu, mem := map[key][]float64{}, map[key][]float64{}
	for i := range p.runs {
		for _, n := range p.counts {
			kinds := []recorder{ours, ffmpeg}
			if i%2 == 1 {
				kinds = []recorder{ffmpeg, ours}
			}
			if p.sending && n == most {
				kinds = append(kinds, oursSends)
			}
			for _, k := range kinds {
				c, m, err := measure(ctx, p, homes[key{n, k}], urls[:n])
				if err != nil {
					return fmt.Errorf("%s with %d cameras: %w", k, n, err)
				}
				fmt.Fprintf(os.Stderr, "run %d of %d: %2d cameras, %-24s %6.2f ms/s a camera, %6.1f MB\n", i+1, p.runs, n, k, c, m)
				at := key{n, k}
				cpu[at], mem[at] = append(cpu[at], c), append(mem[at], m)
			}
		}
	}
	var out []figure
	for _, n := range p.counts {
		peer := key{n, ffmpeg}
		out = append(out, compare(fmt.Sprintf("record.cpu.%d", n), perCamera, cpu[key{n, ours}], cpu[peer], bars[n]))
		if p.sending && n == most {
			out = append(out, compare(fmt.Sprintf("record.cpu_sending.%d", n), perCamera, cpu[key{n, oursSends}], cpu[peer], 0))
		}
		f := compare(fmt.Sprintf("record.pss.%d", n), "MB", mem[key{n, ours}], mem[peer], 0)
		if n == 16 {
			f.Bar, f.OK = mostMemory, f.Value <= mostMemory
		}
		out = append(out, f)
	}
	return show(out, p)
}

func compare(name, unit string, mine, peer []float64, bar float64) figure {
	f := figure{Name: name, Unit: unit, Peer: peerName, Bar: bar, OK: true}
	f.Value, f.spread = median(mine)
	f.PeerValue, f.peerSpread = median(peer)
	if f.PeerValue > 0 {
		f.Ratio = f.Value / f.PeerValue
	}
	if bar > 0 {
		f.OK = f.Ratio <= bar
	}
	return f
}

func median(v []float64) (float64, [2]float64) {
	s := slices.Clone(v)
	slices.Sort(s)
	if len(s) == 0 {
		return 0, [2]float64{}
	}
	m := s[len(s)/2]
	if len(s)%2 == 0 {
		m = (s[len(s)/2-1] + m) / 2
	}
	return m, [2]float64{s[0], s[len(s)-1]}
}

func show(out []figure, p plan) error {
	missed := 0
	if !p.json {
		fmt.Printf("recording, 1080p 15 fps 4 Mbit/s with sound over RTSP/TCP; %s; median of %d runs of %s (lowest to highest)\n", setting.Machine(), p.runs, p.length)
		fmt.Println("ours is the whole hub: it seals to a hybrid recipient, hashes, syncs each pack and signs the manifest, with the cloud away and")
		fmt.Println("without preview pictures; cpu_sending is with both. The peer does none of these. The cameras' own time is not counted.")
	}
	for _, f := range out {
		if !f.OK {
			missed++
		}
		if p.json {
			f.Value, f.PeerValue, f.Ratio = round(f.Value), round(f.PeerValue), round(f.Ratio)
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
		fmt.Printf("%-22s %7.2f (%.2f to %.2f)  ffmpeg %7.2f (%.2f to %.2f)  ratio %.2f%s  [%s]\n", f.Name, f.Value,
			f.spread[0], f.spread[1], f.PeerValue, f.peerSpread[0], f.peerSpread[1], f.Ratio, verdict, f.Unit)
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d figures missed their bar", missed, len(out))
	}
	return nil
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }

// pause waits, unless the context ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return errors.New("interrupted")
	case <-t.C:
		return nil
	}
}
