// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/member/app"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// desk is `keyhold app` on the computer of somebody at home.
type desk struct {
	*scene
	address string
}

func (s *scene) desk() *desk {
	s.t.Helper()
	server, err := app.New(s.t.Context(), app.Config{
		Listen: "127.0.0.1:0", Cloud: s.Origin, Files: http.NotFoundHandler(), Transport: api.Transport(10 * time.Second), Log: slog.New(slog.DiscardHandler),
	})
	must(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("keyhold app ended with %v", err)
		}
	})
	return &desk{s, server.Address()}
}

// ask sends a request as a browser would for a page of some origin, under some name; its own where they are empty.
func (d *desk) ask(method, path, host, origin, body string) (string, error) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.address+path, strings.NewReader(body))
	must(d.t, err)
	req.Host = host
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	res, err := new(http.Client).Do(req)
	must(d.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(d.t, err)
	if res.StatusCode == http.StatusOK {
		return string(text), nil
	}
	var p api.Problem
	must(d.t, json.Unmarshal(text, &p))
	return "", &p
}

// way asks for the hub with this key at these addresses.
func (d *desk) way(origin string, key ed25519.PublicKey, addresses ...string) (string, error) {
	d.t.Helper()
	body, err := json.Marshal(map[string]any{"addresses": addresses, "hub": base64.StdEncoding.EncodeToString(key)})
	must(d.t, err)
	return d.ask(http.MethodPost, "/home", "", origin, string(body))
}

// own is the way that a page of its own is given.
func (d *desk) own() string {
	d.t.Helper()
	where := d.where()
	path, err := d.way(d.address, where.Key, where.Addresses...)
	must(d.t, err)
	return path
}

// info asks over a way who is there.
func (d *desk) info(path, host, origin string) error {
	d.t.Helper()
	text, err := d.ask(http.MethodGet, path+"/v1/info", host, origin, "")
	if err != nil {
		return err
	}
	var info api.Info
	must(d.t, json.Unmarshal([]byte(text), &info))
	if !bytes.Equal(d.where().Key, info.To) {
		return errors.New("somebody else answers")
	}
	return nil
}

// asks for a way as a page of some origin, and uses it.
func (d *desk) asks(origin string) error {
	d.t.Helper()
	where := d.where()
	path, err := d.way(origin, where.Key, where.Addresses...)
	if err == nil {
		err = d.info(path, "", "")
	}
	return err
}

// false is a page's way to an address where somebody has this key, over which it leaves a letter.
func (d *desk) false(key ed25519.PrivateKey) error {
	d.t.Helper()
	f := d.falseHub(key)
	path, err := d.way(d.address, d.where().Key, f.Listener.Addr().String())
	must(d.t, err)
	if err := d.info(path, "", ""); err != nil {
		return err
	}
	c := &api.Client{Base: d.address + path, HTTP: new(http.Client), Now: d.now}
	if err := c.Mail(d.t.Context(), d.Member.Signer(), d.Member.Home.Household, id.Hub, []byte("sealed")); err != nil || f.letters != 1 {
		d.t.Errorf("it took no letter: %v", err)
	}
	return nil
}

// socket opens the hub's socket for a page of some origin.
func (d *desk) socket(origin string) error {
	d.t.Helper()
	conn, res, err := websocket.Dial(d.t.Context(), "ws"+strings.TrimPrefix(d.address, "http")+d.own()+"/v1/socket", &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {origin}},
	})
	if res != nil && res.Body != nil {
		defer res.Body.Close()
	}
	if err == nil {
		return conn.CloseNow()
	}
	if res != nil && res.StatusCode == http.StatusForbidden {
		return api.NewProblem(api.Denied, "", "refused")
	}
	return err
}

func crimesInTheApp() []crime {
	const evil = "http://evil.example"
	denied := string(api.Denied)
	return []crime{
		{
			name: "in keyhold app, somebody else's page asks for the way home", off: []rule.Name{rule.Origin}, says: denied,
			commit: func(s *scene) error { return s.desk().asks(evil) },
			honest: func(s *scene) error { d := s.desk(); return d.asks(d.address) },
		},
		{
			name: "in keyhold app, something without an origin asks for the way home", off: []rule.Name{rule.Origin}, says: denied,
			commit: func(s *scene) error { return s.desk().asks("") },
			honest: func(s *scene) error { d := s.desk(); return d.asks(d.address) },
		},
		{
			name: "in keyhold app, somebody else's page uses the way home", off: []rule.Name{rule.Origin}, says: denied,
			commit: func(s *scene) error { d := s.desk(); return d.info(d.own(), "", evil) },
			honest: func(s *scene) error { d := s.desk(); return d.info(d.own(), "", d.address) },
		},
		{
			name: "in keyhold app, somebody else's page listens at home", off: []rule.Name{rule.Origin}, says: denied,
			commit: func(s *scene) error { return s.desk().socket(evil) },
			honest: func(s *scene) error { d := s.desk(); return d.socket(d.address) },
		},
		{
			name: "in keyhold app, a name bent to this computer uses the way home", off: []rule.Name{rule.Audience}, says: denied,
			commit: func(s *scene) error {
				d := s.desk()
				return d.info(d.own(), "evil.example"+d.address[strings.LastIndex(d.address, ":"):], "")
			},
			honest: func(s *scene) error { d := s.desk(); return d.info(d.own(), "", "") },
		},
		{
			name: "in keyhold app, a false hub at the hub's address", off: []rule.Name{rule.HubKeys}, says: string(api.Unavailable),
			commit: func(s *scene) error {
				_, key, err := ed25519.GenerateKey(rand.Reader)
				must(s.t, err)
				return s.desk().false(key)
			},
			honest: func(s *scene) error {
				keys, err := household.OpenKeys(s.Dir+"/keys", rand.Reader)
				must(s.t, err)
				return s.desk().false(keys.Sign)
			},
		},
		{
			name: "in keyhold app, a page wants a way out of the home", off: []rule.Name{rule.Elsewhere}, says: string(api.Invalid),
			commit: func(s *scene) error {
				d := s.desk()
				_, err := d.way(d.address, s.where().Key, "198.51.100.7:443")
				return err
			},
			honest: func(s *scene) error { d := s.desk(); return d.info(d.own(), "", "") },
		},
		{
			name: "at home, asking for another household", off: []rule.Name{rule.Household}, says: string(api.Unauthenticated),
			commit: func(s *scene) error {
				return s.askAtHome(s.where(), s.anna, s.anna, func(f *request.Fetch) { f.Household = id.Household(id.HashOf([]byte("x")).String()) })
			},
			honest: func(s *scene) error { return s.askAtHome(s.where(), s.anna, s.anna, nil) },
		},
	}
}
