// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	cloudAddress  = "127.0.0.1:7440"
	cloudURL      = "http://" + cloudAddress
	origin        = "http://cloud.localhost:7440"
	cameraAddress = "127.0.0.1:7554"
	cameraUser    = "demo"
)

// cameraNames are the films' names; what the household calls its cameras is read from them.
var cameraNames = []string{"front-door", "garden", "driveway"}

// household is the demo: its folder, the programs it runs, the films they play.
type household struct {
	dir, bin, footage string
	running           []*program // in the order of their start
}

// live starts everything, prints the link and stays until it is told to stop or a program ends.
func (h *household) live(ctx context.Context) (err error) {
	defer h.stopAll()
	password, err := h.cameraPassword()
	if err != nil {
		return err
	}
	for _, address := range []string{cloudAddress, cameraAddress} {
		if err := free(ctx, address); err != nil {
			return err
		}
	}
	cloud, err := h.start("cloud", "keyhold-cloud", "serve", "--listen", cloudAddress, "--data", h.path("cloud"), "--origin", origin)
	if err != nil {
		return err
	}
	args := []string{"camera", "serve", "--listen", cameraAddress, "--user", cameraUser, "--password-file", h.path("camera-password")}
	for _, name := range cameraNames {
		args = append(args, name+"="+filepath.Join(h.footage, name+".mp4"))
	}
	cameras, err := h.start("cameras", "keyhold", args...)
	if err != nil {
		return err
	}
	if err := cloud.until(ctx, 15*time.Second, "answering", func() bool { return answers(ctx, cloudURL+"/v1/info") }); err != nil {
		return err
	}
	if err := cameras.until(ctx, 15*time.Second, "listening", func() bool { return listens(ctx, cameraAddress) }); err != nil {
		return err
	}
	hub, err := h.start("hub", "keyhold", "hub", "run", "--dir", h.path("hub"), "--cloud", cloudURL)
	if err != nil {
		return err
	}
	if err := h.settle(ctx, hub, password); err != nil {
		return err
	}
	return h.invite(ctx)
}

// settle makes the household the first time; later it finds it there.
func (h *household) settle(ctx context.Context, hub *program, password string) error {
	if _, err := os.Stat(h.path("settled")); err == nil {
		fmt.Println("Going on with the household of the last run (make demo-reset forgets it).")
		return nil
	}
	fmt.Println("A new household: pairing this computer with the hub …")
	var code string
	err := hub.until(ctx, 15*time.Second, "showing its pairing code", func() bool {
		out, err := h.keyhold(ctx, nil, "hub", "code", "--dir", h.path("hub"))
		code = strings.TrimSpace(out)
		return err == nil && code != ""
	})
	if err != nil {
		return err
	}
	if err := h.initialise(ctx, code); err != nil {
		return err
	}
	for _, name := range cameraNames {
		address := url.URL{Scheme: "rtsp", User: url.UserPassword(cameraUser, password), Host: cameraAddress, Path: "/" + name}
		if _, err := h.keyhold(ctx, nil, "cameras", "add", title(name), address.String(), "--device", h.path("device")); err != nil {
			return err
		}
	}
	if err := os.WriteFile(h.path("settled"), nil, 0o600); err != nil {
		return fmt.Errorf("note that the household is there: %w", err)
	}
	return nil
}

// initialise runs `keyhold init` and types back the words that it asks for, as a person does who reads the sheet.
func (h *household) initialise(ctx context.Context, code string) error {
	sheet := h.path("recovery-sheet.txt")
	in, answers := io.Pipe()
	asked, said := io.Pipe()
	typist := make(chan error, 1)
	go func() {
		err := typeWords(asked, answers, sheet)
		asked.CloseWithError(err)
		answers.CloseWithError(err)
		typist <- err
	}()
	cmd := exec.CommandContext(ctx, filepath.Join(h.bin, "keyhold"), "init", "--hub-code", code, "--cloud", cloudURL,
		"--device", h.path("device"), "--name", "Anna", "--device-name", "This computer", "--sheet-out", sheet)
	cmd.Stdin = in
	cmd.Stderr = said
	cmd.Stdout = io.Discard
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	_ = said.Close() // closing a pipe tells its reader; it cannot fail
	_ = in.Close()
	if typed := <-typist; typed != nil {
		return fmt.Errorf("keyhold init: %w", typed)
	}
	if err != nil {
		return fmt.Errorf("keyhold init: %w", err)
	}
	return nil
}

var (
	question  = regexp.MustCompile(`(?i)\bword +(\d+)\b[^\n]*: *$`)
	sheetWord = regexp.MustCompile(`(\d+) +([a-z]{3,8})\b`)
)

// typeWords answers every question for a word of the sheet until the program ends.
func typeWords(asked io.Reader, answers io.Writer, sheet string) error {
	var seen strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := asked.Read(buf)
		seen.Write(buf[:n])
		if q := question.FindStringSubmatch(seen.String()); q != nil {
			text, err := os.ReadFile(sheet)
			if err != nil {
				return fmt.Errorf("read the recovery sheet: %w", err)
			}
			for _, w := range sheetWord.FindAllStringSubmatch(string(text), -1) {
				if w[1] == q[1] {
					if _, err := io.WriteString(answers, w[2]+"\n"); err != nil {
						return fmt.Errorf("type word %s: %w", q[1], err)
					}
					break
				}
			}
			seen.Reset()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listen to it: %w", err)
		}
	}
}

// keyhold runs one command to its end.
func (h *household) keyhold(ctx context.Context, in io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(h.bin, "keyhold"), args...)
	cmd.Stdin = in
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

// stopAll ends the programs, the last started first.
func (h *household) stopAll() {
	if len(h.running) == 0 {
		return
	}
	fmt.Print("\nStopping … ")
	for i := len(h.running) - 1; i >= 0; i-- {
		h.running[i].stop()
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

func answers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	client := http.Client{}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func listens(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// title makes "Front door" of "front-door".
func title(name string) string {
	words := strings.ReplaceAll(name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}
