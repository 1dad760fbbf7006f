// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
	"keyhold/statement/alert"
	"keyhold/statement/id"
)

const cameraName = "door"

// house is a household with a bell at its door, and a phone whose app is closed.
type house struct {
	*setting.Home
	service *harness.PushService
	phone   *harness.Phone
	peer    *peer
	camera  id.Camera
	hook    string

	pressed []time.Time
	pushed  []float64 // ms from a press to the push service's door
	told    []float64 // ms that the peer took
}

func begin(ctx context.Context) (_ *house, err error) {
	h := &house{service: harness.StartPushService()}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.Home, err = setting.Begin(ctx, setting.Wish{
		Cameras: []string{cameraName}, Cloud: []string{"--push-host", h.service.URL()}, Hub: []string{"--bell", "127.0.0.1:0"},
	}); err != nil {
		return nil, err
	}
	if h.peer, err = startPeer(ctx, h.Path("peer")); err != nil {
		return nil, err
	}
	owner, v, err := h.Device(ctx, "device")
	if err != nil {
		return nil, err
	}
	c, ok := v.Camera(cameraName)
	if !ok {
		return nil, errors.New("the camera is not there")
	}
	h.camera = c.ID
	if h.phone, err = h.service.Subscribe(ctx, owner); err != nil {
		return nil, err
	}
	return h, h.bell(ctx)
}

// bell gives the door a bell that calls an address.
func (h *house) bell(ctx context.Context) error {
	out, err := h.Owner(ctx, "cameras", "bell", cameraName, "webhook", "--json")
	if err != nil {
		return err
	}
	var said struct {
		Addresses []string `json:"addresses"`
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		return fmt.Errorf("read the bell's addresses: %w", err)
	}
	for _, a := range said.Addresses {
		if strings.HasPrefix(a, "http://") {
			h.hook = a
			return nil
		}
	}
	return fmt.Errorf("the hub gives no address that needs no TLS: %s", out)
}

// press lets the peer have its round, then rings, and waits until that is at the push service's door.
func (h *house) press(ctx context.Context) error {
	theirs, err := h.peer.told(ctx)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.hook, strings.NewReader(`{"event":"press"}`))
	if err != nil {
		return err
	}
	began := time.Now()
	res, err := new(http.Client).Do(req)
	if err != nil {
		return fmt.Errorf("ring: %w", err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the bell answers %d", res.StatusCode)
	}
	n := len(h.pressed)
	all, err := h.service.Wait(ctx, n+1)
	if err != nil {
		return err
	}
	got, err := h.phone.Open(all[n].Body)
	if err != nil {
		return err
	}
	if got.Kind != alert.Press || got.Camera != h.camera {
		return fmt.Errorf("the phone reads %+v", got)
	}
	h.pressed = append(h.pressed, began)
	h.pushed, h.told = append(h.pushed, ms(all[n].At.Sub(began))), append(h.told, ms(theirs))
	return nil
}

// written is how long the hub took for each press until that was on its record: it tells of that in its log.
func (h *house) written() ([]float64, error) {
	f, err := os.Open(h.Hub.Log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []float64
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if !strings.Contains(lines.Text(), `msg="somebody has pressed"`) {
			continue
		}
		text, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "time="), " ")
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, fmt.Errorf("read the hub's log: %w", err)
		}
		if len(out) == len(h.pressed) {
			return nil, fmt.Errorf("the hub tells of more than %d presses", len(h.pressed))
		}
		out = append(out, ms(at.Sub(h.pressed[len(out)])))
	}
	if len(out) != len(h.pressed) {
		return nil, fmt.Errorf("of %d presses the hub tells of %d", len(h.pressed), len(out))
	}
	return out, lines.Err()
}

func (h *house) close() error {
	var err error
	if h.peer != nil {
		err = h.peer.close()
	}
	if h.Home != nil {
		err = errors.Join(err, h.Close())
	}
	h.service.Close()
	return err
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
