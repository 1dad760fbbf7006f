// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/relay"
	"keyhold/cloud/store"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// openRelay opens the relay of this process, if it is to have one.
func (s *Server) openRelay(ctx context.Context) error {
	c := &s.config.Relay
	if c.Listen == "" {
		return nil
	}
	var secure *tls.Config
	if s.config.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(s.config.TLSCert, s.config.TLSKey)
		if err != nil {
			return fmt.Errorf("serve: read the certificate: %w", err)
		}
		secure = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	udp, tcp, err := relay.Listen(ctx, c.Listen, secure, c.Limits)
	if host, _, bad := net.SplitHostPort(c.Listen); err != nil && c.Spare && bad == nil {
		s.log.Warn("the relay's port is taken by somebody else; it answers on another")
		udp, tcp, err = relay.Listen(ctx, net.JoinHostPort(host, "0"), secure, c.Limits)
	}
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	port := ":" + strconv.Itoa(tcp.Addr().(*net.TCPAddr).Port)
	s.ways = []string{"turn:%s" + port + "?transport=udp", "turn:%s" + port + "?transport=tcp"}
	if secure != nil {
		s.ways = append(s.ways, "turns:%s"+port+"?transport=tcp")
	}
	s.relay, err = relay.Open(ctx, relay.Config{Limits: c.Limits, Member: s.member, Now: s.config.Now}, udp, tcp)
	if err != nil {
		return errors.Join(err, udp.Close(), tcp.Close())
	}
	return nil
}

// RelayAddress is where the relay of this process answers; "" if there is none.
func (s *Server) RelayAddress() string {
	if s.relay == nil {
		return ""
	}
	return s.relay.Address()
}

// member says whether somebody belongs to a household now.
func (s *Server) member(ctx context.Context, household id.Household, who id.Device) (bool, error) {
	state, err := s.mirror.State(ctx, household)
	if errors.Is(err, store.ErrMissing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, ok := state.Key(who)
	return ok, nil
}

type relaysIn struct{ raw }

type relaysOut struct{ Body api.Relays }

// relays registers where relays of live view are given out.
func (s *Server) relays(h huma.API) {
	register(h, huma.Operation{
		OperationID: "relays", Method: http.MethodPost, Path: "/v1/relays",
		Summary: "Ask for relays of live view with a signed statement", Tags: []string{"live"},
		Description: "For the hub and for devices of a household. None where this cloud has none.",
	}, doc{body: statementBody("envelope of a relays statement")}, handled(s, "relays", s.giveRelays))
}

func (s *Server) giveRelays(ctx context.Context, in *relaysIn) (*relaysOut, error) {
	b, err := smallBody(in.w, in.r, dsse.MaxBytes)
	if err != nil {
		return nil, err
	}
	v, err := s.keys.Relays(ctx, b)
	if err != nil {
		return nil, err
	}
	if err := s.store.UseNonce(ctx, v.Nonce()); err != nil {
		return nil, access.Answer(err)
	}
	out := &relaysOut{api.Relays{Relays: []api.Relay{}}}
	if s.relay != nil {
		c, err := s.relay.Credential(v.Statement().Household, v.Statement().From)
		if errors.Is(err, relay.ErrQuota) {
			return nil, api.NewProblem(api.TooMany, rule.Quota, "this device has been given many relays: use one of them, or wait some minutes")
		}
		if err != nil {
			return nil, err
		}
		host := s.reachedAs(in.r)
		urls := make([]string, len(s.ways))
		for i, w := range s.ways {
			urls[i] = fmt.Sprintf(w, host)
		}
		out.Body.Relays = append(out.Body.Relays, given(c, urls...))
	}
	for _, more := range s.config.Relay.More {
		out.Body.Relays = append(out.Body.Relays, given(relay.NewCredential(s.config.Relay.Secret, s.config.Now()), more))
	}
	return out, nil
}

func given(c relay.Credential, urls ...string) api.Relay {
	return api.Relay{URLs: urls, Username: c.Name, Credential: c.Password, Until: c.Until.UnixMilli()}
}

// reachedAs is the name by which the caller has come to this cloud: the relay is at the same.
func (s *Server) reachedAs(r *http.Request) string {
	name := r.Host
	if u, err := url.Parse(s.config.Origin); err == nil && u.Host != "" {
		name = u.Host
	}
	u := url.URL{Host: name}
	host := u.Hostname()
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return "[" + host + "]"
	}
	return host
}
