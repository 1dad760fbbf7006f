// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"keyhold/bench/setting"
)

const (
	glassName = peerName + ", on a plain page"
	// glassBar is how old a picture may be when it is seen, in ms.
	glassBar = 100.0
)

// looked is one look, as the page tells it. Times are in ms.
type looked struct {
	Origin float64 `json:"origin"` // of the page's clock
	Clock  struct {
		Trip   float64 `json:"trip"`
		Behind float64 `json:"behind"`
	} `json:"clock"`
	Stats struct {
		Before counts `json:"before"`
		After  counts `json:"after"`
	} `json:"stats"`
	Pictures []shown `json:"pictures"`
}

// shown is one picture that was seen.
type shown struct {
	Got   float64 `json:"got"`   // when its last packet had come
	There float64 `json:"there"` // when the browser had it ready
	Seen  float64 `json:"seen"`  // when it is on the screen
	Stamp uint32  `json:"stamp"`
	Cost  float64 `json:"cost"` // what taking this down held the page up
	Row   []byte  `json:"row"`  // the brightness of the bar code's blocks
}

// counts are the browser's own.
type counts struct {
	Held    float64 `json:"jitterBufferDelay"`        // s, all pictures together
	Emitted float64 `json:"jitterBufferEmittedCount"` // pictures
	Decode  float64 `json:"totalDecodeTime"`          // s
	Decoded float64 `json:"framesDecoded"`
}

// glass looks at the numbered film through the app and through the peer, in turn.
func glass(ctx context.Context, runs, seconds int) (ours, theirs aged, err error) {
	path, err := film(ctx)
	if err != nil {
		return ours, theirs, err
	}
	var hub, peer *tap
	defer func() {
		for _, t := range []*tap{hub, peer} {
			if t != nil {
				err = errors.Join(err, t.close())
			}
		}
	}()
	own, err := setting.Begin(ctx, setting.Wish{Cameras: []string{"door"}, Bare: true, Film: path, By: func(at string) (through string, err error) {
		hub, through, err = openTap(ctx, at, path)
		return through, err
	}})
	if err != nil {
		return ours, theirs, err
	}
	h := &home{Home: own}
	defer func() { err = errors.Join(err, h.close()) }()
	var through string
	if peer, through, err = openTap(ctx, h.CameraURL("door"), path); err != nil {
		return ours, theirs, err
	}
	if err := h.startPeer(ctx, through); err != nil {
		return ours, theirs, err
	}
	link, stop, err := setting.Invite(ctx, h.World)
	if err != nil {
		return ours, theirs, err
	}
	defer stop()
	row, err := json.Marshal(map[string]int{"blocks": blocks, "size": blockSize, "left": rowLeft, "top": rowTop})
	if err != nil {
		return ours, theirs, err
	}
	out, err := setting.Browse(ctx, h.World, "bench/live/glass.mjs", "LINK="+link, "MEMORY="+h.Path("browser"), "PEER="+h.peerURL,
		fmt.Sprint("RUNS=", runs), fmt.Sprint("SECONDS=", seconds), "ROW="+string(row))
	if err != nil {
		return ours, theirs, err
	}
	var said struct{ App, Plain []looked }
	if err := json.Unmarshal(out, &said); err != nil {
		return ours, theirs, fmt.Errorf("look in the browser: %w", err)
	}
	for _, one := range []struct {
		name  string
		looks []looked
		by    *tap
		into  *aged
	}{{"the app", said.App, hub, &ours}, {"the plain page", said.Plain, peer, &theirs}} {
		for i, l := range one.looks {
			before := len(one.into.age)
			if err := one.into.add(l, one.by); err != nil {
				return ours, theirs, err
			}
			own := one.into.age[before:]
			fmt.Fprintf(os.Stderr, "pictures by %s, look %d of %d: median %.0f ms, 95 of 100 within %.0f\n", one.name, i+1, len(one.looks), setting.At(0.5, own), setting.At(0.95, own))
		}
	}
	return ours, theirs, nil
}

// glassOnly is for who works at the delay.
func glassOnly(ctx context.Context, runs, seconds int) error {
	ours, theirs, err := glass(ctx, runs, seconds)
	if err != nil {
		return err
	}
	return setting.Show(os.Stdout, setting.Machine()+". "+glassWords(ours, theirs), glassFigures(ours, theirs))
}

func glassWords(ours, theirs aged) string {
	return fmt.Sprintf(`glass: how old a picture is when it is seen, of a camera of 1080p 30 fps 4 Mbit/s, in headless Chromium. The clock starts
when the picture's first packet is about to be written to the hub's connection (a wire on the loopback between the two notes it; so what
the camera takes to send the picture counts), and ends when the browser expects the picture on the screen (requestVideoFrameCallback,
expectedDisplayTime, or presentationTime where that is later; what a screen itself takes is not in it). Which picture that is says its bar code. The first second after the first
picture does not count but in glass.first. Beside it %s. Both clocks are this machine's: the pages' were off by %.2f ms at most, found to
%.2f ms by asking, and set right. Reading a bar code held a page up for %.1f ms at the 95th percentile; %d pictures had another bar code than
the browser's word for them. glass.camera: of that, from a picture's first packet to its last; glass.way: until the browser has the last;
glass.held: until it has the picture to show (waiting to be even, glass.buffer by its own count, and glass.decode); glass.draw: until it is
seen. glass.settles: from when on after the first picture they are as old as they stay.`,
		glassName, setting.At(1, append(ours.behind, theirs.behind...)), setting.At(1, append(ours.trip, theirs.trip...))/2,
		setting.At(0.95, append(ours.cost, theirs.cost...)), ours.crossed+theirs.crossed)
}

func glassFigures(ours, theirs aged) []setting.Figure {
	beside := func(name string, share float64, of func(aged) []float64) setting.Figure {
		return setting.Judge("live.glass."+name, "ms", share, of(ours), 0).Beside(glassName, share, of(theirs))
	}
	return []setting.Figure{
		setting.Judge("live.glass.p50", "ms", 0.5, ours.age, glassBar).Beside(glassName, 0.5, theirs.age),
		beside("p95", 0.95, func(a aged) []float64 { return a.age }),
		beside("first", 0.5, func(a aged) []float64 { return a.first }),
		beside("third", 0.5, func(a aged) []float64 { return a.third }),
		beside("settles", 0.5, func(a aged) []float64 { return a.settles }),
		beside("camera", 0.5, func(a aged) []float64 { return a.camera }),
		beside("way", 0.5, func(a aged) []float64 { return a.way }),
		beside("held", 0.5, func(a aged) []float64 { return a.held }),
		beside("draw", 0.5, func(a aged) []float64 { return a.draw }),
		beside("buffer", 0.5, func(a aged) []float64 { return a.buffer }),
		beside("decode", 0.5, func(a aged) []float64 { return a.decode }),
		setting.Judge("live.glass.missing", "% of pictures", 0.5, ours.missing, 0).Beside(glassName, 0.5, theirs.missing),
	}
}
