// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// clock is the time of a test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// cloud is a real server on a free port of the loopback.
type cloud struct {
	*serve.Server
	*clock
	t    *testing.T
	dir  string
	base string
	web  *http.Client
	to   []byte
	log  *locked
	stop func()
}

// start starts a cloud on a new folder.
func start(t *testing.T) *cloud {
	t.Helper()
	return startIn(t, t.TempDir(), &clock{now: time.Now()}, serve.Limits{})
}

func startIn(t *testing.T, dir string, c *clock, limits serve.Limits) *cloud {
	t.Helper()
	return run(t, c, serve.Config{Data: dir, Limits: limits})
}

// startWith starts a cloud as configured, at a clock of its own.
func startWith(t *testing.T, config serve.Config) *cloud {
	t.Helper()
	return run(t, &clock{now: time.Now()}, config)
}

func run(t *testing.T, c *clock, config serve.Config) *cloud {
	t.Helper()
	log := &locked{}
	config.Now = c.Now
	if config.PushHosts == nil {
		config.PushHosts = []string{nobodyThere}
	}
	config.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := serve.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	out := &cloud{Server: s, clock: c, t: t, dir: config.Data, base: "http://" + l.Addr().String(), log: log, web: &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}}
	t.Cleanup(out.web.CloseIdleConnections)
	out.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Cleanup(out.stop)
	info, err := out.client().Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out.to = info.To
	return out
}

// locked lets several goroutines write to a buffer.
type locked struct {
	mu sync.Mutex
	w  bytes.Buffer
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.String()
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (c *cloud) client() *api.Client {
	tr := &http.Transport{}
	c.t.Cleanup(tr.CloseIdleConnections)
	return &api.Client{Base: c.base, HTTP: &http.Client{Transport: tr}, Now: c.Now}
}

// person is a device with its secret key.
type person struct {
	keys   roster.DeviceKeys
	person id.Person
	sign   ed25519.PrivateKey
}

// household is a synthetic one, with all its secrets.
type household struct {
	t      *testing.T
	c      *cloud
	api    *api.Client
	id     id.Household
	chain  *roster.State
	hub    ed25519.PrivateKey
	sheet  ed25519.PrivateKey
	owner  person
	camera id.Camera
	epoch  id.Epoch
	run    id.Run
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func newDevice(p id.Person) person {
	pub, sign := must2(ed25519.GenerateKey(rand.Reader))
	return person{sign: sign, person: p, keys: roster.DeviceKeys{
		ID: must(id.NewDevice(rand.Reader)), Reader: noise(roster.XWingSize), Sign: pub, Storage: roster.Software,
	}}
}

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}

// newHousehold makes keys and genesis, and registers them.
func newHousehold(t *testing.T, c *cloud) *household {
	t.Helper()
	hubPub, hub := must2(ed25519.GenerateKey(rand.Reader))
	sheetPub, sheet := must2(ed25519.GenerateKey(rand.Reader))
	owner := newDevice(must(id.NewPerson(rand.Reader)))
	e := must(dsse.New(roster.ThingGenesis, &roster.Genesis{
		At: c.Now().UnixMilli(), Device: owner.keys, Person: owner.person, Nonce: noise(32),
		Hub:   roster.HubKeys{HPKE: noise(roster.XWingSize), Sign: hubPub},
		Sheet: roster.SheetKeys{Reader: noise(roster.XWingSize), Sign: sheetPub},
	}))
	e.Sign(owner.keys.ID, owner.sign)
	e.Sign(id.Sheet, sheet)
	e.Sign(id.Hub, hub)
	h := &household{
		t: t, c: c, api: c.client(), hub: hub, sheet: sheet, owner: owner,
		camera: must(id.NewCamera(rand.Reader)), epoch: must(id.NewEpoch(rand.Reader)), run: must(id.NewRun(rand.Reader)),
	}
	h.chain = must(roster.Start(e.Encode(), ""))
	got, err := h.api.RegisterHousehold(t.Context(), e.Encode())
	if err != nil || got != h.chain.Household {
		t.Fatalf("register: %v, %v", got, err)
	}
	h.id = got
	return h
}

func (h *household) byHub() api.Signer   { return api.Signer{From: id.Hub, Key: h.hub} }
func (h *household) bySheet() api.Signer { return api.Signer{From: id.Sheet, Key: h.sheet} }
func (p person) signer() api.Signer      { return api.Signer{From: p.keys.ID, Key: p.sign} }
func (h *household) now() int64          { return h.c.Now().UnixMilli() }
func (h *household) hour() int64         { return id.Hour(h.now()) }
func (h *household) byOwner() api.Signer { return h.owner.signer() }
func (h *household) put(kind, name string, body []byte) error {
	return h.api.Write(h.t.Context(), h.byHub(), h.id, kind, name, api.Bytes(body))
}

// putObject stores random bytes as an object of this hour.
func (h *household) putObject(body []byte) id.Object {
	h.t.Helper()
	o := must(id.NewObject(rand.Reader))
	if err := h.put(request.WriteObjects, api.ObjectName(h.camera, h.hour(), o), body); err != nil {
		h.t.Fatalf("put object: %v", err)
	}
	return o
}

// fetch makes a fetch statement for the last day.
func (h *household) fetch(s api.Signer, kind, purpose string, cameras ...id.Camera) []byte {
	return h.fetchFrom(s, kind, purpose, h.now()-24*3_600_000, cameras...)
}

// fetchFrom makes a fetch statement from a time on.
func (h *household) fetchFrom(s api.Signer, kind, purpose string, from int64, cameras ...id.Camera) []byte {
	if cameras == nil {
		cameras = []id.Camera{}
	}
	return must(dsse.Signed(request.ThingFetch, &request.Fetch{
		At: h.now(), Cameras: cameras, Device: s.From, From: from, Household: h.id, Kind: kind,
		Nonce: noise(16), Purpose: purpose, To: h.c.to, Until: h.now(),
	}, s.From, s.Key)).Encode()
}

func (h *household) sync(s api.Signer) *api.Sync {
	h.t.Helper()
	out, err := h.api.Sync(h.t.Context(), h.fetch(s, request.FetchSync, request.PurposeSync))
	if err != nil {
		h.t.Fatalf("sync: %v", err)
	}
	return out
}

func (h *household) footage(s api.Signer, purpose string, cameras ...id.Camera) *api.Footage {
	h.t.Helper()
	out, err := h.api.Footage(h.t.Context(), h.fetch(s, request.FetchFootage, purpose, cameras...))
	if err != nil {
		h.t.Fatalf("footage: %v", err)
	}
	return out
}

// read fetches an object's bytes.
func (h *household) read(s api.Signer, object id.Object) []byte {
	h.t.Helper()
	b, err := h.open(h.footage(s, request.PurposeHistory).Address, object)
	if err != nil {
		h.t.Fatalf("object: %v", err)
	}
	return b
}

// open reads an object at an address.
func (h *household) open(address string, object id.Object) ([]byte, error) {
	r, err := h.api.Object(h.t.Context(), address, object, 0, -1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

// session makes a session statement.
func (h *household) session(s api.Signer) []byte {
	return must(dsse.Signed(request.ThingSession, &request.Session{
		At: h.now(), From: s.From, Household: h.id, Nonce: noise(16), To: h.c.to,
	}, s.From, s.Key)).Encode()
}

// socket opens a socket that ends with the test.
func (h *household) socket(s api.Signer) *api.Socket {
	h.t.Helper()
	sock, err := h.api.Socket(h.t.Context(), h.session(s))
	if err != nil {
		h.t.Fatalf("socket: %v", err)
	}
	h.t.Cleanup(func() { _ = sock.Close() })
	return sock
}

// link makes the next link of the chain, signed by everybody who has to, and does not store it.
func (h *household) link(op roster.Op, signers ...api.Signer) []byte {
	e := must(h.chain.NewLink(h.now(), op))
	for _, s := range signers {
		e.Sign(s.From, s.Key)
	}
	e.Sign(id.Hub, h.hub)
	return e.Encode()
}

// append makes the next link and stores it, at the cloud too.
func (h *household) append(op roster.Op, signers ...api.Signer) {
	h.t.Helper()
	l := h.link(op, signers...)
	if err := h.put(request.WriteRoster, api.RosterName(h.chain.Head.Seq+1), l); err != nil {
		h.t.Fatalf("link: %v", err)
	}
	if err := h.chain.Append(l); err != nil {
		h.t.Fatal(err)
	}
}

// join brings a second device of the owner into the roster.
func (h *household) join() person {
	h.t.Helper()
	d := newDevice(h.owner.person)
	h.append(roster.AddDevice{Device: d.keys, Person: d.person}, h.byOwner(), d.signer())
	return d
}

// welcome brings another person into the roster.
func (h *household) welcome(role roster.Role, rights ...roster.Right) person {
	h.t.Helper()
	d := newDevice(must(id.NewPerson(rand.Reader)))
	h.append(roster.AddPerson{Device: d.keys, Person: d.person, Rights: roster.Plain(rights), Role: role}, h.byOwner(), d.signer())
	return d
}

// remove removes a device by the owner's word.
func (h *household) remove(d id.Device) {
	h.t.Helper()
	e := must(h.chain.RemoveDevice(h.now(), d))
	e.Sign(h.owner.keys.ID, h.owner.sign)
	h.append(roster.Remove{Removal: e.Encode()})
}

// right is one that a guest could have: history of a camera until a day from now.
func (h *household) right(cameras ...id.Camera) roster.Right {
	return roster.Right{Actions: []roster.Action{roster.History}, Cameras: cameras, Until: h.now() + 24*3_600_000}
}

// wantKind fails unless err is a problem of a kind.
func wantKind(t *testing.T, err error, want api.Kind) {
	t.Helper()
	if got := api.KindOf(err); got != want {
		t.Errorf("kind %q, want %q: %v", got, want, err)
	}
}

func asProblem(err error) (*api.Problem, bool) {
	var p *api.Problem
	ok := errors.As(err, &p)
	return p, ok
}
