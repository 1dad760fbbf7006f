// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"keyhold/e2e/harness"
)

// A recorder is what is measured.
type recorder string

const (
	ours      recorder = "keyhold"
	oursSends recorder = "keyhold, sending"
	ffmpeg    recorder = "ffmpeg"
)

// peerWarm is how long ffmpeg needs to find out what it gets.
const peerWarm = 8 * time.Second

// A trial is one recorder that runs: its processes, and where it writes.
type trial struct {
	procs []*harness.Process
	dir   string
}

func (t *trial) stop() error {
	var all error
	for _, p := range t.procs {
		all = errors.Join(all, p.Stop())
	}
	return all
}

// copying starts the peer.
func copying(dir string, urls []string) (*trial, error) {
	t := &trial{dir: dir}
	for i, u := range urls {
		p, err := harness.Start("ffmpeg", filepath.Join(dir, "log"), nil, "ffmpeg", "-v", "error", "-nostdin",
			"-rtsp_transport", "tcp", "-i", u, "-c", "copy", "-f", "segment", "-segment_time", "4", "-segment_format", "mp4",
			"-reset_timestamps", "1", filepath.Join(dir, fmt.Sprintf("c%d-%%05d.mp4", i)))
		if err != nil {
			return nil, errors.Join(err, t.stop())
		}
		t.procs = append(t.procs, p)
	}
	return t, nil
}

// recording starts a hub.
func recording(ctx context.Context, h *home) (*trial, error) {
	if err := h.StartHub(ctx); err != nil {
		return nil, err
	}
	return &trial{[]*harness.Process{h.Hub}, h.Path("hub")}, nil
}

// measure gives the CPU time per camera and second, in ms, and the proportional set size in MB.
func measure(ctx context.Context, p plan, h *home, urls []string) (cpu, mem float64, err error) {
	dir, err := os.MkdirTemp("", "keyhold-bench-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var t *trial
	if h == nil {
		t, err = copying(dir, urls)
	} else {
		t, err = recording(ctx, h)
	}
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	warm := p.warm
	if h == nil {
		warm = min(warm, peerWarm)
	}
	if err := pause(ctx, warm); err != nil {
		return 0, 0, err
	}
	before, err := spent(t.procs)
	if err != nil {
		return 0, 0, err
	}
	written, began := size(t.dir), time.Now()
	if err := pause(ctx, p.length); err != nil {
		return 0, 0, err
	}
	after, err := spent(t.procs)
	if err != nil {
		return 0, 0, err
	}
	took := time.Since(began)
	// Who does not record is not fast: the stream of each camera must have come to the disk.
	got := float64(size(t.dir)-written) / took.Seconds() / float64(len(urls)) * 8 / 1e6
	if took > 8*time.Second && got < 2.8 {
		return 0, 0, fmt.Errorf("only %.1f Mbit/s of each camera were recorded", got)
	}
	if mem, err = memory(t.procs); err != nil {
		return 0, 0, err
	}
	return float64((after - before).Milliseconds()) / took.Seconds() / float64(len(urls)), mem, nil
}

// size is what lies in a folder. Files that are moved meanwhile count or do not; it does not matter here.
func size(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if i, err := d.Info(); err == nil {
				n += i.Size()
			}
		}
		return nil
	})
	return n
}

// spent is the CPU time of the processes.
func spent(procs []*harness.Process) (time.Duration, error) {
	var sum time.Duration
	for _, p := range procs {
		one, err := p.CPU()
		if err != nil {
			return 0, err
		}
		sum += one
	}
	return sum, nil
}

// memory is the proportional set size: shared pages count by their share.
func memory(procs []*harness.Process) (float64, error) {
	var kb int64
	for _, p := range procs {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.PID()))
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
				n, err := strconv.ParseInt(f[1], 10, 64)
				if err != nil {
					return 0, err
				}
				kb += n
			}
		}
	}
	return float64(kb) / 1024, nil
}
