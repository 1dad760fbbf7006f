// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pion/stun/v4"

	"keyhold/cloud/relay"
)

// Config says how to serve. Data must be set; the rest has working defaults.
type Config struct {
	// Data is the folder with everything that lasts.
	Data string
	// Origin is where people reach this cloud, such as https://cloud.example. It is printed and decides whether
	// browsers are told to insist on TLS.
	Origin string
	// TLSCert and TLSKey are files in PEM. Without them the server speaks plain HTTP, and only to its own machine.
	TLSCert, TLSKey string
	// App serves the owner app at / and /join; nil serves none.
	App http.Handler
	// Limits bound what one address and one household may ask for; zero means DefaultLimits.
	Limits Limits
	// HouseholdLimit is how many bytes one household may store; 0 for as many as there is room for.
	HouseholdLimit int64
	// Relay says how live view reaches its viewers away from home.
	Relay RelayConfig
	// PushHosts are push services that messages are brought to besides those of the well-known browsers (cloud/push).
	PushHosts []string
	// Space says how many bytes are free on the data folder's disk; asked of the system if nil.
	Space func() (int64, error)
	Log   *slog.Logger
	// Now is replaced by tests.
	Now func() time.Time
}

// RelayConfig says which relays are given out.
type RelayConfig struct {
	// Listen is where the relay of this process answers, over UDP and TCP; none if empty.
	Listen string
	// Spare lets it take another port where that one is taken.
	Spare bool
	// Limits bound its users; zero means relay.DefaultLimits.
	Limits relay.Limits
	// More are relays of others, as turn: and turns: addresses, and Secret what they share with this cloud.
	More   []string
	Secret []byte
}

func (r *RelayConfig) check() error {
	for _, more := range r.More {
		u, err := stun.ParseURI(more)
		if err != nil || (u.Scheme != stun.SchemeTypeTURN && u.Scheme != stun.SchemeTypeTURNS) {
			return errors.New("serve: a relay must look like turn:relay.example:3478, with ?transport=tcp for TCP, or turns: for TLS")
		}
	}
	if (len(r.More) > 0) != (len(r.Secret) > 0) {
		return errors.New("serve: relays of others need the secret that they share with this cloud, and a secret needs a relay: give both --relay and --relay-secret")
	}
	return nil
}

func (c *Config) defaults() {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits
	}
	if c.Limits.Push == (Rate{}) {
		c.Limits.Push = DefaultLimits.Push
	}
}

// Check refuses a configuration that would be unsafe on this listen address.
func (c *Config) Check(listen string) error {
	if c.Data == "" {
		return errors.New("serve: no data folder given")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("serve: a certificate needs its key and a key its certificate: give both --tls-cert and --tls-key")
	}
	if c.HouseholdLimit < 0 {
		return errors.New("serve: a household cannot store less than nothing")
	}
	if c.Origin != "" {
		if u, err := url.Parse(c.Origin); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || (u.Path != "" && u.Path != "/") {
			return fmt.Errorf("serve: the origin must look like https://cloud.example")
		}
	}
	if err := c.Relay.check(); err != nil {
		return err
	}
	if c.TLSCert == "" && !local(listen) {
		return errors.New("serve: plain HTTP is only for this machine: give --tls-cert and --tls-key, or listen on 127.0.0.1 behind a server that speaks TLS")
	}
	return nil
}

// local says whether a listen address can be reached from this machine alone.
func local(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// DefaultData is the data folder where none is given.
func DefaultData() (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("serve: find the home folder, or give --data: %w", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "keyhold", "cloud"), nil
}
