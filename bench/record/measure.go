// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A recorder is what is measured.
type recorder string

const (
	ours       recorder = "keyhold"
	oursThumbs recorder = "keyhold with thumbnails"
	ffmpeg     recorder = "ffmpeg"
)

const (
	roleCameras = "cameras"
	roleHub     = "hub"
)

// tick is the kernel's unit of CPU time in /proc; Linux shows hundredths on every architecture.
const tick = 10 * time.Millisecond

// A proc is a process of the bench, stopped by its own handle.
type proc struct {
	cmd *exec.Cmd
	out *bufio.Reader
}

func (p *proc) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		p.cmd.Process.Kill()
		<-done
	}
}

// self starts this program in another role and waits for its first line.
func self(ctx context.Context, args ...string) (*proc, string, error) {
	me, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(me, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	p := &proc{cmd, bufio.NewReader(out)}
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.stop()
		return nil, "", fmt.Errorf("%s did not start: %w", args[0], err)
	}
	return p, strings.TrimSpace(line), nil
}

type cameras struct {
	*proc
	urls []string
}

func startCameras(ctx context.Context, clip string, n int) (*cameras, error) {
	p, addr, err := self(ctx, roleCameras, clip, strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	c := &cameras{proc: p}
	for i := range n {
		c.urls = append(c.urls, fmt.Sprintf("rtsp://%s/cam%d", addr, i))
	}
	return c, nil
}

// measure gives the CPU time per camera and second, in ms, and the proportional set size in MB.
func measure(ctx context.Context, p plan, k recorder, urls []string) (cpu, mem float64, err error) {
	dir, err := os.MkdirTemp("", "keyhold-bench-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	var procs []*proc
	defer func() {
		for _, p := range procs {
			p.stop()
		}
	}()
	if k == ffmpeg {
		for i, u := range urls {
			cmd := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", u, "-c", "copy",
				"-f", "segment", "-segment_time", "4", "-segment_format", "mp4", "-reset_timestamps", "1",
				filepath.Join(dir, fmt.Sprintf("c%d-%%05d.mp4", i)))
			if err := cmd.Start(); err != nil {
				return 0, 0, err
			}
			procs = append(procs, &proc{cmd: cmd})
		}
	} else {
		args := []string{roleHub, dir, strconv.FormatBool(k == oursThumbs), p.profile}
		h, _, err := self(ctx, append(args, urls...)...)
		if err != nil {
			return 0, 0, err
		}
		procs = append(procs, h)
	}
	if err := pause(ctx, p.warm); err != nil {
		return 0, 0, err
	}
	before, err := spent(procs)
	if err != nil {
		return 0, 0, err
	}
	written, began := size(dir), time.Now()
	if err := pause(ctx, p.length); err != nil {
		return 0, 0, err
	}
	after, err := spent(procs)
	if err != nil {
		return 0, 0, err
	}
	took := time.Since(began)
	// Who does not record is not fast: 4 Mbit/s of each camera must have come to the disk.
	got := float64(size(dir)-written) / took.Seconds() / float64(len(urls)) * 8 / 1e6
	if took > 8*time.Second && got < 2.8 {
		return 0, 0, fmt.Errorf("only %.1f Mbit/s of each camera were recorded", got)
	}
	pss, err := memory(procs)
	if err != nil {
		return 0, 0, err
	}
	ms := float64((after - before).Milliseconds()) / took.Seconds() / float64(len(urls))
	return ms, pss, nil
}

func size(dir string) (n int64) {
	filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if i, err := d.Info(); err == nil {
				n += i.Size()
			}
		}
		return nil
	})
	return n
}

// spent is the CPU time of the processes and of the children that they have waited for.
func spent(procs []*proc) (time.Duration, error) {
	var sum time.Duration
	for _, p := range procs {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		if err != nil {
			return 0, fmt.Errorf("a recorder ended early: %w", err)
		}
		_, rest, ok := bytes.Cut(b, []byte(") "))
		f := bytes.Fields(rest)
		if !ok || len(f) < 15 {
			return 0, errors.New("/proc has another format than expected")
		}
		for _, i := range []int{11, 12, 13, 14} { // utime, stime, cutime, cstime
			n, err := strconv.ParseInt(string(f[i]), 10, 64)
			if err != nil {
				return 0, err
			}
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}

// memory is the proportional set size: shared pages count by their share.
func memory(procs []*proc) (float64, error) {
	var kb int64
	for _, p := range procs {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.cmd.Process.Pid))
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
				n, err := strconv.ParseInt(f[1], 10, 64)
				if err != nil {
					return 0, err
				}
				kb += n
			}
		}
	}
	return float64(kb) / 1024, nil
}

func machine() string {
	name := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				name = strings.TrimSpace(v)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores", name, runtime.NumCPU())
}
