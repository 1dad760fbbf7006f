// SPDX-License-Identifier: Apache-2.0

package recover_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/member/pair"
	back "keyhold/member/recover"
	"keyhold/sealing/keys"
	"keyhold/statement/id"
)

func sheet(t testing.TB) (keys.Sheet, []string) {
	t.Helper()
	s, err := keys.NewSheet(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s, s.Words()
}

func TestWordsAreFoundHoweverTheyAreWritten(t *testing.T) {
	_, words := sheet(t)
	want := strings.Join(words, " ")
	short := make([]string, len(words))
	numbered := make([]string, len(words))
	for i, w := range words {
		short[i] = w[:min(4, len(w))]
		numbered[len(words)-1-i] = fmt.Sprintf("%d. %s", i+1, w) // read down a column, or from the end
	}
	household := id.Household(id.HashOf([]byte("x")).String())
	page := pair.SheetPage(words, household, "http://127.0.0.1:7440", time.Now())
	if got := back.Words(strings.Replace(page, " "+words[8]+" ", " ", 1)); len(strings.Fields(got)) != 23 {
		t.Errorf("a page with one word torn off: %q", got)
	}
	for name, text := range map[string]string{
		"a line":              want,
		"upper case":          strings.ToUpper(want),
		"lines":               strings.Join(words, "\n"),
		"commas":              strings.Join(words, ", "),
		"four letters":        strings.Join(short, " "),
		"by number":           strings.Join(numbered, "\n"),
		"the page":            pair.SheetPage(words, household, "http://127.0.0.1:7440", time.Now()),
		"the page, by e-mail": "3 days ago I printed 24 things\n" + pair.SheetPage(words, household, "http://127.0.0.1:7440", time.Now()),
	} {
		if got := back.Words(text); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestAWrongWordIsNamed(t *testing.T) {
	s, words := sheet(t)
	match := func(_ context.Context, c keys.Sheet) (bool, error) {
		return slices.Equal(c.Words(), words), nil
	}
	change := func(f func([]string)) string {
		w := slices.Clone(words)
		f(w)
		return strings.Join(w, " ")
	}
	other := "zoo"
	if words[10] == other {
		other = "zone"
	}
	t.Run("none", func(t *testing.T) {
		got, err := back.Find(t.Context(), strings.Join(words, " "), match)
		if err != nil || !slices.Equal(got.Words(), s.Words()) {
			t.Error(err)
		}
	})
	t.Run("on no list", func(t *testing.T) {
		_, err := back.Find(t.Context(), change(func(w []string) { w[6] = "zzebra" }), match)
		var e *keys.WordError
		if !errors.As(err, &e) || e.Position != 7 || e.Nearest != "zebra" {
			t.Error(err)
		}
	})
	t.Run("another word of the list", func(t *testing.T) {
		_, err := back.Find(t.Context(), change(func(w []string) { w[10] = other }), match)
		var e *back.SuspectError
		if !errors.As(err, &e) || e.Position != 11 || e.Swapped || e.Likely != words[10] {
			t.Error(err)
		}
	})
	t.Run("neighbours swapped", func(t *testing.T) {
		i := 3
		for words[i] == words[i+1] {
			i++
		}
		_, err := back.Find(t.Context(), change(func(w []string) { w[i], w[i+1] = w[i+1], w[i] }), match)
		var e *back.SuspectError
		if !errors.As(err, &e) || e.Position != i+1 || !e.Swapped || e.Likely != words[i] {
			t.Error(err)
		}
	})
	t.Run("another sheet", func(t *testing.T) {
		_, strange := sheet(t)
		if _, err := back.Find(t.Context(), strings.Join(strange, " "), match); !errors.Is(err, back.ErrUnknown) {
			t.Error(err)
		}
	})
	t.Run("one left out", func(t *testing.T) {
		_, err := back.Find(t.Context(), strings.Join(append(slices.Clone(words[:15]), words[16:]...), " "), match)
		var e *back.SuspectError
		if !errors.As(err, &e) || !e.Missing || e.Likely != words[15] {
			t.Error(err)
		}
	})
	t.Run("one too many", func(t *testing.T) {
		_, err := back.Find(t.Context(), strings.Join(slices.Insert(slices.Clone(words), 20, other), " "), match)
		var e *back.SuspectError
		if !errors.As(err, &e) || !e.Extra || e.Likely != other {
			t.Error(err)
		}
	})
	t.Run("too few", func(t *testing.T) {
		_, err := back.Find(t.Context(), strings.Join(words[:22], " "), match)
		var e *keys.WordError
		if !errors.As(err, &e) || e.Count != 22 {
			t.Error(err)
		}
	})
	t.Run("one left out of another sheet", func(t *testing.T) {
		_, strange := sheet(t)
		_, err := back.Find(t.Context(), strings.Join(strange[:23], " "), match)
		var e *keys.WordError
		if !errors.As(err, &e) || e.Count != 23 {
			t.Error(err)
		}
	})
	t.Run("the question fails", func(t *testing.T) {
		broken := errors.New("no network")
		_, err := back.Find(t.Context(), strings.Join(words, " "), func(context.Context, keys.Sheet) (bool, error) { return false, broken })
		if !errors.Is(err, broken) {
			t.Error(err)
		}
	})
}

func FuzzWords(f *testing.F) {
	_, words := sheet(f)
	f.Add(strings.Join(words, " "))
	f.Add("1 abandon 2 ability 24 zoo")
	f.Add("１ ａｂａｎｄｏｎ")
	f.Fuzz(func(t *testing.T, text string) {
		once := back.Words(text)
		if again := back.Words(once); again != once && !strings.ContainsAny(once, "0123456789") {
			t.Errorf("%q becomes %q, then %q", text, once, again)
		}
	})
}
