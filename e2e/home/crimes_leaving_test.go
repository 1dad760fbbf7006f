// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keyhold/api"
	"keyhold/member/session"
	"keyhold/statement/dsse"
	"keyhold/statement/erasure"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// erasure lets somebody order that everything be erased, with the code on the hub's terminal.
func (s *scene) erasure(by *folk, spoil func(*erasure.Statement)) error {
	s.t.Helper()
	return s.ask(by, request.Op{Kind: request.OpErase, Erase: s.erasing(by, spoil)})
}

func (s *scene) erasing(by *folk, spoil func(*erasure.Statement)) []byte {
	s.t.Helper()
	w := erasure.Statement{
		Act: erasure.Erase, At: s.now().UnixMilli(), Device: by.ID(), Household: s.Member.Home.Household,
		Nonce: []byte(rand.Text()[:request.NonceSize]), Person: by.Person, To: s.Member.Home.To,
	}
	spoil(&w)
	e, err := dsse.Signed(erasure.Thing, &w, by.ID(), by.Sign())
	must(s.t, err)
	return e.Encode()
}

// erasedAndKept orders it as an owner does, and takes it back.
func (s *scene) erasedAndKept() error {
	s.t.Helper()
	if err := s.erasure(s.anna, func(*erasure.Statement) {}); err != nil {
		return err
	}
	_, err := s.Member.Keep(s.t.Context())
	return err
}

// receipt shows a member a receipt for what an owner wants erased: one that a key has signed, or what the cloud itself has.
func (s *scene) receipt(forger ed25519.PrivateKey) error {
	s.t.Helper()
	must(s.t, s.erasure(s.anna, func(*erasure.Statement) {}))
	_, err := s.Member.Sync(s.t.Context())
	if !errors.As(err, new(*session.HiddenError)) {
		s.t.Fatalf("the member is not told: %v", err)
	}
	if forger != nil {
		s.forgeReceipts(forger)
		defer s.way.Store(nil)
	}
	_, err = s.Member.Erased(s.t.Context())
	_, kept := s.Member.Keep(s.t.Context())
	must(s.t, kept)
	return err
}

// noReceipt wants the cloud to have no receipt before everything is erased.
func noReceipt(s *scene) error {
	if err := s.receipt(nil); !errors.Is(err, session.ErrNoReceipt) {
		return err
	}
	return nil
}

// keyOf is another cloud's own key, out of its folder.
func (s *scene) keyOf(there *elsewhere) ed25519.PrivateKey {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(there.vault, "cloud.key"))
	must(s.t, err)
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	must(s.t, err)
	key := ed25519.NewKeyFromSeed(seed)
	if !bytes.Equal(key.Public().(ed25519.PublicKey), there.place.To) {
		s.t.Fatal("this is not the other cloud's key")
	}
	return key
}

// move orders a move to a cloud of its own, with the code on the hub's terminal.
func (s *scene) move(by *folk) error {
	s.t.Helper()
	there := s.elsewhere()
	_, err := there.Client.RegisterChain(s.t.Context(), s.Member.Roster.Chain)
	must(s.t, err)
	return s.ask(by, request.Op{Kind: request.OpMove, Cloud: &there.place})
}

// copied has the hub copy the door's first pack, which it no longer has, by a leaf and out of a cloud that both may have
// been changed.
func (s *scene) copied(leaf func([]byte), object bool) error {
	s.t.Helper()
	s.Packs(s.door, 1)
	s.View()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.Dir, "state.db")+"?_pragma=busy_timeout(10000)")
	must(s.t, err)
	_, err = db.ExecContext(s.t.Context(), `DELETE FROM packs WHERE sent IS NOT NULL`)
	must(s.t, errors.Join(err, db.Close()))
	must(s.t, s.move(s.anna))
	first := s.Timeline(s.door).Segments[0]
	answer, err := s.Member.Footage(s.t.Context(), request.PurposeExport, s.door, first.Start-3_600_000, s.now().UnixMilli())
	must(s.t, err)
	raw := slices.Clone(first.Record.Raw)
	leaf(raw)
	if object {
		s.way.Store(&swapped)
		defer s.way.Store(nil)
	}
	return s.ask(s.anna, request.Op{Kind: request.OpCopy, Copy: &request.Copied{
		Address: answer.Address, Leaves: []request.Placed{{Index: first.Record.Index, Leaf: raw, Run: first.Record.Run.Run}}, Pages: []string{},
	}})
}

// swapped changes a bit in the middle of each recording that the cloud hands out.
var swapped = func(cloud http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !strings.HasPrefix(req.URL.Path, api.FetchedPrefix) || !strings.Contains(req.URL.Path, "/objects/") {
			cloud.ServeHTTP(w, req)
			return
		}
		answer := httptest.NewRecorder()
		cloud.ServeHTTP(answer, req)
		body := answer.Body.Bytes()
		if len(body) > 0 {
			body[len(body)/2] ^= 1
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body)
	})
}

func whole([]byte) {}

// salted changes a letter of a leaf's salt: it is no leaf of the hub's any more, and says the same.
func salted(leaf []byte) {
	at := bytes.Index(leaf, []byte(`"salt":"`)) + len(`"salt":"`)
	if leaf[at]++; leaf[at] > 'Z' || leaf[at] < 'A' {
		leaf[at] = 'B'
	}
}

func crimesOfLeaving() []crime {
	return []crime{
		{
			name: "a guardian moves the household to a cloud of their own", off: signer, lasting: true, ruins: true, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.move(s.gus) },
			honest: func(s *scene) error { return s.move(s.anna) },
		},
		{
			name: "the old cloud swaps a recording that is copied", off: []rule.Name{rule.FileHash}, lasting: true, ruins: true, says: request.RefusedInvalid,
			commit: func(s *scene) error { return s.copied(whole, true) },
			honest: func(s *scene) error { return s.copied(whole, false) },
		},
		{
			name: "a recording that the hub never made is copied", off: []rule.Name{rule.NotIncluded}, lasting: true, ruins: true, says: request.RefusedInvalid,
			commit: func(s *scene) error { return s.copied(salted, false) },
			honest: func(s *scene) error { return s.copied(whole, false) },
		},
		{
			name: "a guardian has everything erased", off: signer, lasting: true, ruins: true, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.erasure(s.gus, func(*erasure.Statement) {}) },
			honest: (*scene).erasedAndKept,
		},
		{
			name: "a viewer has everything erased in an owner's name", off: []rule.Name{rule.Signature}, lasting: true, ruins: true, says: request.RefusedDenied,
			commit: func(s *scene) error {
				// The command is the owner's own; the statement in it was signed by another.
				w, err := erasure.Read(s.erasing(s.anna, func(*erasure.Statement) {}))
				must(s.t, err)
				e, err := dsse.Signed(erasure.Thing, w, s.anna.ID(), s.vera.Sign())
				must(s.t, err)
				return s.ask(s.anna, request.Op{Kind: request.OpErase, Erase: e.Encode()})
			},
			honest: (*scene).erasedAndKept,
		},
		{
			name: "an erasure that another cloud was meant to have", off: []rule.Name{rule.Audience}, lasting: true, ruins: true, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				return s.erasure(s.anna, func(w *erasure.Statement) { w.To = make([]byte, 32) })
			},
			honest: (*scene).erasedAndKept,
		},
		{
			name: "an erasure that was kept for a quarrel", off: []rule.Name{rule.Time}, lasting: true, ruins: true, says: request.RefusedStale,
			commit: func(s *scene) error {
				return s.erasure(s.anna, func(w *erasure.Statement) { w.At -= time.Hour.Milliseconds() })
			},
			honest: (*scene).erasedAndKept,
		},
		{
			name: "everything is erased and nobody stands at the hub", off: []rule.Name{rule.Gesture}, lasting: true, ruins: true, says: request.RefusedGesture,
			commit: func(s *scene) error {
				_, err := s.Member.Do(s.t.Context(), request.Op{Kind: request.OpErase, Erase: s.erasing(s.anna, func(*erasure.Statement) {})})
				return err
			},
			honest: (*scene).erasedAndKept,
		},
		{
			name: "a receipt that the cloud never signed", off: []rule.Name{rule.Signature}, lasting: true, ruins: true, says: string(rule.Signature),
			commit: func(s *scene) error {
				_, key, err := ed25519.GenerateKey(rand.Reader)
				must(s.t, err)
				return s.receipt(key)
			},
			honest: noReceipt,
		},
		{
			name: "a receipt of another cloud", off: []rule.Name{rule.Signature}, lasting: true, ruins: true, says: string(rule.Signature),
			commit: func(s *scene) error { return s.receipt(s.keyOf(s.elsewhere())) },
			honest: noReceipt,
		},
	}
}
