// SPDX-License-Identifier: Apache-2.0

// Command household measures what a change of the household costs its hub: bringing in and removing a person where
// twenty devices read eight cameras, from the command until everything that is recorded next is sealed to the new set of
// readers; what one question to the roster costs; and how long a device reads a roster of five hundred links.
//
// Hub and cloud are the real ones, in this process because the hub says only in its log how long it took; the cameras
// are a process of their own, and all eight are recorded meanwhile. There is no peer: nothing else known to us seals to
// readers one by one. The program trusts the machine to be otherwise idle. It leaves nothing behind but the clip in the
// cache.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
)

const (
	cameras = 8
	devices = 20
	links   = 500
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench household:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	rounds, err := harness.Amount("ROUNDS", 9)
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
	w, err := harness.NewWorld(ctx, dir, programs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	films := map[string]string{}
	for n := range cameras {
		films[fmt.Sprintf("camera%d", n)] = clip
	}
	if err := w.StartCameras(ctx, films); err != nil {
		return err
	}
	added, removed, err := changes(ctx, w, rounds)
	if err != nil {
		return err
	}
	questions, err := ask(rounds)
	if err != nil {
		return err
	}
	replays, err := replay(rounds)
	if err != nil {
		return err
	}
	words := fmt.Sprintf(`a household with %d cameras that record 1080p at 4 Mbit/s, and %d devices; %s; medians (lowest to highest)
add, remove: from the moment the hub has the command until link, epochs, envelopes, names and labels are on its disk and the recorders
seal to the new readers from their next key frame on. Not counted: the way of the command and of the answer, and the code being typed.
may: one question, by a viewer whose hours count. roster: a chain of people who came and went, every signature checked. No peer.`,
		cameras, devices, setting.Machine())
	return setting.Show(os.Stdout, words, []setting.Figure{
		setting.Judge(fmt.Sprintf("household.add.%dx%d", cameras, devices), "ms", 0.5, added, 300),
		setting.Judge(fmt.Sprintf("household.remove.%dx%d", cameras, devices), "ms", 0.5, removed, 300),
		setting.Judge("household.may", "µs", 0.5, questions, 1),
		setting.Judge(fmt.Sprintf("household.roster%d", links), "ms", 0.5, replays, 300),
	})
}
