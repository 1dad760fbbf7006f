// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/camera"
)

const (
	cloudAddress  = "127.0.0.1:7440"
	cloudURL      = "http://" + cloudAddress
	origin        = "http://cloud.localhost:7440"
	cameraAddress = "127.0.0.1:7554"
	onvifAddress  = "127.0.0.1:7580"
	lockAddress   = "127.0.0.1:7581"
	cameraUser    = "demo"
	sheet         = "recovery-sheet.txt"
	// doorbell is the camera at which somebody rings, whose door can be opened, and whose light is lit while somebody looks.
	doorbell = "front-door"
)

// cameraNames are the films' names; what the household calls its cameras is read from them.
var cameraNames = []string{"front-door", "garden", "driveway"}

// household is the demo: its folder, the programs it runs, the films they play.
type household struct {
	dir, bin, footage string
	running           []*harness.Process // in the order of their start
}

// live starts everything, prints the link and stays until it is told to stop or a program ends.
func (h *household) live(ctx context.Context) (err error) {
	defer h.stopAll()
	password, err := h.cameraPassword()
	if err != nil {
		return err
	}
	for _, address := range []string{cloudAddress, cameraAddress, onvifAddress, lockAddress} {
		if err := free(ctx, address); err != nil {
			return err
		}
	}
	cloud, err := h.start("cloud", "keyhold-cloud", "serve", "--listen", cloudAddress, "--data", h.path("cloud"), "--origin", origin)
	if err != nil {
		return err
	}
	args := []string{"camera", "serve", "--listen", cameraAddress, "--onvif", onvifAddress, "--lock", lockAddress, "--user", cameraUser, "--password-file", h.path("camera-password"), "--doorbell", doorbell, "--light", doorbell}
	for _, name := range cameraNames {
		args = append(args, name+"="+filepath.Join(h.footage, name+".mp4"))
	}
	cameras, err := h.start("cameras", "keyhold", args...)
	if err != nil {
		return err
	}
	if err := cloud.Until(ctx, 15*time.Second, "answering", func(ctx context.Context) bool { return harness.Answers(ctx, cloudURL+"/v1/info") }); err != nil {
		return err
	}
	if err := cameras.Until(ctx, 15*time.Second, "listening", func(ctx context.Context) bool { return harness.Listens(ctx, cameraAddress) }); err != nil {
		return err
	}
	hub, err := h.start("hub", "keyhold", "hub", "run", "--dir", h.path("hub"), "--cloud", cloudURL, "--here", lockAddress, "--here", onvifAddress)
	if err != nil {
		return err
	}
	if err := h.settle(ctx, hub, password); err != nil {
		return err
	}
	// A household of an earlier demo has no bell, no door and no light yet.
	err = h.once("bell", func() error {
		_, err := h.keyhold(ctx, "cameras", "bell", title(doorbell), "onvif", "--device", h.path("device"))
		return err
	})
	if err != nil {
		return err
	}
	if err := h.once("door", func() error { return h.hang(ctx, password) }); err != nil {
		return err
	}
	err = h.once("light", func() error {
		_, err := h.keyhold(ctx, "cameras", "light", title(doorbell), "onvif", "--device", h.path("device"))
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("Look live at the %s: its light is lit while you do. What it says of itself: curl -u %s:\"$(cat %s)\" http://%s%s\n",
		strings.ToLower(title(doorbell)), cameraUser, h.path("camera-password"), lockAddress, camera.LightPath)
	ctx, cancel := context.WithCancel(ctx)
	gone := make(chan struct{})
	go func() { defer close(gone); h.visit(ctx) }()
	defer func() { cancel(); <-gone }()
	return h.invite(ctx)
}

const (
	// firstVisit and others: when somebody comes to the door, and how long it is until somebody comes again.
	firstVisit = 90 * time.Second
	soonest    = 3 * time.Minute
	latest     = 9 * time.Minute
)

// visit is somebody who rings now and then, until the context ends.
func (h *household) visit(ctx context.Context) {
	pause := firstVisit
	for {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		// Nobody hears of it that it did not work: the next one comes.
		_, _ = h.keyhold(ctx, "camera", "press", "--at", onvifAddress, doorbell)
		pause = soonest + mathrand.N(latest-soonest)
	}
}

// settle makes the household the first time; later it finds it there. Each step leaves a mark, so that a first run
// that was interrupted goes on where it stopped.
func (h *household) settle(ctx context.Context, hub *harness.Process, password string) error {
	if h.done("cameras") {
		fmt.Println("Going on with the household of the last run (make demo-reset forgets it).")
		return nil
	}
	fmt.Println("A new household: pairing this computer with the hub …")
	err := h.once("household", func() error {
		var code string
		err := hub.Until(ctx, 15*time.Second, "showing its pairing code", func(ctx context.Context) bool {
			out, err := h.keyhold(ctx, "hub", "code", "--dir", h.path("hub"))
			code = strings.TrimSpace(out)
			return err == nil && code != ""
		})
		if err != nil {
			return err
		}
		return h.initialise(ctx, code)
	})
	if err != nil {
		return err
	}
	for _, name := range cameraNames {
		address := url.URL{Scheme: "rtsp", User: url.UserPassword(cameraUser, password), Host: cameraAddress, Path: "/" + name}
		err := h.once(name, func() error {
			_, err := h.keyhold(ctx, "cameras", "add", title(name), address.String(), "--device", h.path("device"))
			return err
		})
		if err != nil {
			return err
		}
	}
	return h.once("cameras", func() error { return nil })
}

// hang lets the door at the doorbell be opened, with the digits that the hub shows for that.
func (h *household) hang(ctx context.Context, password string) error {
	w := harness.World{Programs: harness.Programs{Keyhold: filepath.Join(h.bin, "keyhold")}, Dir: h.dir}
	address := url.URL{Scheme: "http", User: url.UserPassword(cameraUser, password), Host: lockAddress, Path: camera.LockPath}
	s, err := w.Confirmed(ctx, "doors", "add", title(doorbell), "--camera", title(doorbell), "--http", address.String(), "--device", h.path("device"))
	if err == nil && s.Code != 0 {
		err = fmt.Errorf("keyhold doors add ended with %d:\n%s", s.Code, s.Said)
	}
	return err
}

// done says whether a step was done in some run.
func (h *household) done(step string) bool {
	_, err := os.Stat(h.path("done-" + step))
	return err == nil
}

// once does a step unless it is done.
func (h *household) once(step string, do func() error) error {
	if h.done(step) {
		return nil
	}
	if err := do(); err != nil {
		return err
	}
	if err := os.WriteFile(h.path("done-"+step), nil, 0o600); err != nil {
		return fmt.Errorf("note that a step is done: %w", err)
	}
	return nil
}

// initialise begins the household and names what lies where.
func (h *household) initialise(ctx context.Context, code string) error {
	return harness.Init(ctx, filepath.Join(h.bin, "keyhold"), h.path(sheet), "--hub-code", code, "--cloud", origin,
		"--device", h.path("device"), "--name", "Anna", "--device-name", "This computer")
}

// keyhold runs one command to its end.
func (h *household) keyhold(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(h.bin, "keyhold"), args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("keyhold %s: %w\n%s", strings.Join(args[:2], " "), err, strings.TrimSpace(said.String()))
	}
	return string(out), nil
}

// start runs a program of the demo; its log is of this run only.
func (h *household) start(name, program string, args ...string) (*harness.Process, error) {
	log := filepath.Join(h.dir, "logs", name+".log")
	if err := os.RemoveAll(log); err != nil {
		return nil, fmt.Errorf("forget the old log of %s: %w", name, err)
	}
	p, err := harness.Start(name, log, nil, filepath.Join(h.bin, program), args...)
	if err != nil {
		return nil, err
	}
	h.running = append(h.running, p)
	return p, nil
}

// stopAll ends the programs, the last started first.
func (h *household) stopAll() {
	if len(h.running) == 0 {
		return
	}
	fmt.Print("\nStopping … ")
	for i := len(h.running) - 1; i >= 0; i-- {
		if err := h.running[i].Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "demo:", err)
		}
	}
	fmt.Printf("stopped. Everything is kept in %s\n", h.dir)
}

func (h *household) path(name string) string { return filepath.Join(h.dir, name) }

// cameraPassword makes the cameras' password once and keeps it where the simulated camera reads it.
func (h *household) cameraPassword() (string, error) {
	path := h.path("camera-password")
	if text, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	password := rand.Text()
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the cameras' password: %w", err)
	}
	return password, nil
}

// free says in words that somebody else has a port which the demo needs.
func free(ctx context.Context, address string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%s is taken by another program: stop that one first (%w)", address, err)
	}
	return l.Close()
}

// title makes "Front door" of "front-door".
func title(name string) string {
	words := strings.ReplaceAll(name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}
