// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"keyhold/e2e/harness"
)

// invite makes an invitation, prints its link, and stays until told to stop or until a program ends by itself.
func (h *household) invite(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, filepath.Join(h.bin, "keyhold"), "invite", "--own-device", "--wait", "--device", h.path("device"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("keyhold invite: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("keyhold invite: %w", err)
	}
	joined := make(chan error, 1)
	go func() {
		printLink(out, h.path(sheet))
		joined <- cmd.Wait()
	}()
	died := make(chan *harness.Process)
	for _, p := range h.running {
		go func() {
			select {
			case <-p.Done():
				select {
				case died <- p:
				case <-ctx.Done():
				}
			case <-ctx.Done():
			}
		}()
	}
	for {
		select {
		case <-ctx.Done():
			if joined == nil {
				return nil
			}
			if err := <-joined; err != nil && ctx.Err() == nil {
				return err
			}
			return nil
		case p := <-died:
			if ctx.Err() != nil {
				return nil // Ctrl-C came first
			}
			return p.Ended()
		case err := <-joined:
			joined = nil // a nil channel is never ready again
			if ctx.Err() != nil {
				continue
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "\ndemo: the invitation ended: %v\n%s\nHub and cloud go on; Ctrl-C and `make demo` give a new link.\n", err, strings.TrimSpace(said.String()))
				continue
			}
			fmt.Println("The browser has joined; the link is used up. Ctrl-C stops, `make demo` goes on later.")
		}
	}
}

// printLink shows the one link that the command answers with, and where the sheet lies.
func printLink(out io.Reader, sheet string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		link := lines.Text()
		if !strings.Contains(link, "/join#") {
			continue
		}
		fmt.Printf("\nOpen this link in a browser on this machine. It works once.\n\n  %s\n\n", link)
		fmt.Printf("The recovery sheet lies in %s\n(in a real household: print it, then delete the file). Ctrl-C stops and keeps everything.\n", sheet)
	}
	// What the command says after the link is of no interest, but must be read for it to end.
	if _, err := io.Copy(io.Discard, out); err != nil {
		fmt.Fprintln(os.Stderr, "demo: read the invitation:", err)
	}
}
