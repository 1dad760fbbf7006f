// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// dateWait is how long after a machine was switched on its clock may still be set: one without a battery shows the
	// date of when it was switched off, until it has asked the network.
	dateWait = 5 * time.Minute
	// networkWait is how long after that the network may take.
	networkWait = 90 * time.Second
	// dateLook is how often it is looked whether the clock is set, and askDate bounds a question to the cloud.
	dateLook = 500 * time.Millisecond
	askDate  = 5 * time.Second
)

// awaitDate waits, before anything is written down, for the date on a machine that was switched on just now, where the
// cloud's is so much later that the hub would have to say that it was off (see back). What the cloud says is taken for
// nothing but a reason to wait, and only so soon: it can hold up no hub that is at work or is started anew.
func (h *Hub) awaitDate(ctx context.Context) {
	up := h.Uptime
	if up == nil {
		up = uptime
	}
	var cloud, asked time.Time // its clock at a moment of this machine's, whose own clock may be set in between
	said := false
	for up() < dateWait {
		if cloud.IsZero() {
			try, cancel := context.WithTimeout(ctx, askDate)
			info, err := h.client.Info(try)
			cancel()
			switch {
			case err == nil:
				cloud, asked = time.UnixMilli(info.Now), time.Now()
			case up() >= networkWait:
				return
			}
		}
		if !cloud.IsZero() {
			if cloud.Add(time.Since(asked)).Sub(h.Now()) < longAway {
				return
			}
			if !said {
				h.Log.Warn("this machine was switched on just now and does not know the date yet; the hub waits for it")
				said = true
			}
		}
		t := time.NewTimer(dateLook)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
	if said {
		h.Log.Error("this machine's clock was not set; the hub goes on with the date that it shows")
	}
}

// uptime is how long this machine has been on; long where it does not say.
func uptime() time.Duration {
	text, _ := os.ReadFile("/proc/uptime") // nothing is no number
	first, _, _ := strings.Cut(string(text), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return dateWait
	}
	return time.Duration(seconds * float64(time.Second))
}
