// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"time"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/member/athome"
	"keyhold/member/device"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// falseHub answers at an address of the home's network like a hub, with a key of its own, and counts the letters that it
// is given.
type falseHub struct {
	*httptest.Server
	letters int
}

func (s *scene) falseHub(key ed25519.PrivateKey) *falseHub {
	s.t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(s.t, err)
	f := &falseHub{}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			f.letters++
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_ = json.NewEncoder(w).Encode(api.Info{To: s.Member.Roster.Hub.Sign, Now: s.now().UnixMilli(), RetentionDays: 3})
	}))
	f.TLS = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	f.StartTLS()
	s.t.Cleanup(f.Close)
	return f
}

// leave goes home to whoever is at an address, and leaves a letter there.
func (s *scene) leave(key ed25519.PrivateKey) error {
	s.t.Helper()
	f := s.falseHub(key)
	c := s.clientAtHome(device.Hub{Key: s.Member.Roster.Hub.Sign, Addresses: []string{f.Listener.Addr().String()}})
	_, err := c.Info(s.t.Context())
	if err == nil {
		err = c.Mail(s.t.Context(), s.Member.Signer(), s.Member.Home.Household, id.Hub, []byte("sealed"))
	}
	if errors.Is(err, athome.ErrAnother) {
		return rule.Errorf(rule.HubKeys, "somebody else answers")
	}
	if err == nil && f.letters != 1 {
		s.t.Error("it took no letter")
	}
	return err
}

// where the hub is at home, as anna's device was told.
func (s *scene) where() device.Hub {
	s.t.Helper()
	h, err := s.Member.Folder.Hub()
	must(s.t, err)
	if len(h.Addresses) == 0 {
		s.Rig.t = s.t
		return s.learn()
	}
	return h
}

// twice sends one statement two times.
func (s *scene) twice(times int) error {
	s.t.Helper()
	c := s.clientAtHome(s.where())
	nonce, err := c.Nonce()
	must(s.t, err)
	now := s.now().UnixMilli()
	e, err := dsse.Signed(request.ThingFetch, &request.Fetch{
		At: now, Cameras: []id.Camera{}, Device: s.anna.ID(), From: now - 60_000, Household: s.Member.Home.Household, Kind: request.FetchSync,
		Nonce: nonce, Purpose: request.PurposeSync, To: s.where().Key, Until: now,
	}, s.anna.ID(), s.anna.Sign())
	must(s.t, err)
	for range times {
		if _, err := c.Sync(s.t.Context(), e.Encode()); err != nil {
			return err
		}
	}
	return nil
}

// resigned sends a letter under the signed word for another one.
func (s *scene) resigned(body string) error {
	s.t.Helper()
	c := s.clientAtHome(s.where())
	var stolen string
	catch := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		stolen = r.Header.Get(api.StatementHeader)
		return nil, errors.New("caught")
	})}
	caught := &api.Client{Base: c.Base, HTTP: catch, Now: s.now}
	_ = caught.Mail(s.t.Context(), s.Member.Signer(), s.Member.Home.Household, id.Hub, []byte("one"))
	if _, err := base64.StdEncoding.DecodeString(stolen); err != nil || stolen == "" {
		s.t.Fatal("there is no statement")
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPut, c.Base+"/v1/households/"+string(s.Member.Home.Household)+"/mail/hub", bytes.NewReader([]byte(body)))
	must(s.t, err)
	req.Header.Set(api.StatementHeader, stolen)
	res, err := c.HTTP.Do(req)
	must(s.t, err)
	defer res.Body.Close()
	if res.StatusCode == http.StatusNoContent {
		return nil
	}
	var p api.Problem
	must(s.t, json.NewDecoder(res.Body).Decode(&p))
	return rule.Errorf(p.Rule, "%s", p.Title)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func crimesAtHome() []crime {
	stranger := string(api.Unauthenticated)
	footage := func(c id.Camera) func(*request.Fetch) {
		return func(f *request.Fetch) {
			f.Kind, f.Purpose, f.Cameras = request.FetchFootage, request.PurposeHistory, []id.Camera{c}
		}
	}
	return []crime{
		{
			name: "a false hub at the hub's address", off: []rule.Name{rule.HubKeys}, says: string(rule.HubKeys),
			commit: func(s *scene) error {
				_, key, err := ed25519.GenerateKey(rand.Reader)
				must(s.t, err)
				return s.leave(key)
			},
			honest: func(s *scene) error {
				keys, err := household.OpenKeys(s.Dir+"/keys", rand.Reader)
				must(s.t, err)
				return s.leave(keys.Sign)
			},
		},
		{
			name: "at home, in the owner's name by another key", off: []rule.Name{rule.Signature}, says: stranger,
			commit: func(s *scene) error { return s.askAtHome(s.where(), s.anna, s.vera, nil) },
			honest: func(s *scene) error { return s.askAtHome(s.where(), s.anna, s.anna, nil) },
		},
		{
			name: "at home, a fetch that the cloud was given", off: []rule.Name{rule.Audience}, says: stranger,
			commit: func(s *scene) error {
				return s.askAtHome(s.where(), s.anna, s.anna, func(f *request.Fetch) { f.To = s.Member.Home.To })
			},
			honest: func(s *scene) error { return s.askAtHome(s.where(), s.anna, s.anna, nil) },
		},
		{
			name: "at home, the same statement once more", off: []rule.Name{rule.Replay}, says: string(api.Conflict),
			commit: func(s *scene) error { return s.twice(2) },
			honest: func(s *scene) error { return s.twice(1) },
		},
		{
			name: "at home, a fetch of ten minutes ago", off: []rule.Name{rule.Time}, says: stranger,
			commit: func(s *scene) error {
				return s.askAtHome(s.where(), s.anna, s.anna, func(f *request.Fetch) { f.At -= 600_000 })
			},
			honest: func(s *scene) error {
				return s.askAtHome(s.where(), s.anna, s.anna, func(f *request.Fetch) { f.At -= 60_000 })
			},
		},
		{
			name: "at home, a viewer fetches a camera that is not theirs", off: []rule.Name{rule.Camera}, says: string(api.Denied),
			commit: func(s *scene) error { return s.askAtHome(s.where(), s.vera, s.vera, footage(s.yard)) },
			honest: func(s *scene) error { return s.askAtHome(s.where(), s.vera, s.vera, footage(s.door)) },
		},
		{
			name: "at home, who was removed comes back", off: []rule.Name{rule.Device}, says: stranger,
			commit: func(s *scene) error {
				gone := s.Bring("Gone", roster.Viewer, s.until(0))
				must(s.t, s.ask(s.anna, s.removal(gone.Person, "", s.anna)))
				return s.askAtHome(s.where(), gone, gone, nil)
			},
			honest: func(s *scene) error { return s.askAtHome(s.where(), s.vera, s.vera, nil) },
		},
		{
			name: "at home, another letter than was signed", off: []rule.Name{rule.FileHash}, says: string(rule.FileHash),
			commit: func(s *scene) error { return s.resigned("two") },
			honest: func(s *scene) error { return s.resigned("one") },
		},
	}
}
