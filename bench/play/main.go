// SPDX-License-Identifier: Apache-2.0

// Command play measures what a person waits for who watches: from the tap to the first frame, and from a seek to the
// first frame at the new place, in a real browser, over an hour of footage that lies sealed at the cloud.
//
// The hour is recorded by the hub's own packet handling, recorder, seal and manifest on a clock that runs ahead as fast
// as they do, then uploaded by the released hub to the released cloud; both run while it is measured, and a camera is
// being recorded. The peer is the same film in the clear, played on a plain page by the same player library. The program
// trusts the machine to be otherwise idle. It leaves nothing behind but the clip in the cache.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench play:", err)
		stop()
		os.Exit(1)
	}
}

// seeksEach is how many seeks there are on each fresh page.
const seeksEach = 4

func run(ctx context.Context) (err error) {
	minutes, err := harness.Amount("MINUTES", 60)
	if err != nil {
		return err
	}
	rounds, err := harness.Amount("ROUNDS", 12)
	if err != nil {
		return err
	}
	length := time.Duration(minutes) * time.Minute
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
	if err := w.StartCameras(ctx, map[string]string{"door": clip}); err != nil {
		return err
	}
	if err := fill(ctx, w, clip, length); err != nil {
		return err
	}
	if err := w.StartCloud(ctx); err != nil {
		return err
	}
	if err := w.StartHub(ctx); err != nil {
		return err
	}
	kept, err := uploaded(ctx, w, length)
	if err != nil {
		return err
	}
	plain, err := servePeer(ctx, w.Path("peer"), clip, length)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plain.Close()) }()
	seen, err := watch(ctx, w, plain.URL, rounds)
	if err != nil {
		return err
	}
	return show(seen, kept)
}

// fill records the past.
func fill(ctx context.Context, w *harness.World, clip string, length time.Duration) (err error) {
	began := time.Now()
	behind := length + 5*time.Minute
	camera, err := begin(ctx, w, behind)
	if err != nil {
		return fmt.Errorf("begin in the past: %w", err)
	}
	p, err := openPast(ctx, w.Path("hub"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	from := time.Now().Add(-behind).Add(time.Second)
	if err := p.record(ctx, w.Path("hub"), camera, clip, from, length); err != nil {
		return fmt.Errorf("record the past: %w", err)
	}
	fmt.Fprintf(os.Stderr, "%s of footage were recorded and sealed in %s\n", length, time.Since(began).Round(time.Second))
	return nil
}

// uploaded waits until the cloud has the past, and says how much a member sees of it.
func uploaded(ctx context.Context, w *harness.World, length time.Duration) (time.Duration, error) {
	var kept time.Duration
	var said string
	began := time.Now()
	err := w.Hub.Until(ctx, 10*time.Minute, "the upload", func(ctx context.Context) bool {
		s, err := w.Command(ctx, "list", "--json", "--device", w.Path("device"))
		if err != nil || s.Code != 0 {
			said = s.Said
			return false
		}
		list, err := harness.Lines[harness.Stretch](s.Out)
		if err != nil {
			return false
		}
		kept = 0
		for _, one := range list {
			if one.Kind == "recorded" {
				kept += time.Duration(one.Until-one.From) * time.Millisecond
			}
		}
		return kept >= length-10*time.Second
	})
	if err != nil {
		return 0, fmt.Errorf("%s seen so far; %w\n%s", kept, err, said)
	}
	fmt.Fprintf(os.Stderr, "%s of footage lie at the cloud after %s\n", kept.Round(time.Second), time.Since(began).Round(time.Second))
	return kept, nil
}

// sights are the times that were measured, in milliseconds.
type sights struct {
	Before, Strip, Seek []float64 // Before: from the live picture to what was before it
	PeerFirst, PeerSeek []float64
	Places              []float64 // where it was sought to, in seconds of film
}

// watch joins with a browser and measures.
func watch(ctx context.Context, w *harness.World, plain string, rounds int) (s sights, err error) {
	link, stop, err := setting.Invite(ctx, w)
	if err != nil {
		return s, err
	}
	defer stop()
	out, err := setting.Browse(ctx, w, "bench/play/viewer.mjs", "LINK="+link, "PEER="+plain, fmt.Sprint("ROUNDS=", rounds), fmt.Sprint("SEEKS=", seeksEach))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return s, fmt.Errorf("watch in the browser: %w", err)
	}
	return s, nil
}
