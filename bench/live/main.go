// SPDX-License-Identifier: Apache-2.0

// Command live measures what somebody waits for who opens a camera, and what each who watches costs the hub.
//
// The released hub, cloud and camera run as processes; this program is the household's device, with the receiver that
// `keyhold live` has. The peer is the barest program that pion makes possible: it takes the same camera's packets over
// RTSP and passes them to each viewer as they are, keeps nothing, asks nobody. Runs of ours and of the peer alternate. At
// the end the wait is measured once more where a person has it, in a browser. Before all that come a full house, sixteen cameras
// and eight viewers, and how old pictures are when they are seen: a film whose pictures are numbered by a bar code goes
// through camera, hub and browser. ONLY=house, ONLY=glass, ONLY=cost and ONLY=browser measure nothing but the house,
// the age of pictures, what a viewer costs and the wait in a browser. ROUNDS is how many first pictures are waited for, RUNS
// how often age and cost are measured and SECONDS how long each time, HOUSE how many seconds the full house is looked at.
// The program trusts the machine to be otherwise idle. It leaves nothing behind but the films in the cache.
package main

import (
	"context"
	"errors"
	"flag"
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
	source := flag.String("bare", "", "be the peer, for this camera")
	listen := flag.String("listen", "", "where the peer listens")
	flag.Parse()
	var err error
	if *source != "" {
		err = bare(ctx, *source, *listen)
	} else {
		err = run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench live:", err)
		stop()
		os.Exit(1)
	}
}

const (
	peerName = "bare pion, forwarding the same packets"
	// viewers is how many watch while the cost of one is measured: as many as one device may.
	viewers = 4
	// The bars: request to first picture, in ms; of the peer, which waits for the next key frame; and CPU of the peer's.
	firstBar, lateBar, waitBar, cpuBar = 250.0, 500.0, 0.25, 1.2
)

// seen is what was measured.
type seen struct {
	first, peerFirst []float64 // ms
	cpu, peerCPU     []float64 // ms of CPU per second and viewer
}

func run(ctx context.Context) error {
	l, err := lengths()
	if err != nil {
		return err
	}
	switch only := os.Getenv("ONLY"); only {
	case "":
		return all(ctx, l)
	case "house":
		full, words, err := houseful(ctx, l)
		if err != nil {
			return err
		}
		return setting.Show(os.Stdout, words, full)
	case "glass":
		return glassOnly(ctx, l.runs, l.seconds)
	case "cost":
		return costOnly(ctx, l)
	case "browser":
		return browserOnly(ctx, l.rounds)
	default:
		return fmt.Errorf("ONLY is house, glass, cost or browser, not %q", only)
	}
}

// length is how much is measured.
type length struct{ rounds, runs, seconds, house int }

func lengths() (l length, err error) {
	for _, a := range []struct {
		name  string
		usual int
		into  *int
	}{{"ROUNDS", 20, &l.rounds}, {"RUNS", 5, &l.runs}, {"SECONDS", 20, &l.seconds}, {"HOUSE", 120, &l.house}} {
		if *a.into, err = harness.Amount(a.name, a.usual); err != nil {
			return l, err
		}
	}
	return l, nil
}

// all measures everything, the full house first.
func all(ctx context.Context, l length) (err error) {
	full, houseWords, err := houseful(ctx, l)
	if err != nil {
		return err
	}
	fresh, plain, err := glass(ctx, l.runs, l.seconds)
	if err != nil {
		return fmt.Errorf("how old pictures are: %w", err)
	}
	h, err := begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	var s seen
	for i := range l.rounds {
		// Not in step with the camera's key frames, which come every two seconds.
		if err := pause(ctx, 400*time.Millisecond+time.Duration(i%7)*100*time.Millisecond); err != nil {
			return err
		}
		if err := h.first(ctx, &s); err != nil {
			return err
		}
	}
	if err := h.costs(ctx, &s, l); err != nil {
		return err
	}
	shown, waited, err := h.browse(ctx, l.rounds)
	if err != nil {
		return err
	}
	words := fmt.Sprintf(`%s
first_picture: from the offer being made to the first whole key frame at the viewer, with a signed offer, its check, a leaf
of the record synced to the disk, and an answer through the cloud; the peer is asked over plain HTTP and waits for the camera's next
key frame. %s %s
%s
%s`, sceneWords(), browserWords, costWords, houseWords, glassWords(fresh, plain))
	return setting.Show(os.Stdout, words, append(append(append(full,
		setting.Judge("live.first_picture.p50", "ms", 0.5, s.first, firstBar),
		setting.Judge("live.first_picture.p95", "ms", 0.95, s.first, lateBar),
		setting.Judge("live.first_picture.wait", "ms", 0.5, s.first, 0).Beside(peerName, 0.5, s.peerFirst).AtMost(waitBar),
	), costFigures(&s)...), append(browserFigures(shown, waited), glassFigures(fresh, plain)...)...))
}

// sceneWords say what is watched, and where.
func sceneWords() string {
	return fmt.Sprintf("watching a camera live, 1080p 15 fps 4 Mbit/s, a key frame every two seconds; %s; cloud, hub, camera and viewer on one machine.", setting.Machine())
}

// houseful measures a full house.
func houseful(ctx context.Context, l length) ([]setting.Figure, string, error) {
	full, err := crowd(ctx, time.Duration(l.house)*time.Second)
	if err != nil {
		return nil, "", fmt.Errorf("a full house: %w", err)
	}
	return full.figures(), fmt.Sprintf(`a full house: %d cameras are recorded, with preview pictures, and %d viewers watch one each in full size, for %d s; %s, which also plays
cameras, cloud and viewers; its load was %s. house.lost: times at which nothing of a camera was recorded, by the household's own
verified list. house.missing: pictures that did not come, of the viewer with the most. house.cpu: of the hub.`, houseCameras, houseViewers, l.house, setting.Machine(), full.loads), nil
}

const browserWords = `first_frame: in headless Chromium, on fresh pages at moments of chance, from the lift of the finger on a tile to the first
picture that is shown (requestVideoFrameCallback), beside ` + waitingName + `.`

func browserFigures(shown, waited []float64) []setting.Figure {
	return []setting.Figure{
		setting.Judge("live.first_frame.p50", "ms", 0.5, shown, firstBar).Beside(waitingName, 0.5, waited),
		setting.Judge("live.first_frame.p95", "ms", 0.95, shown, lateBar).Beside(waitingName, 0.95, waited),
		setting.Judge("live.first_frame.wait", "ms", 0.5, shown, 0).Beside(waitingName, 0.5, waited).AtMost(waitBar),
	}
}

// browserOnly is for who works at that wait.
func browserOnly(ctx context.Context, rounds int) (err error) {
	h, err := begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	shown, waited, err := h.browse(ctx, rounds)
	if err != nil {
		return err
	}
	return setting.Show(os.Stdout, setting.Machine()+". "+browserWords, browserFigures(shown, waited))
}

// pause waits, unless the context ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
