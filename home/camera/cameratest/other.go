// SPDX-License-Identifier: Apache-2.0

package cameratest

import (
	"context"
	"net/http"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/home/camera/freeport"
)

// FreeAddr is an address of the loopback at which nobody listens just now.
func FreeAddr(t testing.TB) string {
	t.Helper()
	at, err := freeport.Address(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// StartServer lets ffmpeg be a camera with these arguments, for one connection at a time and each from the beginning,
// until it is stopped, or the test ends.
func StartServer(t testing.TB, args ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			_ = exec.CommandContext(ctx, "ffmpeg", append([]string{"-nostdin", "-v", "error"}, args...)...).Run() // its peer leaves, or it is stopped
		}
	})
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return stop
}

// A Web serves what ffmpeg makes over HTTP, to each who asks from the beginning.
type Web struct {
	// Args are ffmpeg's, up to where it writes to; Type is what the answer calls itself.
	Args Args
	Type string
	// Auth refuses who does not bring it as a header.
	Auth func(*http.Request) (challenge string)
	// Hold keeps back what comes while it is set.
	Hold atomic.Bool

	// Asked counts requests.
	Asked atomic.Int32
}

func (w *Web) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	w.Asked.Add(1)
	if w.Auth != nil {
		if challenge := w.Auth(r); challenge != "" {
			to.Header().Set("WWW-Authenticate", challenge)
			to.WriteHeader(http.StatusUnauthorized)
			return
		}
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffmpeg", append(append([]string{"-nostdin", "-v", "error"}, w.Args...), "pipe:1")...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		to.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer func() { cancel(); _ = cmd.Wait() }() // it was killed, or has ended
	to.Header().Set("Content-Type", w.Type)
	b := make([]byte, 32<<10)
	for {
		n, err := out.Read(b)
		for w.Hold.Load() && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
			_ = http.NewResponseController(to).Flush() // the write after it tells
		}
		if err != nil {
			return
		}
	}
}
