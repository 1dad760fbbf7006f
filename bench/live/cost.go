// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
)

// costOnly is for who works at what a viewer costs.
func costOnly(ctx context.Context, l length) (err error) {
	h, err := begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	var s seen
	if err := h.costs(ctx, &s, l); err != nil {
		return err
	}
	return setting.Show(os.Stdout, sceneWords()+"\n"+costWords, costFigures(&s))
}

// costs measures it so many times.
func (h *home) costs(ctx context.Context, s *seen, l length) error {
	for i := range l.runs {
		if err := h.cost(ctx, s, time.Duration(l.seconds)*time.Second); err != nil {
			return err
		}
		n := len(s.cpu) - 1
		fmt.Fprintf(os.Stderr, "run %d of %d: %.2f and %.2f ms/s a viewer\n", i+1, l.runs, s.cpu[n], s.peerCPU[n])
	}
	return nil
}

var costWords = fmt.Sprintf("cpu_viewer: CPU of the hub per second for one viewer more, from one to %d; viewers and cameras are not counted.", viewers)

func costFigures(s *seen) []setting.Figure {
	return []setting.Figure{setting.Judge("live.cpu_viewer", "ms", 0.5, s.cpu, 0).Beside(peerName, 0.5, s.peerCPU).AtMost(cpuBar)}
}

// cost watches with both in turn.
func (h *home) cost(ctx context.Context, s *seen, length time.Duration) error {
	ours, err := marginal(ctx, h.Hub, length, h.watch)
	if err != nil {
		return err
	}
	peer, err := marginal(ctx, h.peer, length, h.watchPeer)
	if err != nil {
		return err
	}
	s.cpu, s.peerCPU = append(s.cpu, ours), append(s.peerCPU, peer)
	return nil
}

// marginal is what a process spends more on each viewer after the first: with that one, the camera's packets begin to
// come singly, which costs both the same however many watch.
func marginal(ctx context.Context, p *harness.Process, length time.Duration, watch func(context.Context) (time.Duration, func(), error)) (float64, error) {
	var ends []func()
	defer func() {
		for _, end := range ends {
			end()
		}
	}()
	var first float64
	for n := range viewers {
		_, end, err := watch(ctx)
		if err != nil {
			return 0, err
		}
		ends = append(ends, end)
		if n > 0 && n < viewers-1 {
			continue
		}
		if err := pause(ctx, time.Second); err != nil { // the beginning is no part of it
			return 0, err
		}
		now, err := rate(ctx, p, length)
		if err != nil || n > 0 {
			return (now - first) / (viewers - 1), err
		}
		first = now
	}
	return 0, nil
}

// rate is the CPU time that a process takes, in ms a second.
func rate(ctx context.Context, p *harness.Process, length time.Duration) (float64, error) {
	before, err := p.CPU()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := pause(ctx, length); err != nil {
		return 0, err
	}
	after, err := p.CPU()
	return float64((after - before).Microseconds()) / 1000 / time.Since(began).Seconds(), err
}
