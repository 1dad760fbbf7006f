// SPDX-License-Identifier: Apache-2.0

package recover

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tyler-smith/go-bip39"

	"keyhold/sealing/keys"
)

var numbered = regexp.MustCompile(`(?:^|\s)(\d{1,2})[.):]?\s+(\p{L}+)`)

// Words finds the words of a sheet in what a person typed or in the page that was printed. Of a page
// the words that follow their numbers are taken, whatever else is written there; else all of it. The
// first four letters of a word are enough. What is no word of the list is left as it is, for
// keys.ParseSheet to say so.
func Words(text string) string {
	text = strings.ToLower(text)
	words := numberedWords(text)
	if words == nil {
		words = keys.SplitWords(text)
	}
	for i, w := range words {
		if full, ok := onList(w); ok {
			words[i] = full
		}
	}
	return strings.Join(words, " ")
}

// enough is how many words must follow their numbers for a text to be a page.
const enough = keys.SheetWords - 4

// numberedWords reads a page where each word follows its number; nil if this is no such page.
func numberedWords(text string) []string {
	words := make([]string, keys.SheetWords)
	found := 0
	for _, m := range numbered.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 || n > keys.SheetWords {
			continue
		}
		// A number in the text around the words, such as a date, must not hide the word itself.
		was := words[n-1]
		if _, listed := onList(was); was == "" {
			found++
		} else if listed {
			continue
		}
		words[n-1] = m[2]
	}
	if found < enough {
		return nil
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// onList finds a word of the list, also by its first four letters, which no two share.
func onList(w string) (string, bool) {
	list := bip39.GetWordList()
	i, ok := slices.BinarySearch(list, w)
	if ok {
		return list[i], true
	}
	if len(w) >= 4 && i < len(list) && strings.HasPrefix(list[i], w) {
		return list[i], true
	}
	return "", false
}
