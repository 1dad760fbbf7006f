// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
)

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
	compare := func(name, unit string, mine, peer []float64) setting.Figure {
		return setting.Judge(name, unit, 0.5, mine, 0).Beside(peerName, 0.5, peer)
	}
	var out []setting.Figure
	for _, n := range p.counts {
		mine, peer := key{n, ours}, key{n, ffmpeg}
		out = append(out, compare(fmt.Sprintf("record.cpu.%d", n), perCamera, cpu[mine], cpu[peer]).AtMost(bars[n]))
		if p.sending && n == most {
			out = append(out, compare(fmt.Sprintf("record.cpu_sending.%d", n), perCamera, cpu[key{n, oursSends}], cpu[peer]))
		}
		f := compare(fmt.Sprintf("record.pss.%d", n), "MB", mem[mine], mem[peer])
		if n == 16 {
			f.Bar, f.OK = mostMemory, f.Value <= mostMemory
		}
		out = append(out, f)
	}
	return setting.Show(os.Stdout, fmt.Sprintf(`recording, 1080p 15 fps 4 Mbit/s with sound over RTSP/TCP; %s; median of %d runs of %s (lowest to highest)
ours is the whole hub: it seals to a hybrid recipient, hashes, syncs each pack and signs the manifest, with the cloud away and
without preview pictures; cpu_sending is with both. The peer is %s; it does none of these and
syncs nothing. Bars of cpu are ratios. The cameras' own time is not counted.`, setting.Machine(), p.runs, p.length, peerName), out)
}

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
