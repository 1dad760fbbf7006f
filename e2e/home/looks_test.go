// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/cloud/store"
	"keyhold/cloud/store/sqlite"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// look is a fetch statement that somebody signs now, as a cloud brings it that asks no roster.
func (f *folk) look(c id.Camera) (letter store.Mail, nonce []byte) {
	f.r.t.Helper()
	now := f.r.now().UnixMilli()
	nonce = make([]byte, request.NonceSize)
	_, err := rand.Read(nonce)
	must(f.r.t, err)
	home := f.r.Member.Home
	e, err := dsse.Signed(request.ThingFetch, &request.Fetch{
		At: now, Cameras: []id.Camera{c}, Device: f.ID(), From: now - 60_000, Household: home.Household,
		Kind: request.FetchFootage, Nonce: nonce, Purpose: request.PurposeHistory, To: home.To, Until: now,
	}, f.ID(), f.Sign())
	must(f.r.t, err)
	return store.Mail{Sender: f.ID(), Kind: api.KindFetch, Body: e.Encode()}, nonce
}

// deliver lays a message into the hub's box.
func (r *Rig) deliver(m store.Mail, nonce []byte) {
	r.t.Helper()
	db, err := sqlite.Open(r.t.Context(), filepath.Join(r.Vault, "cloud.db"))
	must(r.t, err)
	now := r.now().UnixMilli()
	m.Household, m.Reader, m.At = r.Member.Home.Household, id.Hub, now
	_, err = db.PutMail(r.t.Context(), store.Nonce{Household: m.Household, Signer: m.Sender, Value: nonce, Expires: now + 60_000}, m,
		store.Quota{Messages: 1000, Bytes: 1 << 20})
	must(r.t, err)
	must(r.t, db.Close())
}

func TestLooksAreWrittenDownOfThoseWhoMightLookThen(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	f := r.Bring("Anna", roster.Viewer, always(door))
	r.Packs(door, 1)
	r.Packs(yard, 1)
	// She looks, and is removed before the hub hears of it.
	early, nonce := f.look(door)
	at := r.now().UnixMilli()
	r.follow(r.Do(r.removal(f.Person, "", r.owner())).Result.Link)
	r.deliver(early, nonce)
	r.deliver(f.look(yard))             // never hers
	r.deliver(r.newFolk("").look(door)) // a stranger's
	r.Until("the look of somebody who is gone", func() bool {
		r.Do(request.Op{Kind: request.OpPing}) // rings at the hub
		looks := r.Timeline(door).Looks
		return len(looks) == 1 && looks[0].Device == f.ID() && looks[0].Person == f.Person
	})
	// From three minutes on nothing that she signs counts, whatever the cloud brings.
	r.offset.Add(int64(3 * time.Minute))
	r.deliver(f.look(door))
	for _, c := range []id.Camera{door, yard} {
		_, err := r.Member.Footage(t.Context(), request.PurposeExport, c, at-60_000, at)
		must(t, err)
		r.Until("the owner's own look, which came after", func() bool {
			looks := r.Timeline(c).Looks
			return len(looks) > 0 && looks[len(looks)-1].Purpose == request.PurposeExport
		})
	}
	if n := len(r.Timeline(door).Looks); n != 2 {
		t.Errorf("%d looks at the door are on record, not 2", n)
	}
	if n := len(r.Timeline(yard).Looks); n != 1 {
		t.Errorf("%d looks at the yard are on record, not 1", n)
	}
	if !r.logged("a look was dropped") || !r.logged("a fetch statement was dropped") {
		t.Error("what was dropped is not in the hub's log")
	}
}

// labels keeps the newest label that the hub sends of each camera.
type labels struct {
	mu   sync.Mutex
	list map[id.Camera][]byte // guarded by mu
}

func (l *labels) way(cloud http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, camera, ok := strings.Cut(req.URL.Path, "/"+request.WriteLabels+"/"); ok && req.Method == http.MethodPut {
			body, _ := io.ReadAll(req.Body)
			req.Body = io.NopCloser(bytes.NewReader(body))
			l.mu.Lock()
			l.list[id.Camera(camera)] = body
			l.mu.Unlock()
		}
		cloud.ServeHTTP(w, req)
	})
}

// readBy is what somebody's key reads on the newest label of a camera.
func (l *labels) readBy(f *folk, c id.Camera) *manifest.Label {
	l.mu.Lock()
	sealed := l.list[c]
	l.mu.Unlock()
	for _, i := range f.opens() {
		plain, err := i.Open(bytes.NewReader(sealed))
		if err != nil {
			continue
		}
		text, err := io.ReadAll(plain)
		must(f.r.t, err)
		out, err := manifest.OpenLabel(f.r.Member.Roster, text)
		must(f.r.t, err)
		return out
	}
	return nil
}

func TestCameraIsNamedToThoseWhoSeeIt(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	l := &labels{list: map[id.Camera][]byte{}}
	way := l.way
	r.way.Store(&way)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	r.Until("a label for the owner", func() bool { x := l.readBy(r.owner(), door); return x != nil && x.Name == "Door" })
	f := r.Bring("Anna", roster.Viewer, always(door))
	var first *manifest.Label
	r.Until("a label for the viewer", func() bool { first = l.readBy(f, door); return first != nil })
	if first.Name != "Door" || first.Camera != door || first.Zone != "Europe/Berlin" || first.Household != r.Member.Home.Household {
		t.Errorf("the label says %+v", first)
	}
	if x := l.readBy(f, yard); x != nil {
		t.Errorf("she reads the name of a camera that she may not see: %s", x.Name)
	}
	r.Do(request.Op{Kind: request.OpRotate})
	r.Until("the label under the next key", func() bool { x := l.readBy(f, door); return x != nil && x.Seq > first.Seq })
	r.Do(r.removal(f.Person, "", r.owner()))
	r.Until("a label that she does not read", func() bool { return l.readBy(f, door) == nil })
}

func TestCameraThatIsRenamedIsKnownByItsNewName(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	l := &labels{list: map[id.Camera][]byte{}}
	way := l.way
	r.way.Store(&way)
	door := r.Add("Door", "a")
	yard := r.Add("Yard", "b")
	f := r.Bring("Anna", roster.Viewer, always(door))
	r.refused(request.Op{Kind: request.OpRenameCamera, Camera: door, Name: "Yard"}, request.RefusedExists)
	if _, err := f.session().Do(t.Context(), request.Op{Kind: request.OpRenameCamera, Camera: door, Name: "Mine"}); word(err) != request.RefusedDenied {
		t.Errorf("a viewer who renames a camera: %v", err)
	}
	r.Do(request.Op{Kind: request.OpRenameCamera, Camera: door, Name: "Front door"})
	r.Do(request.Op{Kind: request.OpRenameCamera, Camera: door, Name: "Front door"})
	r.Until("the new name for a viewer", func() bool { x := l.readBy(f, door); return x != nil && x.Name == "Front door" })
	r.Until("the new name for the owner", func() bool { c, ok := r.View().Camera("Front door"); return ok && c.ID == door })
	// The old name is free.
	r.Add("Door", "a")
	r.inRooms(t, l, f, r.Bring("Gus", roster.Guardian), door, yard)
}
