// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
	"keyhold/member/live"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

const (
	// houseCameras are recorded, houseViewers watch, each another one of them in full size.
	houseCameras, houseViewers = 16, 8
	// pictureRate is how many pictures a second the cameras send.
	pictureRate = 15
	// lostBar lets no stretch be lost.
	lostBar = 0.5
	// putAway is how long the last pack may take to be seen by its household.
	putAway = 3 * time.Minute
)

// house is what a full house came to.
type house struct {
	lost    []float64 // stretches that are missing, of each camera
	missing []float64 // pictures that are missing, of each viewer, in percent
	cpu     []float64 // of the hub, in percent of one core
	loads   string    // of the machine, before and after
}

// crowd records sixteen cameras while eight people watch, on the machine that also plays cameras, cloud and viewers; and
// asks the record afterwards whether something is missing of that time.
func crowd(ctx context.Context, length time.Duration) (out *house, err error) {
	h, err := fullHouse(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	sessions, err := h.two(ctx)
	if err != nil {
		return nil, err
	}
	list, err := h.all(ctx)
	if err != nil {
		return nil, err
	}
	var seen [houseViewers]atomic.Int64
	for i := range houseViewers {
		v, err := live.Open(ctx, sessions[i*len(sessions)/houseViewers], live.Wish{
			Cameras: []id.Camera{list[i]}, Picture: func(int, [][]byte, bool, time.Duration) { seen[i].Add(1) },
		})
		if err != nil {
			return nil, fmt.Errorf("viewer %d: %w", i, err)
		}
		defer v.Close()
	}
	if err := pause(ctx, 2*time.Second); err != nil { // the beginning is no part of it
		return nil, err
	}
	out = &house{loads: loads()}
	var before [houseViewers]int64
	for i := range seen {
		before[i] = seen[i].Load()
	}
	from := time.Now()
	used, err := rate(ctx, h.Hub, length)
	if err != nil {
		return nil, err
	}
	until := time.Now()
	for i := range seen {
		due := until.Sub(from).Seconds() * pictureRate
		out.missing = append(out.missing, max(0, 100*(due-float64(seen[i].Load()-before[i]))/due))
	}
	out.cpu = []float64{used / 10}
	out.loads += ", " + loads()
	out.lost, err = h.lost(ctx, list, from, until)
	return out, err
}

// fullHouse is a household with sixteen cameras, whose hub makes preview pictures, too.
func fullHouse(ctx context.Context) (*home, error) {
	var cameras []string
	for i := range houseCameras {
		cameras = append(cameras, fmt.Sprint("cam", i))
	}
	own, err := setting.Begin(ctx, setting.Wish{Cameras: cameras})
	if err != nil {
		return nil, err
	}
	return &home{Home: own}, nil
}

// two opens the household's device, and makes another: a device has at most four views.
func (h *home) two(ctx context.Context) ([]*session.Session, error) {
	link, stop, err := setting.Invite(ctx, h.World)
	if err != nil {
		return nil, err
	}
	defer stop()
	if _, err := h.Run(ctx, "join", link, "--yes", "--device", h.Path("another")); err != nil {
		return nil, err
	}
	var out []*session.Session
	for _, folder := range []string{"device", "another"} {
		s, _, err := h.Device(ctx, folder)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	h.session = out[0]
	return out, nil
}

// all are the cameras, once all of them are recorded.
func (h *home) all(ctx context.Context) ([]id.Camera, error) {
	var list []id.Camera
	err := h.Hub.Until(ctx, time.Minute, "recording all cameras", func(ctx context.Context) bool {
		reply, err := h.session.Do(ctx, request.Op{Kind: request.OpListCameras})
		if err != nil {
			return false
		}
		list = nil
		for _, c := range reply.Result.Cameras {
			if c.State == request.CameraRecording {
				list = append(list, c.ID)
			}
		}
		return len(list) == houseCameras
	})
	return list, err
}

// lost counts what is missing of each camera between two moments, once all of it is with the cloud.
func (h *home) lost(ctx context.Context, list []id.Camera, from, until time.Time) ([]float64, error) {
	if _, err := h.session.Do(ctx, request.Op{Kind: request.OpLeaveEarly}); err != nil {
		return nil, err
	}
	a, b := from.UnixMilli(), until.UnixMilli()
	var out []float64
	var failed error
	err := h.Hub.Until(ctx, putAway, "what was recorded last", func(ctx context.Context) bool {
		out = nil
		for _, c := range list {
			n, last, err := h.holes(ctx, c, a, b)
			if failed = err; err != nil || last < b {
				return false
			}
			out = append(out, n)
		}
		return true
	})
	return out, errors.Join(failed, err)
}

// holes counts the times between two moments at which nothing of a camera was recorded, and says until when something was.
func (h *home) holes(ctx context.Context, c id.Camera, a, b int64) (n float64, last int64, err error) {
	said, err := h.Owner(ctx, "list", "--camera", string(c), "--from", "-1h", "--until", "now", "--json")
	if err != nil {
		return 0, 0, err
	}
	stretches, err := harness.Lines[harness.Stretch](said)
	if err != nil {
		return 0, 0, err
	}
	stretches = slices.DeleteFunc(stretches, func(s harness.Stretch) bool { return s.Kind != "recorded" || s.Until <= a || s.From >= b })
	for i, s := range stretches {
		if i == 0 && s.From > a || i > 0 && s.From > stretches[i-1].Until {
			n++
		}
		last = max(last, s.Until)
	}
	return n, last, nil
}

// figures are what a full house is held against.
func (o *house) figures() []setting.Figure {
	return []setting.Figure{
		setting.Judge("live.house.lost", "stretches", 1, o.lost, lostBar),
		setting.Judge("live.house.missing", "% of pictures", 1, o.missing, 0),
		setting.Judge("live.house.cpu", "% of a core", 0.5, o.cpu, 0),
	}
}

// loads are the machine's, of the last minute: what else runs on it spoils the figures.
func loads() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(b), " ")
	return one
}
