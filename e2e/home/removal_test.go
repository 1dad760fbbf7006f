// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"keyhold/api"
	"keyhold/cloud/store"
	"keyhold/member/session"
	"keyhold/sealing/box"
	"keyhold/sealing/open"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// recorded is a segment as it lies sealed on the hub.
type recorded struct {
	manifest.File
	path  string
	epoch id.Epoch
}

// recorded returns every segment of a camera that the hub has.
func (r *Rig) recorded(c id.Camera) []recorded {
	r.t.Helper()
	var out []recorded
	r.query(`SELECT object, epoch, files FROM packs WHERE camera = $1 ORDER BY starts`, []any{string(c)}, func(scan func(...any) error) error {
		var object string
		var epoch id.Epoch
		var text []byte
		if err := scan(&object, &epoch, &text); err != nil {
			return err
		}
		var files []manifest.File
		if err := json.Unmarshal(text, &files); err != nil {
			return err
		}
		for _, f := range files {
			out = append(out, recorded{f, filepath.Join(r.Dir, "packs", object[4:6], object), epoch})
		}
		return nil
	})
	return out
}

// openedBy says whether one of these identities opens what was recorded.
func (x *recorded) openedBy(t *testing.T, identities map[id.Epoch]*open.Identity) bool {
	t.Helper()
	f, err := os.Open(x.path)
	must(t, err)
	defer f.Close()
	for _, i := range identities {
		plain, err := i.Open(io.NewSectionReader(f, x.Offset, x.Size))
		if err != nil {
			continue
		}
		if n, err := io.Copy(io.Discard, plain); err == nil && n > 0 {
			return true
		}
	}
	return false
}

// estimate is how far a picture's time of arrival, which is estimated, may be off: less than one picture.
const estimate = 40

func TestRemovedPersonOpensNothingFromTheConfirmationOn(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	f := r.Bring("Anna", roster.Viewer, always(door))
	second := r.Device(f)
	other := r.Bring("Bert", roster.Viewer, always())
	r.Until("footage for the viewer", func() bool {
		r.leaveEarly()
		mine := f.opens()
		return slices.ContainsFunc(r.recorded(door), func(x recorded) bool { return mine[x.epoch] != nil }) && len(r.recorded(yard)) > 0
	})
	before := r.madeAt(yard)
	op := r.removal(f.Person, "", r.owner())
	reply := r.Do(op)
	confirmed := r.now().UnixMilli()
	r.follow(reply.Result.Link)
	if again := r.Do(op); !slices.Equal(again.Result.Link, reply.Result.Link) || again.Head != reply.Head {
		t.Error("the same removal sent again moves the roster")
	}
	r.Until("footage from after the removal", func() bool {
		r.leaveEarly()
		n := 0
		for _, x := range append(r.recorded(door), r.recorded(yard)...) {
			if x.Start >= confirmed {
				n++
			}
		}
		return n >= 6
	})
	hers := f.opens()
	for e, i := range second.opens() {
		hers[e] = i
	}
	yes, no := 0, 0
	for _, c := range []id.Camera{door, yard} {
		for _, x := range r.recorded(c) {
			switch opens := x.openedBy(t, hers); {
			case opens && c == yard:
				t.Error("the viewer opens a camera that was never hers")
			case opens && x.End > confirmed+estimate:
				t.Errorf("the removed viewer opens what was recorded up to %d ms after the confirmation", x.End-confirmed)
			case opens:
				yes++
			case x.Start >= confirmed:
				no++
			}
		}
	}
	if yes == 0 || no < 6 {
		t.Errorf("she opens %d segments from before, and not %d from after: that shows nothing", yes, no)
	}
	// What is written down from then on is not for her either, but for packs that hold what was recorded before.
	r.query(`SELECT epoch, leaf FROM leaves`, nil, func(scan func(...any) error) error {
		var e id.Epoch
		var raw []byte
		if err := scan(&e, &raw); err != nil {
			return err
		}
		leaf, err := manifest.ParseLeaf(raw)
		must(t, err)
		if h := leaf.Common(); hers[e] != nil && h.At > confirmed && h.Kind != manifest.KindPack {
			t.Errorf("a leaf of kind %s from after the removal is on a page that she reads", h.Kind)
		}
		return nil
	})
	if now := f.current(); len(now) > 0 {
		t.Errorf("she opens what is sealed now of %v", now)
	}
	// The others notice nothing: the yard, which was not hers, goes on under the same key, and nothing is missing.
	if got := other.current(); !slices.Equal(got, sorted(door, yard)) {
		t.Errorf("another viewer opens %v", got)
	}
	if r.madeAt(yard) != before {
		t.Error("another camera was given a new key")
	}
	gapless(t, r.Timeline(door))
	gapless(t, r.Timeline(yard))
	if names := r.View().Names; !slices.ContainsFunc(names.Persons, func(p manifest.NamedPer) bool { return p.ID == f.Person && p.Name == "Anna" }) {
		t.Error("what she looked at while she was there has lost its name")
	}
}

func sorted(list ...id.Camera) []id.Camera {
	slices.Sort(list)
	return list
}

// command is a letter to the hub as a device seals it.
func (f *folk) command(op request.Op) (letter store.Mail, nonce []byte) {
	f.r.t.Helper()
	return f.commandBy(f, op)
}

// commandBy is one that somebody signs in the name of this device.
func (f *folk) commandBy(signer *folk, op request.Op) (letter store.Mail, nonce []byte) {
	f.r.t.Helper()
	nonce = make([]byte, request.NonceSize)
	_, err := rand.Read(nonce)
	must(f.r.t, err)
	s, household := f.r.Member.Roster, f.r.Member.Home.Household
	e, err := dsse.Signed(request.ThingCommand, &request.Command{
		At: f.r.now().UnixMilli(), Device: f.ID(), Head: s.Head.Hash, Household: household, Nonce: nonce, Op: op,
	}, f.ID(), signer.Sign())
	must(f.r.t, err)
	sealed, err := box.Seal(s.Hub.HPKE, box.Context{"household": string(household), "purpose": "command"},
		box.Context{"from": string(f.ID()), "to": string(id.Hub)}, e.Encode())
	must(f.r.t, err)
	return store.Mail{Sender: f.ID(), Kind: api.KindMail, Body: sealed}, nonce
}

func TestRemovedDeviceCommandsNothingThoughTheCloudCarriesIt(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	f := r.Bring("Greta", roster.Guardian)
	remove := func(c id.Camera) {
		letter, nonce := f.command(request.Op{Kind: request.OpRemoveCamera, Camera: c})
		r.deliver(letter, nonce)
	}
	cameras := func() int { return len(r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras) }
	remove(yard)
	r.Until("a guardian's command", func() bool { return cameras() == 1 })
	r.Do(r.removal(f.Person, "", r.owner()))
	remove(door)
	for range 3 { // each rings at the hub, and comes after
		if n := cameras(); n != 1 {
			t.Errorf("%d cameras are left", n)
		}
	}
	if !r.logged("a command was dropped") {
		t.Error("the hub says nothing of a command that it dropped")
	}
}

func TestLinkGoesAheadOfWhatWaitsForTheCloud(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	r.Add("Door", "a")
	f := r.Bring("Anna", roster.Viewer, always())
	r.Until("the cloud having everything", func() bool { return r.count(`SELECT count(*) FROM outbox`) == 0 })
	var mu sync.Mutex
	var open bool
	var arrived []string
	way := func(cloud http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			parts := strings.Split(req.URL.Path, "/")
			if req.Method == http.MethodPut && len(parts) > 5 && !(parts[4] == request.WriteMail && parts[5] == string(id.Hub)) {
				mu.Lock()
				defer mu.Unlock()
				if !open {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				arrived = append(arrived, parts[4])
			}
			cloud.ServeHTTP(w, req)
		})
	}
	r.way.Store(&way)
	// The hub carries out what it is asked; its answers wait with everything else.
	var wg sync.WaitGroup
	send := func(op request.Op) { wg.Go(func() { _, _ = r.Member.Do(t.Context(), op) }) }
	for n := range 3 {
		send(request.Op{Kind: request.OpRotate})
		r.Until("a new epoch", func() bool { return r.count(`SELECT count(*) FROM outbox WHERE kind = 'envelopes'`) >= 2*(n+1) })
	}
	send(r.removal(f.Person, "", r.owner()))
	r.Until("the link", func() bool { return r.count(`SELECT count(*) FROM outbox WHERE kind = 'roster'`) == 1 })
	mu.Lock()
	open = true
	mu.Unlock()
	wg.Wait()
	r.Until("the cloud having everything", func() bool { return r.count(`SELECT count(*) FROM outbox`) == 0 })
	mu.Lock()
	defer mu.Unlock()
	small := slices.DeleteFunc(arrived, func(kind string) bool {
		return kind != request.WriteRoster && kind != request.WriteEnvelopes && kind != request.WriteNames && kind != request.WriteLabels
	})
	// One may have been on its way.
	if at := slices.Index(small, request.WriteRoster); at < 0 || at > 1 {
		t.Errorf("what arrived is %v", small)
	}
}

func TestOfTwoThatRemoveEachOtherTheFirstWins(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	a, b := r.owner(), (*folk)(nil)
	b = r.Device(a)
	ours := map[*folk]*session.Session{a: r.Member, b: b.session()}
	ops := map[*folk]request.Op{a: r.removal("", b.ID(), a), b: r.removal("", a.ID(), b)}
	var mu sync.Mutex
	done := map[*folk]error{}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for f, s := range ours {
		wg.Go(func() {
			_, err := s.Do(ctx, ops[f])
			mu.Lock()
			defer mu.Unlock()
			if done[f] = err; err == nil {
				cancel() // the other one hears nothing any more
			}
		})
	}
	wg.Wait()
	cancel()
	winner, loser := a, b
	if done[a] != nil {
		winner, loser = b, a
	}
	if done[winner] != nil || done[loser] == nil {
		t.Fatalf("the one is answered %v, the other %v", done[winner], done[loser])
	}
	s := ours[winner]
	reply, err := s.Do(t.Context(), request.Op{Kind: request.OpPing})
	must(t, err)
	if reply.Head.Seq != 2 {
		t.Errorf("the roster is at %d", reply.Head.Seq)
	}
	// Nor does the loser's word count when the winner, of all people, brings it.
	var no *session.RefusedError
	if _, err := s.Do(t.Context(), ops[loser]); !errors.As(err, &no) || no.Word != request.RefusedDenied {
		t.Errorf("the loser's removal is answered with %v", err)
	}
}

func TestRemovalsThatDoNotHoldAreRefused(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	owner := r.owner()
	guardian, viewer := r.Bring("Greta", roster.Guardian), r.Bring("Anna", roster.Viewer, always())
	for name, op := range map[string]request.Op{
		"a viewer removes a guardian":          r.removal(guardian.Person, "", viewer),
		"a guardian removes a viewer":          r.removal(viewer.Person, "", guardian),
		"a guardian removes an owner's device": r.removal("", owner.ID(), guardian),
		"a stranger removes a viewer":          r.removal(viewer.Person, "", r.newFolk("")),
	} {
		if _, err := r.Member.Do(t.Context(), op); word(err) != request.RefusedDenied {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.refused(r.removal(owner.Person, "", owner), request.RefusedInvalid) // the last owner stays
	// The hub alone orders a removal: as a link that somebody brings it is refused.
	r.refused(request.Op{Kind: request.OpAppendLink, Link: r.link(roster.Remove{Removal: r.removal(viewer.Person, "", owner).Removal}, owner)}, request.RefusedDenied)
	// Leaving always works, and needs nobody's code.
	reply := r.Do(r.removal(viewer.Person, "", viewer))
	if reply.Head.Seq != 3 {
		t.Errorf("the roster is at %d", reply.Head.Seq)
	}
}

func word(err error) string {
	var no *session.RefusedError
	if errors.As(err, &no) {
		return no.Word
	}
	return ""
}
