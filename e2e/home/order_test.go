// SPDX-License-Identifier: Apache-2.0

package home

import (
	"crypto/ed25519"
	"database/sql"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/home/check"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// arrivals is a bad line to the cloud that remembers what arrived, in order: of the writes it loses
// some, and of others the answer; but never the same one more than twice in a row, for the hub's pauses double, and
// what waits for a reply waits for all that goes up before it.
type arrivals struct {
	mu   sync.Mutex
	list []arrival      // guarded by mu
	lost int            // guarded by mu
	row  map[string]int // guarded by mu: how often a path was lost since it last came through
}

type arrival struct {
	kind, name string
	body       []byte // of what is small
}

func (a *arrivals) way(cloud http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		parts := strings.SplitN(strings.TrimPrefix(req.URL.Path, "/v1/households/"), "/", 3)
		if req.Method != http.MethodPut || len(parts) != 3 || parts[1] == request.WriteMail && parts[2] == string(id.Hub) {
			cloud.ServeHTTP(w, req)
			return
		}
		dice := rand.IntN(10)
		if !a.lose(req.URL.Path, dice < 4) {
			dice = 9
		}
		if dice < 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		got := arrival{kind: parts[1], name: parts[2]}
		if got.kind != request.WriteObjects {
			got.body, _ = io.ReadAll(req.Body)
			req.Body = io.NopCloser(strings.NewReader(string(got.body)))
		}
		answer := httptest.NewRecorder()
		cloud.ServeHTTP(answer, req)
		if answer.Code < 300 {
			a.mu.Lock()
			a.list = append(a.list, got)
			a.mu.Unlock()
		}
		if dice < 4 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		for k, v := range answer.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// count says how many writes of a kind have arrived.
func (a *arrivals) count(kind string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, x := range a.list {
		if x.kind == kind {
			n++
		}
	}
	return n
}

// lose says whether a write is lost that the dice are against, or not.
func (a *arrivals) lose(path string, against bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !against || a.row[path] == 2 {
		a.row[path] = 0
		return false
	}
	a.row[path]++
	a.lost++
	return true
}

// tiles are the hashes that have arrived so far.
type tiles map[string][]byte

func (tiles) Height() int                     { return manifest.TileHeight }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, x := range list {
		b := t[strconv.Itoa(x.L)+"/"+strconv.FormatInt(x.N, 10)]
		if len(b) < x.W*tlog.HashSize {
			return nil, errors.New("a tile has not arrived")
		}
		out[i] = b[:x.W*tlog.HashSize]
	}
	return out, nil
}

// needs is what the hub knows of each leaf: which page it is on, and which object it names.
type needs struct {
	page   string
	epoch  string
	object string
	kind   string
}

func readNeeds(t *testing.T, hub string) map[int64]needs {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(hub, "state.db")+"?mode=ro")
	must(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT l.idx, l.run || '/' || l.camera || '/' || l.epoch || '/' || l.hour, l.camera || '/' || l.epoch, coalesce(p.object, ''), l.leaf
		FROM leaves l LEFT JOIN packs p ON p.run = l.run AND p.idx = l.idx`)
	must(t, err)
	defer rows.Close()
	out := map[int64]needs{}
	for rows.Next() {
		var index int64
		var n needs
		var raw []byte
		must(t, rows.Scan(&index, &n.page, &n.epoch, &n.object, &raw))
		leaf, err := manifest.ParseLeaf(raw)
		must(t, err)
		n.kind = leaf.Common().Kind
		out[index] = n
	}
	must(t, rows.Err())
	return out
}

func TestNothingIsPublishedBeforeWhatItCovers(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	line := &arrivals{row: map[string]int{}}
	way := line.way
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	r.Until("a first checkpoint over both cameras", func() bool { return len(r.Timeline(yard).Segments) > 0 || r.leaveEarly() })
	r.way.Store(&way)
	r.Packs(door, 2)
	r.Do(request.Op{Kind: request.OpRotate})
	r.Packs(yard, 3)
	r.packs(door, "seeing checkpoints come", func([]*manifest.Pack) bool { return line.count(request.WriteCheckpoints) >= 4 })
	r.way.Store(nil)
	r.Stop()
	report, err := check.Run(t.Context(), r.Dir, r.Vault)
	must(t, err)
	if !report.Sound() {
		t.Errorf("%v", report.Faults)
	}
	leaves := readNeeds(t, r.Dir)
	arrived := map[string]bool{}
	pageAt := map[string]int{}
	have := tiles{}
	checkpoints, size, before := 0, int64(0), 0
	for at, x := range line.list {
		switch x.kind {
		case request.WriteObjects:
			arrived[x.name[strings.LastIndex(x.name, "/")+1:]] = true
		case request.WriteEnvelopes:
			arrived[x.name] = true
		case request.WritePages:
			pageAt[x.name] = at
		case request.WriteTiles:
			have[x.name[strings.Index(x.name, "/")+1:]] = x.body
		case request.WriteCheckpoints:
			cp, err := manifest.ParseCheckpoint(string(x.body), r.Member.Home.Household, ed25519.PublicKey(r.Member.Roster.Hub.Sign))
			must(t, err)
			if cp.Size < size {
				t.Errorf("a checkpoint of %d leaves comes after one of %d", cp.Size, size)
			}
			checkpoints++
			if checkpoints > 1 { // of what the first one covers, some went up before the line was watched
				covers(t, cp, size, leaves, arrived, pageAt, before, have)
			}
			size, before = cp.Size, at
		}
	}
	if checkpoints < 4 || line.lost < 5 {
		t.Errorf("%d checkpoints and %d lost writes show nothing", checkpoints, line.lost)
	}
	t.Logf("%d checkpoints over %d leaves; %d of %d writes were lost and made again", checkpoints, size, line.lost, line.lost+len(line.list))
}

func covers(t *testing.T, cp manifest.Checkpoint, from int64, leaves map[int64]needs, arrived map[string]bool, pageAt map[string]int, before int, have tiles) {
	t.Helper()
	for i := from; i < cp.Size; i++ {
		n, ok := leaves[i]
		switch {
		case !ok:
			t.Errorf("checkpoint %d covers leaf %d, which the hub does not know", cp.Size, i)
		case n.object != "" && !arrived[n.object]:
			t.Errorf("checkpoint %d comes before object %s of leaf %d", cp.Size, n.object, i)
		case pageAt[n.page] <= before:
			t.Errorf("checkpoint %d comes before the page of leaf %d", cp.Size, i)
		case n.kind == manifest.KindEpoch && !arrived[n.epoch]:
			t.Errorf("checkpoint %d comes before the envelopes of epoch %s", cp.Size, n.epoch)
		}
	}
	tree := tlog.Tree{N: cp.Size, Hash: tlog.Hash(cp.Root)}
	if root, err := tlog.TreeHash(cp.Size, tlog.TileHashReader(tree, have)); err != nil || id.Hash(root) != cp.Root {
		t.Errorf("checkpoint %d comes before its tiles: %v", cp.Size, err)
	}
}
