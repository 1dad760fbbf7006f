// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tyler-smith/go-bip39"
	"github.com/tyler-smith/go-bip39/wordlists"
)

// SheetWords is the number of words on a recovery sheet: 32 bytes and eight check bits, by BIP 39.
const SheetWords = 24

// Sheet is the secret of a recovery sheet.
type Sheet struct{ entropy []byte }

// NewSheet makes a fresh sheet.
func NewSheet(rand io.Reader) (Sheet, error) {
	e := make([]byte, 32)
	if _, err := io.ReadFull(rand, e); err != nil {
		return Sheet{}, fmt.Errorf("keys: read randomness: %w", err)
	}
	return Sheet{e}, nil
}

// Words returns the 24 words.
func (s Sheet) Words() []string {
	m, err := bip39.NewMnemonic(s.entropy)
	if err != nil {
		panic("keys: sheet: " + err.Error()) // 32 bytes always have words
	}
	return strings.Fields(m)
}

// Secret derives the sheet's seeds.
func (s Sheet) Secret() Secret {
	derive := func(label string) []byte {
		b, err := hkdf.Key(sha256.New, s.entropy, nil, label, 32)
		if err != nil {
			panic("keys: sheet: " + err.Error())
		}
		return b
	}
	return Secret{Sign: derive("keyhold/v1/sheet/sign"), Reader: derive("keyhold/v1/sheet/reader")}
}

// WordError says what is wrong with typed words, and where.
type WordError struct {
	// Position counts from 1; 0 means that the words as a whole do not fit together.
	Position int
	Typed    string
	// Nearest is the most similar word of the list, if the typed one is not on it.
	Nearest string
	Count   int
}

func (e *WordError) Error() string {
	switch {
	case e.Count != SheetWords:
		return fmt.Sprintf("the sheet has %d words, these are %d", SheetWords, e.Count)
	case e.Position == 0:
		return "the words do not fit together: one of them is wrong, or two have changed places"
	}
	return fmt.Sprintf("word %d (%q) is on no sheet; did you mean %q?", e.Position, e.Typed, e.Nearest)
}

// SplitWords separates typed words, tolerant of case, line breaks, numbers and punctuation.
func SplitWords(typed string) []string {
	return strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool { return r < 'a' || r > 'z' })
}

// ParseSheet reads typed words; its errors are *WordError.
func ParseSheet(typed string) (Sheet, error) {
	words := SplitWords(typed)
	if len(words) != SheetWords {
		return Sheet{}, &WordError{Count: len(words)}
	}
	for i, w := range words {
		if !slices.Contains(wordlists.English, w) {
			return Sheet{}, &WordError{Position: i + 1, Typed: w, Nearest: nearest(w), Count: SheetWords}
		}
	}
	e, err := bip39.EntropyFromMnemonic(strings.Join(words, " "))
	if err != nil {
		return Sheet{}, &WordError{Count: SheetWords}
	}
	return Sheet{e}, nil
}

// Repair yields every sheet whose words differ from the typed ones in a single word or in two neighbours that changed
// places, and that fits together; pos is the (first) position. About 200 of 49,000 variants pass the check bits: the
// caller compares their public keys with those of the household. It stops when yield returns false.
func Repair(typed string, yield func(s Sheet, pos int, word string) bool) {
	words := SplitWords(typed)
	if len(words) != SheetWords {
		return
	}
	try := func(pos int) bool {
		e, err := bip39.EntropyFromMnemonic(strings.Join(words, " "))
		return err != nil || yield(Sheet{e}, pos+1, words[pos])
	}
	for i := range words[:SheetWords-1] {
		words[i], words[i+1] = words[i+1], words[i]
		ok := try(i)
		words[i], words[i+1] = words[i+1], words[i]
		if !ok {
			return
		}
	}
	for i, was := range words {
		for _, w := range wordlists.English {
			words[i] = w
			if w != was && !try(i) {
				return
			}
		}
		words[i] = was
	}
}

// nearest returns the word of the list with the least edit distance.
func nearest(typed string) string {
	best, least := "", 1<<30
	for _, w := range wordlists.English {
		if d := distance(typed, w); d < least {
			best, least = w, d
		}
	}
	return best
}

// distance is Levenshtein's, one row at a time.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
