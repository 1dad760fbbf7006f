// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"keyhold/home/camera/freeport"
)

// The names and the secret in every world. They are distinctive, so that a search for them finds them or nothing.
const (
	PersonName     = "Thessaly Quillfeather"
	DeviceName     = "Brindled desk"
	CameraUser     = "viewer"
	CameraPassword = "plum-tartan-84-wick"
)

// World is a home and an operator on one machine, each in a folder of its own.
type World struct {
	Programs
	Dir string
	Env []string // for every program; KEYHOLD_MUTANT lies here

	CloudAddress  string
	CameraAddress string
	// OnvifAddress is where the cameras answer ONVIF, and over UDP where the hub asks for them: those of other worlds on
	// the same machine are none of its business.
	OnvifAddress string
	// HubCloud is where the hub finds the cloud; a proxy may stand there.
	HubCloud string

	Cloud   *Process
	Hub     *Process
	Cameras *Process
	App     *Process
}

// NewWorld chooses the addresses. Nothing runs yet.
func NewWorld(ctx context.Context, dir string, programs Programs) (*World, error) {
	cloud, err := freeport.Address(ctx)
	if err != nil {
		return nil, err
	}
	cameras, err := freeport.Address(ctx)
	if err != nil {
		return nil, err
	}
	onvif, err := freeport.Address(ctx)
	if err != nil {
		return nil, err
	}
	w := &World{Programs: programs, Dir: dir, CloudAddress: cloud, CameraAddress: cameras, OnvifAddress: onvif, HubCloud: "http://" + cloud}
	for _, sub := range []string{"logs", "cloud", "hub"} {
		if err := os.MkdirAll(w.Path(sub), 0o700); err != nil {
			return nil, fmt.Errorf("make the world's folders: %w", err)
		}
	}
	return w, os.WriteFile(w.Path("camera-password"), []byte(CameraPassword+"\n"), 0o600)
}

// Path is a place in the world's folder: cloud, hub, device, sheet.txt, logs/….
func (w *World) Path(name string) string { return filepath.Join(w.Dir, name) }

// CloudURL is the cloud itself, past any proxy.
func (w *World) CloudURL() string { return "http://" + w.CloudAddress }

// Origin is where a browser finds the app.
func (w *World) Origin() string {
	_, port, _ := strings.Cut(w.CloudAddress, ":")
	return "http://cloud.localhost:" + port
}

// StartCloud starts the operator's program, again on the same address, and waits until it answers.
func (w *World) StartCloud(ctx context.Context, more ...string) error {
	args := append([]string{"serve", "--listen", w.CloudAddress, "--data", w.Path("cloud"), "--origin", w.Origin()}, more...)
	var err error
	if w.Cloud, err = Start("cloud", w.Path("logs/cloud.log"), w.Env, w.Programs.Cloud, args...); err != nil {
		return err
	}
	return w.Cloud.Until(ctx, time.Minute, "answering", func(ctx context.Context) bool { return Answers(ctx, w.CloudURL()+"/v1/info") })
}

// StartCameras starts one program that plays films: a path such as "door" to a file; more are further flags.
func (w *World) StartCameras(ctx context.Context, films map[string]string, more ...string) error {
	args := []string{"camera", "serve", "--listen", w.CameraAddress, "--onvif", w.OnvifAddress, "--discovery", w.OnvifAddress, "--user", CameraUser, "--password-file", w.Path("camera-password")}
	args = append(args, more...)
	for path, file := range films {
		args = append(args, path+"="+file)
	}
	var err error
	if w.Cameras, err = Start("cameras", w.Path("logs/cameras.log"), w.Env, w.Keyhold, args...); err != nil {
		return err
	}
	return w.Cameras.Until(ctx, time.Minute, "listening", func(ctx context.Context) bool { return Listens(ctx, w.CameraAddress) })
}

// CameraURL is the address of a film, with user and password.
func (w *World) CameraURL(path string) string {
	return (&url.URL{Scheme: "rtsp", User: url.UserPassword(CameraUser, CameraPassword), Host: w.CameraAddress, Path: "/" + path}).String()
}

// StartHub starts the hub; more are further flags.
func (w *World) StartHub(_ context.Context, more ...string) error {
	var err error
	args := append([]string{"hub", "run", "--dir", w.Path("hub"), "--cloud", w.HubCloud, "--find", w.OnvifAddress}, more...)
	w.Hub, err = Start("hub", w.Path("logs/hub.log"), w.Env, w.Keyhold, args...)
	return err
}

// StartApp serves the owner app as a person's own computer does, for a household that does not exist yet, and returns
// the address to open.
func (w *World) StartApp(ctx context.Context) (string, error) {
	listen, err := freeport.Address(ctx)
	if err != nil {
		return "", err
	}
	w.App, err = Start("app", w.Path("logs/app.log"), w.Env, w.Keyhold, "app", "--listen", listen, "--cloud", w.CloudURL(), "--device", w.Path("no-device"))
	if err != nil {
		return "", err
	}
	_, port, _ := strings.Cut(listen, ":")
	address := "http://localhost:" + port
	return address, w.App.Until(ctx, time.Minute, "serving the app", func(ctx context.Context) bool { return Answers(ctx, address) })
}

// Code is what the new hub shows for pairing.
func (w *World) Code(ctx context.Context) (string, error) {
	var code string
	err := w.Hub.Until(ctx, time.Minute, "showing its pairing code", func(ctx context.Context) bool {
		out, err := w.Run(ctx, "hub", "code", "--dir", w.Path("hub"))
		code = strings.TrimSpace(out)
		return err == nil && code != ""
	})
	return code, err
}

// Pair begins the household: the owner's device lies in device, the sheet in sheet.txt. Clients find the cloud at
// the given address.
func (w *World) Pair(ctx context.Context, cloud string) error {
	code, err := w.Code(ctx)
	if err != nil {
		return err
	}
	return Init(ctx, w.Keyhold, w.Path("sheet.txt"), "--hub-code", code, "--cloud", cloud, "--device", w.Path("device"),
		"--name", PersonName, "--device-name", DeviceName, "--zone", "Europe/Berlin")
}

// Status is how a command ended.
type Status struct {
	Code int    // exit status; 3 is an alarm
	Out  string // the answer
	Said string // what was said beside it
}

// Command runs one command of the household's program to its end; a status other than 0 is no error.
func (w *World) Command(ctx context.Context, args ...string) (Status, error) {
	cmd := exec.CommandContext(ctx, w.Keyhold, args...)
	cmd.Env = append(os.Environ(), w.Env...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	s := Status{Code: cmd.ProcessState.ExitCode(), Out: out.String(), Said: said.String()}
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("keyhold %s: %w", strings.Join(args, " "), err)
	}
	return s, nil
}

// Run is Command for a command that must work; it returns its answer.
func (w *World) Run(ctx context.Context, args ...string) (string, error) {
	s, err := w.Command(ctx, args...)
	if err == nil && s.Code != 0 {
		err = fmt.Errorf("keyhold %s ended with %d:\n%s", strings.Join(args[:min(2, len(args))], " "), s.Code, s.Said)
	}
	return s.Out, err
}

// Owner runs a command as the owner's device.
func (w *World) Owner(ctx context.Context, args ...string) (string, error) {
	return w.Run(ctx, append(args, "--device", w.Path("device"))...)
}

// Stretch is a line of `keyhold list --json`: something recorded, or a gap with its reason.
type Stretch struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	From     int64  `json:"from"`
	Until    int64  `json:"until"`
	Segments int    `json:"segments"`
	Reason   string `json:"reason"`
}

// Lines decodes an answer of one JSON object a line.
func Lines[T any](out string) ([]T, error) {
	var all []T
	dec := json.NewDecoder(strings.NewReader(out))
	for dec.More() {
		var v T
		if err := dec.Decode(&v); err != nil {
			return nil, fmt.Errorf("decode the listing: %w", err)
		}
		all = append(all, v)
	}
	return all, nil
}

// Close stops everything, the last started first, and says what did not stop well.
func (w *World) Close() error {
	var bad error
	for _, p := range []*Process{w.App, w.Hub, w.Cameras, w.Cloud} {
		if p == nil {
			continue
		}
		select {
		case <-p.Done():
		default:
			bad = errors.Join(bad, p.Stop())
		}
	}
	return bad
}
