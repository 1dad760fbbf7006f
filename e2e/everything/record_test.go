// SPDX-License-Identifier: Apache-2.0

package everything_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"golang.org/x/mod/sumdb/tlog"

	"keyhold/api"
	"keyhold/media"
	"keyhold/member/device"
	"keyhold/member/housetest"
	"keyhold/sealing/to"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	second = int64(1000)
	// long is a segment's length, aPack how many a pack holds.
	long  = 4 * second
	aPack = 15
)

// record is a hub's, with a cloud before it.
type record struct {
	t      testing.TB
	house  *housetest.House
	camera id.Camera
	run    id.Run
	server *httptest.Server
	begun  int64
	now    int64

	seq     map[id.Camera]int64
	epochs  map[id.Camera]*to.Epoch
	hashes  []tlog.Hash
	size    int64
	pages   map[manifest.PageName][]byte
	objects map[id.Object][]byte
	refs    []api.ObjectRef
	names   manifest.Names

	mu     sync.Mutex
	asked  int    // objects, guarded by mu
	strike int    // at which of them to strike, guarded by mu; 0 for none
	struck func() // guarded by mu
}

func (r *record) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		out[i] = r.hashes[n]
	}
	return out, nil
}

// newRecord lets a hub record some segments that end a minute ago. The camera's connection is new after every so many.
func newRecord(t testing.TB, segments, aStretch int) *record {
	t.Helper()
	now := time.Now().UnixMilli()
	begun := now - 60*second - int64(segments)*long
	r := &record{
		t: t, house: housetest.New(t, begun-60*second), begun: begun, now: now, seq: map[id.Camera]int64{}, epochs: map[id.Camera]*to.Epoch{},
		pages: map[manifest.PageName][]byte{}, objects: map[id.Object][]byte{},
	}
	r.camera, r.run = r.house.Camera(), must[id.Run](t)(id.NewRun(rand.Reader))
	home := id.HouseholdCamera
	r.epoch(home, begun)
	r.leaf(home, begun, &manifest.Run{Head: r.house.State.Head, Reason: manifest.RunGenesis}, manifest.KindRun)
	r.announce(home, begun)
	r.names = manifest.Names{
		At: begun, Cameras: []manifest.NamedCam{{ID: r.camera, Name: "Yard: the back", State: manifest.NameOn}}, Devices: []manifest.NamedDev{},
		Head: r.house.State.Head.Hash, Household: r.house.State.Household, Persons: []manifest.NamedPer{{ID: r.house.Owner, Name: "Anna"}}, Seq: 1, Zone: "Europe/Berlin",
	}
	r.leaf(home, begun, &manifest.NamesChanged{Names: r.namesEnvelope().Hash(), Number: 1}, manifest.KindNames)
	r.epoch(r.camera, begun)
	r.announce(r.camera, begun)
	r.leaf(r.camera, begun, &manifest.CameraState{State: manifest.CameraAdded}, manifest.KindCamera)
	for n := 0; n < segments; n += aPack {
		r.pack(n, min(aPack, segments-n), int64(n/aStretch))
	}
	for _, c := range []id.Camera{home, r.camera} {
		r.leaf(c, now-30*second, &manifest.Heartbeat{}, manifest.KindHeartbeat)
	}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *record) epoch(c id.Camera, at int64) {
	var readers []to.Reader
	for _, d := range r.house.State.Readers(c, at) {
		key, _ := r.house.State.Reader(d)
		readers = append(readers, to.Reader{Device: d, Key: key})
	}
	r.epochs[c] = must[*to.Epoch](r.t)(to.NewEpoch(r.house.State.Household, c, r.house.State.Head.Hash, readers))
}

func (r *record) announce(c id.Camera, at int64) {
	e := r.epochs[c]
	leaf := &manifest.Epoch{Epoch: e.ID, Head: r.house.State.Head.Hash, Recipient: e.Recipient.Hash()}
	for _, row := range e.Rows {
		leaf.Readers = append(leaf.Readers, manifest.EpochReader{Device: row.Device, Envelope: id.HashOf(row.Bytes)})
	}
	r.leaf(c, at, leaf, manifest.KindEpoch)
}

func (r *record) leaf(c id.Camera, at int64, leaf manifest.Leaf, kind string) {
	h := leaf.Common()
	h.At, h.Camera, h.Salt, h.Seq, h.Kind = at, c, make([]byte, manifest.SaltSize), r.seq[c], kind
	must[int](r.t)(rand.Read(h.Salt))
	r.seq[c]++
	raw := must[[]byte](r.t)(manifest.EncodeLeaf(leaf))
	name := manifest.PageName{Run: r.run, Camera: c, Epoch: r.epochs[c].ID, Hour: id.Hour(at)}
	r.pages[name] = manifest.AppendEntry(r.pages[name], r.size, raw)
	r.hashes = append(r.hashes, must[[]tlog.Hash](r.t)(tlog.StoredHashes(r.size, raw, r))...)
	r.size++
}

// pack records some segments, from number n on.
func (r *record) pack(n, count int, session int64) {
	object := must[id.Object](r.t)(id.NewObject(rand.Reader))
	leaf := &manifest.Pack{Epoch: r.epochs[r.camera].ID, Object: object, Session: session}
	var all []byte
	start := r.begun + int64(n)*long
	for i := range count {
		plain := segment(r.t, n+i)
		sealed := r.seal(r.camera, plain)
		var content []byte
		parsed := must[*media.Segment](r.t)(media.Parse(plain))
		check(r.t, parsed.Content(func(b []byte) error { content = append(content, b...); return nil }))
		at := start + int64(i)*long
		leaf.Files = append(leaf.Files, manifest.File{
			Content: manifest.Content{SHA256: id.HashOf(content), Size: int64(len(content))}, Kind: manifest.FileSegment,
			Start: at, End: at + long, Media: long * 1000, Offset: int64(len(all)), Size: int64(len(sealed)), SHA256: id.HashOf(sealed),
		})
		all = append(all, sealed...)
	}
	leaf.Size = int64(len(all))
	r.objects[object] = all
	r.refs = append(r.refs, api.ObjectRef{Camera: r.camera, Hour: id.Hour(start), Object: object, Size: leaf.Size})
	r.leaf(r.camera, start+int64(count)*long, leaf, manifest.KindPack)
}

// segment is two pictures and two sounds that nobody sees or hears, of a few hundred bytes; each is another.
func segment(t testing.TB, n int) []byte {
	t.Helper()
	var b seekablebuffer.Buffer
	init := fmp4.Init{Tracks: []*fmp4.InitTrack{
		{ID: 1, TimeScale: 90000, Codec: &codecs.H264{
			SPS: []byte{
				0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04,
				0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20,
			}, PPS: []byte{8, 6, 7, 8},
		}},
		{ID: 2, TimeScale: 48000, Codec: &codecs.MPEG4Audio{Config: mpeg4audio.AudioSpecificConfig{
			Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 1,
		}}},
	}}
	picture := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 5, 0x65}, uint32(n))
	part := fmp4.Part{SequenceNumber: 1, Tracks: []*fmp4.PartTrack{
		{ID: 1, BaseTime: uint64(n) * 4 * 90000, Samples: []*fmp4.Sample{
			{Duration: 2 * 90000, Payload: picture},
			{Duration: 2 * 90000, IsNonSyncSample: true, Payload: []byte{0, 0, 0, 2, 0x41, 2}},
		}},
		{ID: 2, BaseTime: uint64(n) * 4 * 48000, Samples: []*fmp4.Sample{{Duration: 2 * 48000, Payload: []byte{1, 2}}, {Duration: 2 * 48000, Payload: []byte{3}}}},
	}}
	check(t, init.Marshal(&b))
	check(t, part.Marshal(&b))
	return b.Bytes()
}

func (r *record) seal(c id.Camera, plain []byte) []byte {
	var out bytes.Buffer
	w := must[io.WriteCloser](r.t)(r.epochs[c].Recipient.Seal(&out))
	must[int](r.t)(w.Write(plain))
	check(r.t, w.Close())
	return out.Bytes()
}

func (r *record) namesEnvelope() *dsse.Envelope {
	return must[*dsse.Envelope](r.t)(dsse.Signed(manifest.ThingNames, r.names, id.Hub, r.house.Hub))
}

// device makes the folder of the household's first device.
func (r *record) device(dir string) {
	s := r.house.State
	must[*device.Folder](r.t)(device.Create(dir, r.house.First, device.Household{
		Household: s.Household, Person: r.house.Owner, Device: r.house.First.ID(), Cloud: r.server.URL, To: make([]byte, 32), Roster: s.Chain, Since: r.begun,
	}))
}

// ServeHTTP is the cloud. It knows nobody and shows everything: what it shows is sealed.
func (r *record) ServeHTTP(out http.ResponseWriter, req *http.Request) {
	parts := strings.Split(strings.TrimPrefix(req.URL.Path, "/v1/"), "/")
	switch {
	case parts[0] == "fetch":
		r.fetch(out, req)
	case len(parts) == 7 && parts[2] == "pages":
		hour, _ := strconv.ParseInt(parts[6], 10, 64)
		name := manifest.PageName{Run: id.Run(parts[3]), Camera: id.Camera(parts[4]), Epoch: id.Epoch(parts[5]), Hour: hour}
		_, _ = out.Write(r.seal(name.Camera, r.pages[name])) // a program that was killed reads no more
	case len(parts) == 7 && parts[2] == "tiles":
		level, _ := strconv.Atoi(parts[4])
		n, _ := strconv.ParseInt(parts[5], 10, 64)
		width, _ := strconv.Atoi(parts[6])
		b, err := tlog.ReadTileData(tlog.Tile{H: manifest.TileHeight, L: level, N: n, W: width}, r)
		if err != nil {
			r.t.Errorf("a tile that cannot be was asked for: %v", err)
		}
		_, _ = out.Write(b)
	case len(parts) == 4 && parts[2] == "objects":
		r.count()
		http.ServeContent(out, req, "", time.Time{}, bytes.NewReader(r.objects[id.Object(parts[3])]))
	default:
		http.NotFound(out, req)
	}
}

// count strikes at the object that the test chose.
func (r *record) count() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.struck != nil && r.asked == r.strike {
		r.struck()
	}
}

// strikeAt lets something happen when so many more objects were asked for, and starts to count anew.
func (r *record) strikeAt(n int, do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.strike, r.struck = 0, n, do
}

func (r *record) objectsAsked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

func (r *record) fetch(out http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // a program that was killed says no more
	}
	var f request.Fetch
	e, err := dsse.Parse(body)
	if err == nil {
		err = e.Read(request.ThingFetch, &f)
	}
	if err != nil {
		r.t.Errorf("a fetch that cannot be read: %v", err)
		return
	}
	now := time.Now().UnixMilli()
	var answer any
	if f.Kind == request.FetchSync {
		answer = r.sync(now)
	} else {
		a := &api.Footage{Address: api.FetchedPrefix + "y", Expires: now + 600*second, Now: now, Objects: []api.ObjectRef{}}
		for _, o := range r.refs {
			if o.Hour >= id.Hour(f.From) && o.Hour <= id.Hour(f.Until) {
				a.Objects = append(a.Objects, o)
			}
		}
		answer = a
	}
	_ = json.NewEncoder(out).Encode(answer) // as above
}

func (r *record) sync(now int64) *api.Sync {
	s := r.house.State
	a := &api.Sync{
		Address: api.FetchedPrefix + "x", Expires: now + 600*second, Now: now, Labels: []api.LabelRef{}, Reseals: [][]byte{}, Roster: s.Chain,
		Names: r.seal(id.HouseholdCamera, r.namesEnvelope().Encode()),
	}
	for _, e := range r.epochs {
		a.Envelopes = append(a.Envelopes, e.Rows...)
	}
	for name, page := range r.pages {
		size := int64(len(r.seal(name.Camera, page)))
		a.Pages = append(a.Pages, api.PageRef{Camera: name.Camera, Epoch: name.Epoch, Hour: name.Hour, Run: name.Run, Size: size, Updated: 1})
	}
	slices.SortFunc(a.Pages, func(x, y api.PageRef) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
	cp := manifest.Checkpoint{Household: s.Household, Run: r.run, Size: r.size, At: r.now - 20*second}
	cp.Root = id.Hash(must[tlog.Hash](r.t)(tlog.TreeHash(r.size, r)))
	a.Runs = []api.RunRef{{Checkpoint: must[string](r.t)(cp.Sign(r.house.Hub)), Run: r.run}}
	st := manifest.Status{At: now, Head: s.Head.Hash, Household: s.Household, Run: r.run, Signed: r.size, Uploaded: r.size}
	a.Status = must[*dsse.Envelope](r.t)(dsse.Signed(manifest.ThingStatus, st, id.Hub, r.house.Hub)).Encode()
	return a
}
