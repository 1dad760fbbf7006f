// SPDX-License-Identifier: Apache-2.0

// Command record measures what recording costs beside the plainest recorder there is: ffmpeg copying a stream into
// files, one process for each camera, without sealing anything.
//
// Cameras run in a process of their own, whose time is not counted. Runs of ours and of the peer alternate; the median
// is printed with its spread. Ours is the released hub, which seals, hashes, syncs and signs; ffmpeg does none of that.
// The program trusts the machine to be otherwise idle. It leaves nothing behind but the clip in the cache.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"keyhold/e2e/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench record:", err)
		stop()
		os.Exit(1)
	}
}

// A plan is what is measured.
type plan struct {
	runs    int
	length  time.Duration
	warm    time.Duration // of a hub; the peer needs less
	counts  []int
	sending bool
}

func env(name, other string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return other
}

func readPlan() (plan, error) {
	var p plan
	var seconds, warm int
	var counts string
	runs, err := harness.Amount("RUNS", 5)
	if err != nil {
		return p, err
	}
	length, err := harness.Amount("SECONDS", 40)
	if err != nil {
		return p, err
	}
	flag.IntVar(&p.runs, "runs", runs, "interleaved runs of each")
	flag.IntVar(&seconds, "seconds", length, "length of a run")
	flag.IntVar(&warm, "warm", 24, "seconds a hub runs before it is measured; so that each run has the end of a minute's pack in it")
	flag.StringVar(&counts, "cameras", env("CAMERAS", "1,8,16"), "numbers of cameras")
	flag.BoolVar(&p.sending, "sending", true, "also measure with upload and preview pictures, at the largest number")
	flag.Parse()
	p.length, p.warm = time.Duration(seconds)*time.Second, time.Duration(warm)*time.Second
	for _, s := range strings.Split(counts, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 64 {
			return p, fmt.Errorf("-cameras: %q is no number of cameras", s)
		}
		p.counts = append(p.counts, n)
	}
	if p.runs < 1 || seconds < 1 {
		return p, fmt.Errorf("at least one run of one second is needed")
	}
	return p, nil
}
