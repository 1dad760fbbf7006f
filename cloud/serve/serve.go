// SPDX-License-Identifier: Apache-2.0

// Package serve is the door of the operator's cloud: it wires the rooms together and speaks HTTP.
//
// No rule of the protocol lives here; what is refused and why is the business of the packages behind it. It promises
// that every body and every wait has a bound, that every refusal is a problem document which tells nothing about what
// it would not serve, that the log names nobody, and that Close returns when nothing of it runs any more. The data
// folder belongs to exactly one process, which a lock enforces. A crash at any moment leaves a folder that the next
// start takes up; what was acknowledged is in it.
package serve

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"keyhold/cloud/access"
	"keyhold/cloud/bell"
	"keyhold/cloud/drop"
	"keyhold/cloud/erase"
	"keyhold/cloud/fetch"
	"keyhold/cloud/mailbox"
	"keyhold/cloud/push"
	"keyhold/cloud/quiet"
	"keyhold/cloud/record"
	"keyhold/cloud/relay"
	"keyhold/cloud/retention"
	"keyhold/cloud/store/sqlite"
	"keyhold/cloud/vault/folder"
	"keyhold/statement/id"
)

const (
	// headerTime is how long a request may take to say what it wants.
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	// stopTime is how long running requests get when the server stops.
	stopTime = 10 * time.Second
	// mostHeaders holds a signed write's statement with room.
	mostHeaders = 32 << 10
)

// Server is a cloud on one machine.
type Server struct {
	config Config
	log    *slog.Logger
	key    ed25519.PrivateKey
	to     ed25519.PublicKey

	store   *sqlite.Store
	vault   *folder.Folder
	keys    *access.Keeper
	mirror  *access.Mirror
	record  *record.Record
	mailbox *mailbox.Mailbox
	boxes   *drop.Boxes
	desk    *fetch.Desk
	erase   *erase.Desk
	sweeper *retention.Sweeper
	relay   *relay.Relay // nil if there is none
	ways    []string     // how the relay is reached, but for the host
	push    *push.Service

	strangers  *buckets[netip.Prefix]
	addresses  *buckets[netip.Prefix]
	households *buckets[id.Household]
	pushed     *buckets[id.Household]

	handler http.Handler
	// life ends when the server stops; long waits and sockets hang on it.
	life context.Context
	end  context.CancelFunc
	wg   sync.WaitGroup
}

// Open takes the data folder and wires everything; nothing listens yet.
func Open(ctx context.Context, c Config) (*Server, error) {
	c.defaults()
	services, err := push.New(c.PushHosts)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("serve: make data folder: %w", err)
	}
	// The vault's lock keeps a second process out of the whole folder, so it comes first.
	v, err := folder.Open(filepath.Join(c.Data, "objects"))
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	v.Space = c.Space
	k, err := key(c.Data)
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	db, err := sqlite.Open(ctx, filepath.Join(c.Data, "cloud.db"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("serve: %w", err), v.Close())
	}
	s := &Server{config: c, log: slog.New(quiet.Handler(c.Log.Handler())), store: db, vault: v, push: services}
	s.key, s.to = k, k.Public().(ed25519.PublicKey)
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	s.wire()
	if err := s.openRelay(ctx); err != nil {
		s.end()
		return nil, errors.Join(err, db.Close(), v.Close())
	}
	s.handler = s.routes()
	return s, nil
}

func (s *Server) wire() {
	c := &s.config
	s.strangers = newBuckets[netip.Prefix](c.Limits.Stranger, c.Now)
	s.addresses = newBuckets[netip.Prefix](c.Limits.Address, c.Now)
	s.households = newBuckets[id.Household](c.Limits.Household, c.Now)
	s.pushed = newBuckets[id.Household](c.Limits.Push, c.Now)
	ringer := &bell.Bell{}
	mirror := access.NewMirror(s.store)
	s.mirror = mirror
	limit := record.Limit{Bytes: c.HouseholdLimit, Store: s.store}
	objects := &record.Objects{Vault: s.vault, Store: s.store, Limit: limit}
	s.keys = &access.Keeper{Rosters: mirror, To: s.to, Now: c.Now, Admit: s.admit}
	s.record = &record.Record{Store: s.store, Rosters: mirror, Objects: objects, Limit: limit, Now: c.Now}
	s.mailbox = &mailbox.Mailbox{Store: s.store, Keys: s.keys, Bell: ringer, Log: s.log, Now: c.Now, Quota: mailbox.MailQuota, Newest: s.newest}
	s.boxes = &drop.Boxes{Store: s.store, Bell: ringer, Now: c.Now}
	s.desk = &fetch.Desk{Store: s.store, Rosters: mirror, Now: c.Now, Notify: s.mailbox.Notify}
	s.erase = &erase.Desk{Store: s.store, Rosters: mirror, Objects: objects, Key: s.key, Log: s.log, Now: c.Now}
	s.sweeper = &retention.Sweeper{Store: s.store, Objects: objects, Erase: s.erase, Log: s.log, Now: c.Now}
}

// Handler is the whole cloud as a handler.
func (s *Server) Handler() http.Handler { return s.handler }

// Sweep removes what is past its time; Serve does it every minute.
func (s *Server) Sweep(ctx context.Context) error { return s.sweeper.Sweep(ctx) }

// Serve answers on l until ctx ends, lets running requests finish, and returns. l is closed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    mostHeaders,
		ConnContext:       withConnection,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.wg.Go(func() { s.sweeper.Run(s.life) })
	failed := make(chan error, 1)
	s.wg.Go(func() {
		if s.config.TLSCert != "" {
			failed <- srv.ServeTLS(l, s.config.TLSCert, s.config.TLSKey)
			return
		}
		failed <- srv.Serve(l)
	})
	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		s.end() // waits and sockets first: Shutdown would wait for the one and forget the other
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		if err = srv.Shutdown(stopping); err != nil {
			err = errors.Join(fmt.Errorf("serve: some requests did not finish in time: %w", err), srv.Close())
		}
	}
	s.end()
	s.wg.Wait()
	s.mailbox.Close()
	return err
}

// Close gives the data folder up. Serve must have returned, and no request may run in Handler.
func (s *Server) Close() error {
	s.end()
	s.wg.Wait()
	s.mailbox.Close()
	s.push.Close()
	var err error
	if s.relay != nil {
		err = s.relay.Close()
	}
	return errors.Join(err, s.store.Close(), s.vault.Close())
}
