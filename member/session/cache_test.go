// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"keyhold/api"
	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// A cloud that hands out an epoch of its own making must not name a file by it: the page that goes with it would be
// written wherever this user may write.
func TestNoNameLeadsOutOfTheCache(t *testing.T) {
	for name, escape := range map[string]func(*api.PageRef){
		"by the epoch":  func(p *api.PageRef) { p.Epoch = "../../../../escaped" },
		"by the camera": func(p *api.PageRef) { p.Camera = "../../../escaped" },
		"by the hour":   func(p *api.PageRef) { p.Hour = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			s := w.device()
			identity := must[*age.HybridIdentity](t)(age.GenerateHybridIdentity())
			w.answer = func(a *api.Sync) {
				page := api.PageRef{Camera: w.camera, Epoch: w.epochs[w.camera].ID, Hour: id.Hour(w.now), Run: w.last().id, Size: 10, Updated: 1}
				escape(&page)
				a.Pages = append(a.Pages, page)
				row := must[request.Row](t)(to.SealRow(w.state.Household, page.Camera, page.Epoch, w.state.Head.Hash,
					to.Reader{Device: w.secret.ID(), Key: w.secret.Public().Reader}, []byte(identity.String())))
				a.Envelopes = append(a.Envelopes, row)
			}
			w.page = func(_ manifest.PageName, p []byte) []byte { return append([]byte{}, p...) }
			if _, _, err := w.look(s); rule.Of(err) != rule.Field {
				t.Errorf("refused as %q: %v", rule.Of(err), err)
			}
			if _, err := os.Stat(filepath.Join(s.Folder.Dir(), "escaped")); err == nil {
				t.Error("something was written beside the cache")
			}
		})
	}
}

func TestTheCacheForgetsWhatTheCloudNoLongerLists(t *testing.T) {
	w := begin(t)
	s := w.device()
	old := filepath.Join(s.Folder.Cache(), "pages", "run_x", "cam_x", "epo_x", "1")
	if err := os.MkdirAll(filepath.Dir(old), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	then := time.UnixMilli(w.now).Add(-41 * 24 * time.Hour)
	if err := os.Chtimes(old, then, then); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.look(s); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := s.Cached(t.Context()); err != nil {
		t.Errorf("what is needed is gone: %v", err)
	}
}

func TestTheCacheIsNotBelieved(t *testing.T) {
	w := begin(t)
	s := w.device()
	if _, _, err := w.look(s); err != nil {
		t.Fatal(err)
	}
	pages := filepath.Join(s.Folder.Cache(), "pages")
	err := filepath.WalkDir(pages, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		return os.WriteFile(path, b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cached(t.Context()); err == nil {
		t.Error("pages that were changed in the cache are believed")
	}
	// Online they are fetched again, and what is fetched holds.
	if _, _, err := w.look(s); err != nil {
		t.Errorf("a damaged cache cannot be got over: %v", err)
	}
}

// A page tells which epoch it is sealed for, and what was recorded in it: for both it is fetched once.
func TestAPageIsFetchedAndWrittenOnce(t *testing.T) {
	w := begin(t)
	s := w.device()
	var mu sync.Mutex
	fetched := map[manifest.PageName]int{}
	w.page = func(name manifest.PageName, p []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		fetched[name]++
		return p
	}
	if _, _, err := w.look(s); err != nil {
		t.Fatal(err)
	}
	if len(fetched) == 0 {
		t.Fatal("no page was fetched")
	}
	for name, times := range fetched {
		if times != 1 {
			t.Errorf("%v was fetched %d times", name, times)
		}
	}
	notes := must[[]string](t)(filepath.Glob(filepath.Join(s.Folder.Cache(), "pages", "*", "*", "*", "*.checkpoint")))
	if len(notes) != len(fetched) {
		t.Fatalf("%d checkpoints lie beside %d pages", len(notes), len(fetched))
	}
	then := time.UnixMilli(w.now).Add(-24 * time.Hour)
	for _, name := range notes {
		if err := os.Chtimes(name, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.look(s); err != nil {
		t.Fatal(err)
	}
	for _, name := range notes {
		if info, err := os.Stat(name); err != nil || !info.ModTime().Equal(then) {
			t.Errorf("the same checkpoint is written again (%v)", err)
		}
	}
}
