// SPDX-License-Identifier: Apache-2.0

// Package restream lets integrations of the home, such as Home Assistant, read cameras from the hub by RTSP.
//
// It listens while there is an account, and not otherwise. An account is one integration's: with its own user and
// password it gets the picture of the cameras in its scope, as the hub shows it to everybody (what is covered is covered),
// and no sound. Media leaves only after Begin has written the look down and the household is being told, and ends when
// that is told to, when the account is removed, and with the camera's source. It lets in the home's own networks alone. It
// trusts nothing that comes; RTSP is not encrypted, so whoever listens in the home's network sees what is read
// (docs/decisions/0034).
package restream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"golang.org/x/time/rate"

	"keyhold/home/live"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// mostConns bounds the connections, mostReadings how many read at once; one account has as many as a device has views.
	mostConns    = 32
	mostReadings = 16
	// After guesses wrong passwords an address is listened to once in guessPause.
	guesses    = 10
	guessPause = 10 * time.Second
	// mostGuessers is of how many addresses that is remembered.
	mostGuessers = 256
	// writeQueue is how many packets may wait for one reader.
	writeQueue = 4096
)

// An Account is by what one integration reads, and as what it stands on the record. Its password is never logged.
type Account struct {
	Name           string
	User, Password string
	Cameras        []id.Camera
	Device         id.Device
	Person         id.Person
	Wish           id.Hash
}

// States of a server.
const (
	Listening = "offered"
	Unheard   = "unheard" // it cannot listen where it should
)

// Config is what a server needs. All fields must be set.
type Config struct {
	// Address is where it listens, while there is somebody to listen for.
	Address string
	// Find returns a camera's stream, if it is at work.
	Find func(id.Camera) (live.Stream, bool)
	// Begin decides whether an account may read a camera now, and writes down that it does. r plays, and ends, by its word.
	Begin func(a *Account, c id.Camera, r *Reading) error
	Now   func() time.Time
	Log   *slog.Logger
}

// A Server serves all accounts. It is safe for concurrent use.
type Server struct {
	c Config
	// turn is held while it begins or ends to listen: a port is free again once all that used it is closed.
	turn sync.Mutex

	mu       sync.Mutex
	accounts map[string]*Account // by user; guarded by mu
	rtsp     *gortsplib.Server   // nil while there is no account; guarded by mu
	port     int                 // guarded by mu
	readings map[*Reading]bool   // guarded by mu
	guessers map[netip.Addr]*rate.Limiter
	wg       sync.WaitGroup // readings
}

// New makes a server that does not listen yet.
func New(c Config) *Server {
	return &Server{c: c, accounts: map[string]*Account{}, readings: map[*Reading]bool{}, guessers: map[netip.Addr]*rate.Limiter{}}
}

// Add lets an integration read, and begins to listen with the first. The account is kept also where it cannot listen.
func (s *Server) Add(a Account) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	s.accounts[a.User] = &a
	listens := s.rtsp != nil
	s.mu.Unlock()
	if listens {
		return nil
	}
	return s.listen()
}

// Remove ends whatever an integration reads, and waits for it; with the last one it listens no more.
func (s *Server) Remove(name string) {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	for user, a := range s.accounts {
		if a.Name == name && !rule.Off(rule.Device) {
			delete(s.accounts, user)
		}
	}
	var over []*Reading
	for r := range s.readings {
		if r.account.Name == name && !rule.Off(rule.Device) {
			over = append(over, r)
		}
	}
	last := len(s.accounts) == 0
	s.mu.Unlock()
	for _, r := range over {
		r.Close()
	}
	for _, r := range over {
		<-r.done
	}
	if last {
		s.silence()
	}
}

// Close ends everything and waits.
func (s *Server) Close() {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.silence()
}

// State says whether it listens.
func (s *Server) State() string {
	if s.Port() == 0 {
		return Unheard
	}
	return Listening
}

// Port is where it listens, 0 if it does not.
func (s *Server) Port() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.port
}

// listen needs turn.
func (s *Server) listen() error {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", s.c.Address)
	if err != nil {
		return fmt.Errorf("restream: listen, so that integrations can read: %w", err)
	}
	server := &gortsplib.Server{
		Handler:     handler{s},
		RTSPAddress: l.Addr().String(),
		Listen: func(string, string) (net.Listener, error) {
			return &home{Listener: l, room: make(chan struct{}, mostConns)}, nil
		},
		WriteQueueSize: writeQueue,
	}
	if err := server.Start(); err != nil {
		return errors.Join(fmt.Errorf("restream: serve: %w", err), l.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rtsp = server
	if t, ok := l.Addr().(*net.TCPAddr); ok {
		s.port = t.Port
	}
	s.c.Log.Info("integrations can read cameras", "tcp_port", s.port)
	return nil
}

// silence needs turn. Handlers that are at work take mu, so it is not held here.
func (s *Server) silence() {
	s.mu.Lock()
	server := s.rtsp
	s.rtsp, s.port = nil, 0
	s.mu.Unlock()
	if server == nil {
		return
	}
	server.Close()
	s.wg.Wait()
	s.c.Log.Info("integrations cannot read cameras any more")
}

// account is the one of a user.
func (s *Server) account(user string) *Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[user]
}

// enter counts a reading, as far as there is room for one more and its account is still there: from here on Remove ends
// it.
func (s *Server) enter(r *Reading) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.readings) >= mostReadings || s.rtsp == nil || s.accounts[r.account.User] != r.account {
		return false
	}
	s.readings[r] = true
	return true
}

func (s *Server) leave(r *Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.readings, r)
}

// home lets in connections from the home's own networks, and not more than there is room for. What is read is not
// encrypted, so it is stricter than what lets devices in: an address that routers pass on is nobody's at home.
type home struct {
	net.Listener
	room chan struct{}
}

func (h *home) Accept() (net.Conn, error) {
	for {
		c, err := h.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !within(c.RemoteAddr()) && !rule.Off(rule.Elsewhere) {
			_ = c.Close()
			continue
		}
		select {
		case h.room <- struct{}{}:
			return &counted{Conn: c, leave: sync.OnceFunc(func() { <-h.room })}, nil
		default:
			_ = c.Close()
		}
	}
}

type counted struct {
	net.Conn
	leave func()
}

func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}

// within says whether an address is private, of one link, or of this computer.
func within(a net.Addr) bool {
	ip := addressOf(a)
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

func addressOf(a net.Addr) netip.Addr {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return t.AddrPort().Addr().Unmap().WithZone("")
}
