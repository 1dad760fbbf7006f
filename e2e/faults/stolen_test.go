// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"keyhold/e2e/harness"
	"keyhold/sealing/keys"
	"keyhold/sealing/open"
)

// TestStolenHubOpensNothingItRecorded takes the whole folder of a hub that has recorded, rotated and
// been killed, and tries everything in it as a key. That the thief is able is shown twice: with an
// identity left as text, and with a reader's key left in a key file.
func TestStolenHubOpensNothingItRecorded(t *testing.T) {
	t.Parallel()
	w := home(t)
	stop := load(t, w)
	grown(t, w, 0)
	stop()
	must(t, w.Hub.Stop())
	must(t, w.StartHub(t.Context()))
	w.Hub.Kill() // leaves what a crash leaves
	identities := t.TempDir()
	_, err := w.Run(t.Context(), "recover", "--sheet", w.Path("sheet.txt"), "--identities", identities, "--from", w.Path("hub"))
	must(t, err)
	copied := func() string {
		dir := filepath.Join(t.TempDir(), "hub")
		must(t, os.CopyFS(dir, os.DirFS(w.Path("hub"))))
		return dir
	}

	l, err := steal(t.Context(), copied())
	must(t, err)
	if len(l.opened) > 0 {
		t.Errorf("the stolen folder opens %v", l.opened)
	}
	if l.tried < 50 || l.sealed < 8 || l.rows < 6 {
		t.Errorf("the thief tried %d keys on %d envelopes and %d segments: that shows nothing", l.tried, l.rows, l.sealed)
	}
	t.Logf("%d keys tried on %d envelopes and %d segments of %d epochs; nothing opens", l.tried, l.rows, l.sealed, len(l.objects))

	for name, leave := range map[string]func(dir string){
		"identity as text": func(dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("do not lose: "+footageKey(t, identities, l)), 0o600))
		},
		"reader's key in a key file": func(dir string) {
			f, err := os.OpenFile(filepath.Join(dir, "keys", "hub.key"), os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			_, err = f.Write(sheetSeed(t, w))
			must(t, err)
			must(t, f.Close())
		},
	} {
		dir := copied()
		leave(dir)
		found, err := steal(t.Context(), dir)
		must(t, err)
		if len(found.opened) == 0 {
			t.Errorf("control: the thief does not find the %s", name)
		}
	}
}

func TestThiefWritesIdentitiesAsAgeDoes(t *testing.T) {
	t.Parallel()
	seed := []byte("0123456789abcdef0123456789abcdef")
	i, err := open.ParseIdentity(identityOf(seed))
	must(t, err)
	if i.String() != identityOf(seed) {
		t.Errorf("%s is not %s", identityOf(seed), i)
	}
}

var keyLine = regexp.MustCompile(`AGE-SECRET-KEY-PQ-1[A-Z0-9]+`)

// footageKey returns an identity, out of those that the sheet gave, of an epoch with footage.
func footageKey(t *testing.T, identities string, l *loot) string {
	t.Helper()
	var all []string
	must(t, filepath.WalkDir(identities, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(all, keyLine.FindAllString(string(b), -1)...)
		return err
	}))
	for _, text := range all {
		probe := &loot{objects: l.objects}
		must(t, probe.identity(text, ""))
		if len(probe.opened) > 0 {
			return text
		}
	}
	t.Fatalf("none of %d identities opens any footage", len(all))
	return ""
}

// sheetSeed is the seed of the sheet's reader key.
func sheetSeed(t *testing.T, w *harness.World) []byte {
	t.Helper()
	words, err := harness.SheetWords(w.Path("sheet.txt"))
	must(t, err)
	text := ""
	for _, word := range words {
		text += word + " "
	}
	sheet, err := keys.ParseSheet(text)
	must(t, err)
	return sheet.Secret().Reader
}
