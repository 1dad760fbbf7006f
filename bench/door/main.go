// SPDX-License-Identifier: Apache-2.0

// Command door measures how long somebody waits who stands at the door: from the press to the hub's record, to the push
// service's door, to an open page, and from the touch on a phone's message to the first picture.
//
// The released hub, cloud and camera run as processes, the pages in a real browser; the push service is the tests' own,
// which takes a message only with its proof, and the phone opens each. From there on a message is in somebody else's
// hands, and is not measured. The peer is a bare broker in the home, by which as many bytes are said and heard: it has no
// record, no keys and nobody outside. Each press has its round of the peer just before. The program trusts the machine to
// be otherwise idle. It leaves nothing behind but the clip in the cache.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"syscall"
	"time"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
)

// The bars, in ms, of what somebody waits for who rings.
const middleBar, lateBar = 300.0, 1000.0

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench door:", err)
		stop()
		os.Exit(1)
	}
}

// seen is what the browser tells of a press.
type seen struct {
	Rang int64   `json:"rang"` // when the call was drawn on the open page, in ms of the machine's clock
	Seen float64 `json:"seen"` // ms from the touch to the first picture
}

func run(ctx context.Context) (err error) {
	runs, err := harness.Amount("RUNS", 5)
	if err != nil {
		return err
	}
	rounds, err := harness.Amount("ROUNDS", 10)
	if err != nil {
		return err
	}
	h, err := begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	var drawn, picture []float64
	for n := range runs {
		list, err := h.watch(ctx, rounds)
		if err != nil {
			return err
		}
		first := len(h.pressed) - len(list)
		for i, one := range list {
			drawn, picture = append(drawn, ms(time.UnixMilli(one.Rang).Sub(h.pressed[first+i]))), append(picture, one.Seen)
		}
		fmt.Fprintf(os.Stderr, "run %d of %d: to the push service %.0f ms, to an open page %.0f ms, touch to picture %.0f ms; the peer %.1f ms (medians)\n",
			n+1, runs, setting.At(0.5, h.pushed[first:]), setting.At(0.5, drawn[first:]), setting.At(0.5, picture[first:]), setting.At(0.5, h.told[first:]))
	}
	written, err := h.written()
	if err != nil {
		return err
	}
	words := fmt.Sprintf(`somebody rings by a webhook; %s; camera (1080p, recorded), hub, cloud, push service and browser on one machine.
press_to_record: until the press is on the hub's record, synced to its disk, as its log tells. press_to_push: until the alert, sealed for a
phone, was taken by the push service, over hub and cloud. press_to_page: until the call is drawn on a page that was open. touch_to_picture:
a fresh page, from the touch on the message to the first picture of the camera that is shown (requestVideoFrameCallback).`, setting.Machine())
	figures := []setting.Figure{}
	for _, one := range []struct {
		name      string
		all, peer []float64
		mid, late float64
	}{
		{"press_to_record", written, nil, 0, 0},
		{"press_to_push", h.pushed, h.told, middleBar, lateBar},
		{"press_to_page", drawn, h.told, middleBar, lateBar},
		{"touch_to_picture", picture, nil, 0, 0},
	} {
		for _, at := range []struct {
			name       string
			share, bar float64
		}{{"p50", 0.5, one.mid}, {"p95", 0.95, one.late}} {
			f := setting.Judge("door."+one.name+"."+at.name, "ms", at.share, one.all, at.bar)
			if one.peer != nil {
				f = f.Beside(peerName, at.share, one.peer)
			}
			figures = append(figures, f)
		}
	}
	return setting.Show(os.Stdout, words, figures)
}

// watch lets a browser, each time a new one, meet so many presses.
func (h *house) watch(ctx context.Context, rounds int) (list []seen, err error) {
	link, stop, err := setting.Invite(ctx, h.World)
	if err != nil {
		return nil, err
	}
	defer stop()
	desk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h.press(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	defer desk.Close()
	out, err := setting.Browse(ctx, h.World, "bench/door/viewer.mjs", "LINK="+link, "DESK="+desk.URL, "CAMERA="+string(h.camera), fmt.Sprint("ROUNDS=", rounds))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, fmt.Errorf("read what the browser saw: %w", err)
	}
	if len(list) != rounds {
		return nil, fmt.Errorf("the browser tells of %d presses of %d", len(list), rounds)
	}
	return list, nil
}
