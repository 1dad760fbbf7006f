// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"keyhold/sealing/keys"
)

func newSheet(t *testing.T) keys.Sheet {
	t.Helper()
	s, err := keys.NewSheet(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWordsReadBack(t *testing.T) {
	s := newSheet(t)
	back, err := keys.ParseSheet(strings.ToUpper(strings.Join(s.Words(), "\n")))
	if err != nil || !bytes.Equal(back.Secret().Sign, s.Secret().Sign) {
		t.Fatal(err)
	}
}

func TestAWordThatIsOnNoSheetIsNamed(t *testing.T) {
	words := newSheet(t).Words()
	words[6] = "castlle"
	_, err := keys.ParseSheet(strings.Join(words, " "))
	var w *keys.WordError
	if !errors.As(err, &w) || w.Position != 7 || w.Nearest != "castle" {
		t.Fatalf("%v", err)
	}
}

// repaired returns the position at which Repair finds the true sheet again.
func repaired(t *testing.T, want keys.Sheet, typed []string) int {
	t.Helper()
	found := 0
	keys.Repair(strings.Join(typed, " "), func(s keys.Sheet, pos int, _ string) bool {
		if bytes.Equal(s.Secret().Sign, want.Secret().Sign) {
			found = pos
			return false
		}
		return true
	})
	return found
}

func TestAWrongWordOfTheListIsFoundByTheHouseholdsKey(t *testing.T) {
	s := newSheet(t)
	words := s.Words()
	was := words[16]
	for _, w := range []string{"abandon", "zebra", "castle"} {
		if words[16] = w; w == was {
			continue
		}
		if got := repaired(t, s, words); got != 17 {
			t.Errorf("found at %d, want 17", got)
		}
	}
}

func TestNeighboursThatChangedPlacesAreFound(t *testing.T) {
	s := newSheet(t)
	words := s.Words()
	if words[3] == words[4] {
		words = newSheet(t).Words()
	}
	words[3], words[4] = words[4], words[3]
	if got := repaired(t, s, words); got != 4 {
		t.Fatalf("found at %d, want 4", got)
	}
}

func FuzzParseSheet(f *testing.F) {
	f.Add("abandon ability 3. able")
	f.Fuzz(func(t *testing.T, in string) {
		s, err := keys.ParseSheet(in)
		if err == nil && strings.Join(s.Words(), " ") != strings.Join(keys.SplitWords(in), " ") {
			t.Fatalf("%q reads as other words", in)
		}
	})
}
