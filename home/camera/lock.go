// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// lockTime is for how long a lock stays open.
const lockTime = 5 * time.Second

// LockPath is where a lock is told to open.
const LockPath = "/open"

// LockState is how a lock answers.
type LockState struct {
	Open bool `json:"open"`
	// Opened is how often it was told to open.
	Opened int `json:"opened"`
}

// latch is a simulated lock: a POST opens it for a while, a GET says how it is. It asks for the camera's user and password.
// The camera's relays and doors open it as well. Beside it the camera's light says how it is.
type latch struct {
	c      *Camera
	addr   netip.AddrPort
	server *http.Server

	mu    sync.Mutex
	until time.Time // it is open before; guarded by mu
	times int       // guarded by mu
}

// startLock listens, and answers in a goroutine that release waits for.
func (c *Camera) startLock() error {
	ln, err := new(net.ListenConfig).Listen(c.ctx, "tcp", c.cfg.Lock)
	if err != nil {
		return fmt.Errorf("camera: listen for the lock: %w", err)
	}
	l := &latch{c: c, addr: ln.Addr().(*net.TCPAddr).AddrPort()}
	l.server = &http.Server{Handler: l, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	c.latch = l
	c.wg.Go(func() { _ = l.server.Serve(ln) }) // until it is closed
	return nil
}

// ServeHTTP opens it, or says how it is.
func (l *latch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, pass, _ := r.BasicAuth()
	if l.c.cfg.User != "" && (!same(user, l.c.cfg.User) || !same(pass, l.c.cfg.Pass)) {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+realm+`"`)
		http.Error(w, "user and password, please", http.StatusUnauthorized)
		return
	}
	if l.c.light != nil && l.c.light.told(r) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(l.c.light.state()) // whoever has gone does not want to know
		return
	}
	switch {
	case r.URL.Path == LockPath && r.Method == http.MethodPost:
		l.open()
	case r.Method != http.MethodGet || r.URL.Path != LockPath && r.URL.Path != "/":
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(l.state()) // whoever has gone does not want to know
}

func (l *latch) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times++
	if l.c.cfg.Habits.Jammed {
		return
	}
	l.until = l.c.now().Add(lockTime)
	l.c.cfg.Log.Info("the simulated lock is open", "for", lockTime)
}

func (l *latch) state() LockState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return LockState{Open: l.c.now().Before(l.until), Opened: l.times}
}

// Lock is where the lock is told to open; not valid without.
func (c *Camera) Lock() netip.AddrPort {
	if c.latch == nil {
		return netip.AddrPort{}
	}
	return c.latch.addr
}
