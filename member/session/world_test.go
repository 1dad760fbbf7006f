// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/tlog"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/member/session"
	"keyhold/sealing/box"
	"keyhold/sealing/keys"
	"keyhold/sealing/to"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// world is a hub's record, written with the same parts that hubs use, and a cloud that shows it, or
// shows something else where a test says so.
type world struct {
	t       *testing.T
	now     int64
	changed int64 // when pages were last written
	sign    ed25519.PrivateKey
	sheet   *device.Secret
	secret  *device.Secret
	person  id.Person
	state   *roster.State
	camera  id.Camera
	runs    []*run
	seq     map[id.Camera]int64
	epochs  map[id.Camera]*to.Epoch
	rows    []request.Row
	reseals [][]byte
	pages   map[manifest.PageName][]byte
	names   manifest.Names
	label   *manifest.Label // the camera's name for viewers
	objects map[id.Object][]byte
	client  *api.Client

	// What the cloud changes before it answers.
	answer  func(*api.Sync)
	page    func(manifest.PageName, []byte) []byte
	footage func(*api.Footage)
	object  func([]byte) []byte
	status  func(*manifest.Status)
}

type run struct {
	id     id.Run
	size   int64
	hashes []tlog.Hash
	leaves [][]byte
	at     int64
}

func (r *run) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		out[i] = r.hashes[n]
	}
	return out, nil
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// begin makes a household with one device, one camera and three packs, recorded in the last minutes. It is forty minutes
// past an hour, so that all of it lies in one page.
func begin(t *testing.T) *world {
	t.Helper()
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, now: time.Now().Truncate(time.Hour).Add(40 * time.Minute).UnixMilli(), changed: 1, sign: sign, seq: map[id.Camera]int64{}, epochs: map[id.Camera]*to.Epoch{},
		pages: map[manifest.PageName][]byte{}, objects: map[id.Object][]byte{},
	}
	w.secret = must[*device.Secret](t)(device.NewSecret(rand.Reader))
	w.sheet = must[*device.Secret](t)(device.SheetSecret(must[keys.Sheet](t)(keys.NewSheet(rand.Reader))))
	w.person = must[id.Person](t)(id.NewPerson(rand.Reader))
	w.camera = must[id.Camera](t)(id.NewCamera(rand.Reader))
	hubBox := must[*box.Key](t)(box.NewKey(random(t, 32)))
	e := must[*dsse.Envelope](t)(dsse.New(roster.ThingGenesis, roster.Genesis{
		At: w.now - 20*minute, Device: w.secret.Public(), Nonce: random(t, 32), Person: w.person,
		Hub:   roster.HubKeys{HPKE: hubBox.Public(), Sign: sign.Public().(ed25519.PublicKey)},
		Sheet: roster.SheetKeys{Reader: w.sheet.Public().Reader, Sign: w.sheet.Public().Sign},
	}))
	e.Sign(w.secret.ID(), w.secret.Sign())
	e.Sign(id.Sheet, w.sheet.Sign())
	e.Sign(id.Hub, sign)
	w.state = must[*roster.State](t)(roster.Start(e.Encode(), ""))
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.client = &api.Client{Base: server.URL, HTTP: server.Client()}

	w.newRun()
	w.epochs[id.HouseholdCamera] = w.epoch(id.HouseholdCamera)
	w.add(id.HouseholdCamera, w.now-16*minute, &manifest.Run{Head: w.state.Head, Reason: manifest.RunGenesis})
	w.announce(id.HouseholdCamera)
	w.name(1)
	w.name(2)
	w.epochs[w.camera] = w.epoch(w.camera)
	w.announce(w.camera)
	w.add(w.camera, w.now-15*minute, &manifest.CameraState{State: manifest.CameraAdded})
	for i := range 3 {
		w.pack(w.now - int64(10-i)*minute)
	}
	w.add(id.HouseholdCamera, w.now-2*minute, &manifest.Heartbeat{})
	w.add(w.camera, w.now-2*minute, &manifest.Heartbeat{})
	w.sign1()
	return w
}

const minute = int64(60_000)

func random(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(rand.Reader, b); err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) newRun() {
	w.runs = append(w.runs, &run{id: must[id.Run](w.t)(id.NewRun(rand.Reader))})
}

func (w *world) last() *run { return w.runs[len(w.runs)-1] }

// sign1 moves the newest run's checkpoint to all of its leaves.
func (w *world) sign1() { w.last().at = w.now - minute }

// epoch makes an epoch for everybody in the roster.
func (w *world) epoch(camera id.Camera) *to.Epoch {
	var readers []to.Reader
	for _, d := range w.state.Readers(camera, w.now) {
		key, _ := w.state.Reader(d)
		readers = append(readers, to.Reader{Device: d, Key: key})
	}
	e := must[*to.Epoch](w.t)(to.NewEpoch(w.state.Household, camera, w.state.Head.Hash, readers))
	w.rows = append(w.rows, e.Rows...)
	return e
}

// announce writes the leaf of a camera's epoch.
func (w *world) announce(camera id.Camera) {
	e := w.epochs[camera]
	leaf := &manifest.Epoch{Epoch: e.ID, Head: w.state.Head.Hash, Recipient: e.Recipient.Hash()}
	for _, row := range e.Rows {
		leaf.Readers = append(leaf.Readers, manifest.EpochReader{Device: row.Device, Envelope: id.HashOf(row.Bytes)})
	}
	w.add(camera, w.now-16*minute, leaf)
}

// add appends a leaf to the newest run, and to its page.
func (w *world) add(camera id.Camera, at int64, leaf manifest.Leaf) {
	h := leaf.Common()
	h.At, h.Camera, h.Salt, h.Seq = at, camera, random(w.t, manifest.SaltSize), w.seq[camera]
	h.Kind = kindOf(leaf)
	w.seq[camera]++
	raw := must[[]byte](w.t)(manifest.EncodeLeaf(leaf))
	r := w.last()
	name := manifest.PageName{Run: r.id, Camera: camera, Epoch: w.epochs[camera].ID, Hour: id.Hour(at)}
	w.changed++
	w.pages[name] = manifest.AppendEntry(w.pages[name], r.size, raw)
	w.grow(r, raw)
}

func (w *world) grow(r *run, raw []byte) {
	r.hashes = append(r.hashes, must[[]tlog.Hash](w.t)(tlog.StoredHashes(r.size, raw, r))...)
	r.leaves = append(r.leaves, raw)
	r.size++
}

// fork replaces the newest run's tree by one that differs in an early leaf and is longer by n.
func (w *world) fork(n int) {
	old := w.last()
	r := &run{id: old.id, at: old.at}
	for i, raw := range old.leaves {
		if i == 1 {
			raw = []byte("another story")
		}
		w.grow(r, raw)
	}
	for range n {
		w.grow(r, []byte("and more of it"))
	}
	w.runs[len(w.runs)-1] = r
}

// without leaves out the first line of the camera's page that holds a text, or all lines after it.
func (w *world) without(text string, after bool) func(manifest.PageName, []byte) []byte {
	return func(n manifest.PageName, p []byte) []byte {
		if n.Camera != w.camera {
			return p
		}
		lines := bytes.SplitAfter(p, []byte("\n"))
		i := slices.IndexFunc(lines, func(l []byte) bool { return bytes.Contains(l, []byte(text)) })
		switch {
		case i < 0:
			return p
		case after:
			return bytes.Join(lines[:i+1], nil)
		default:
			return bytes.Join(slices.Delete(lines, i, i+1), nil)
		}
	}
}

// foreignEpoch hands out a key of the cloud's own for the camera's epoch, and seals the pages to it.
func (w *world) foreignEpoch(a *api.Sync) {
	identity := must[*age.HybridIdentity](w.t)(age.GenerateHybridIdentity())
	epoch := w.epochs[w.camera].ID
	row := must[request.Row](w.t)(to.SealRow(w.state.Household, w.camera, epoch, w.state.Head.Hash,
		to.Reader{Device: w.secret.ID(), Key: w.secret.Public().Reader}, []byte(identity.String())))
	a.Envelopes = slices.DeleteFunc(slices.Clone(a.Envelopes), func(r request.Row) bool { return r.Camera == w.camera })
	a.Envelopes = append(a.Envelopes, row)
	w.epochs[w.camera] = &to.Epoch{ID: epoch, Camera: w.camera, Recipient: must[*to.Recipient](w.t)(to.ParseRecipient(identity.Recipient().String()))}
}

func kindOf(leaf manifest.Leaf) string {
	switch leaf.(type) {
	case *manifest.Run:
		return manifest.KindRun
	case *manifest.NamesChanged:
		return manifest.KindNames
	case *manifest.Epoch:
		return manifest.KindEpoch
	case *manifest.CameraState:
		return manifest.KindCamera
	case *manifest.Pack:
		return manifest.KindPack
	case *manifest.Gap:
		return manifest.KindGap
	case *manifest.Look:
		return manifest.KindLook
	default:
		return manifest.KindHeartbeat
	}
}

// pack records something of a minute's length.
func (w *world) pack(start int64) {
	content := random(w.t, 3000)
	sealed := w.seal(w.camera, content)
	object := must[id.Object](w.t)(id.NewObject(rand.Reader))
	w.objects[object] = sealed
	w.add(w.camera, start+minute, &manifest.Pack{
		Epoch: w.epochs[w.camera].ID, Object: object, Session: 1, Size: int64(len(sealed)),
		Files: []manifest.File{{
			Content: manifest.Content{SHA256: id.HashOf(content), Size: int64(len(content))}, Kind: manifest.FileSegment,
			Start: start, End: start + minute, Media: minute * 1000, Size: int64(len(sealed)), SHA256: id.HashOf(sealed),
		}},
	})
}

func (w *world) seal(camera id.Camera, plain []byte) []byte {
	var out bytes.Buffer
	s := must[io.WriteCloser](w.t)(w.epochs[camera].Recipient.Seal(&out))
	if _, err := s.Write(plain); err != nil {
		w.t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		w.t.Fatal(err)
	}
	return out.Bytes()
}

// name writes the document of names.
func (w *world) name(number int64) {
	w.names = manifest.Names{
		At: w.now - 16*minute, Cameras: []manifest.NamedCam{{ID: w.camera, Name: "Door", State: manifest.NameOn}},
		Devices: []manifest.NamedDev{}, Head: w.state.Head.Hash, Household: w.state.Household,
		Persons: []manifest.NamedPer{{ID: w.person, Name: "Anna"}}, Seq: number, Zone: "Europe/Berlin",
	}
	w.add(id.HouseholdCamera, w.now-16*minute, &manifest.NamesChanged{Names: w.namesEnvelope().Hash(), Number: number})
}

func (w *world) namesEnvelope() *dsse.Envelope {
	thing, payload := w.names.Edition()
	return must[*dsse.Envelope](w.t)(dsse.Signed(thing, payload, id.Hub, w.sign))
}

func (w *world) checkpoint(r *run, size int64) string {
	cp := manifest.Checkpoint{Household: w.state.Household, Run: r.id, Size: size, At: r.at}
	cp.Root = id.Hash(must[tlog.Hash](w.t)(tlog.TreeHash(size, r)))
	return must[string](w.t)(cp.Sign(w.sign))
}

func (w *world) sync() *api.Sync {
	a := &api.Sync{
		Address: "/v1/fetched/x", Envelopes: w.rows, Expires: w.now + 10*minute, Now: w.now,
		Names: w.seal(id.HouseholdCamera, w.namesEnvelope().Encode()), Roster: w.state.Chain, Reseals: w.reseals,
	}
	for name, page := range w.pages {
		a.Pages = append(a.Pages, api.PageRef{Camera: name.Camera, Epoch: name.Epoch, Hour: name.Hour, Run: name.Run, Size: int64(len(w.seal(name.Camera, page))), Updated: w.changed})
	}
	for _, r := range w.runs {
		a.Runs = append(a.Runs, api.RunRef{Checkpoint: w.checkpoint(r, r.size), Run: r.id})
	}
	st := manifest.Status{At: w.now, Head: w.state.Head.Hash, Household: w.state.Household, Run: w.last().id, Signed: w.last().size, Uploaded: w.last().size}
	if w.status != nil {
		w.status(&st)
	}
	a.Status = must[*dsse.Envelope](w.t)(dsse.Signed(manifest.ThingStatus, st, id.Hub, w.sign)).Encode()
	if w.answer != nil {
		w.answer(a)
	}
	return a
}

// device makes the folder of the world's device and opens its session.
func (w *world) device() *session.Session {
	w.t.Helper()
	folder, err := device.Create(w.t.TempDir(), w.secret, device.Household{
		Household: w.state.Household, Person: w.person, Device: w.secret.ID(), Cloud: w.client.Base, To: make([]byte, 32),
		Roster: w.state.Chain, Since: w.now - 20*minute,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := session.Open(folder, w.client)
	if err != nil {
		w.t.Fatal(err)
	}
	s.Now = func() time.Time { return time.UnixMilli(w.now) }
	return s
}
