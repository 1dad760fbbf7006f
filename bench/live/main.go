// SPDX-License-Identifier: Apache-2.0

// Command live measures what somebody waits for who opens a camera, and what each who watches costs the hub.
//
// The released hub, cloud and camera run as processes; this program is the household's device, with the receiver that
// `keyhold live` has. The peer is the barest program that pion makes possible: it takes the same camera's packets over
// RTSP and passes them to each viewer as they are, keeps nothing, asks nobody. Runs of ours and of the peer alternate. At
// the end the wait is measured once more where a person has it, in a browser. Before all that come a full house, sixteen cameras
// and eight viewers, and how old pictures are when they are seen: a film whose pictures are numbered by a bar code goes
// through camera, hub and browser. ONLY=house, ONLY=glass and ONLY=browser measure nothing but the house, the age of
// pictures and the wait in a browser.
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

func run(ctx context.Context) (err error) {
	rounds, err := harness.Amount("ROUNDS", 20)
	if err != nil {
		return err
	}
	runs, err := harness.Amount("RUNS", 5)
	if err != nil {
		return err
	}
	seconds, err := harness.Amount("SECONDS", 20)
	if err != nil {
		return err
	}
	long, err := harness.Amount("HOUSE", 120)
	if err != nil {
		return err
	}
	switch os.Getenv("ONLY") {
	case "browser":
		return browserOnly(ctx, rounds)
	case "glass":
		return glassOnly(ctx, runs, seconds)
	}
	full, err := crowd(ctx, time.Duration(long)*time.Second)
	if err != nil {
		return fmt.Errorf("a full house: %w", err)
	}
	houseWords := fmt.Sprintf(`a full house: %d cameras are recorded, with preview pictures, and %d viewers watch one each in full size, for %d s; %s, which also plays
cameras, cloud and viewers; its load was %s. house.lost: times at which nothing of a camera was recorded, by the household's own
verified list. house.missing: pictures that did not come, of the viewer with the most. house.cpu: of the hub.`, houseCameras, houseViewers, long, setting.Machine(), full.loads)
	if os.Getenv("ONLY") == "house" {
		return setting.Show(os.Stdout, houseWords, full.figures())
	}
	fresh, plain, err := glass(ctx, runs, seconds)
	if err != nil {
		return fmt.Errorf("how old pictures are: %w", err)
	}
	h, err := begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	var s seen
	for i := range rounds {
		// Not in step with the camera's key frames, which come every two seconds.
		if err := pause(ctx, 400*time.Millisecond+time.Duration(i%7)*100*time.Millisecond); err != nil {
			return err
		}
		if err := h.first(ctx, &s); err != nil {
			return err
		}
	}
	for i := range runs {
		if err := h.cost(ctx, &s, time.Duration(seconds)*time.Second); err != nil {
			return err
		}
		n := len(s.cpu) - 1
		fmt.Fprintf(os.Stderr, "run %d of %d: %.2f and %.2f ms/s a viewer\n", i+1, runs, s.cpu[n], s.peerCPU[n])
	}
	shown, waited, err := h.browse(ctx, rounds)
	if err != nil {
		return err
	}
	words := fmt.Sprintf(`watching a camera live, 1080p 15 fps 4 Mbit/s, a key frame every two seconds; %s; cloud, hub, camera and viewer on one machine.
first_picture: from the offer being made to the first whole key frame at the viewer, with a signed offer, its check, a leaf
of the record synced to the disk, and an answer through the cloud; the peer is asked over plain HTTP and waits for the camera's next
key frame. %s cpu_viewer: CPU of the hub per second for one viewer more, from one to %d; viewers and cameras are not counted.
%s
%s`, setting.Machine(), browserWords, viewers, houseWords, glassWords(fresh, plain))
	return setting.Show(os.Stdout, words, append(append(full.figures(),
		setting.Judge("live.first_picture.p50", "ms", 0.5, s.first, firstBar),
		setting.Judge("live.first_picture.p95", "ms", 0.95, s.first, lateBar),
		setting.Judge("live.first_picture.wait", "ms", 0.5, s.first, 0).Beside(peerName, 0.5, s.peerFirst).AtMost(waitBar),
		setting.Judge("live.cpu_viewer", "ms", 0.5, s.cpu, 0).Beside(peerName, 0.5, s.peerCPU).AtMost(cpuBar),
	), append(browserFigures(shown, waited), glassFigures(fresh, plain)...)...))
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
