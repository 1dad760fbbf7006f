// SPDX-License-Identifier: Apache-2.0

// Package recover brings a household back from its recovery sheet (docs/protocol.md, section 10).
//
// With hub and cloud alive it ends with a working device that can open everything; with nothing but a
// copy of the hub's folder it writes the keys by which stock age opens what lies there. It promises to
// say which word is wrong where that can be found out, to accept only a household whose genesis carries
// this very sheet, and to change nothing before that is certain. The words stay in memory; only the
// second way writes keys, where it was told to.
package recover

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/tyler-smith/go-bip39"
	"golang.org/x/sync/errgroup"

	"keyhold/sealing/keys"
)

// ErrUnknown says that the words are well formed and belong to no household here.
var ErrUnknown = errors.New("these words belong to no household here; is it the right sheet, and the right cloud?")

// SuspectError says which word would make the sheet one of a household that exists.
type SuspectError struct {
	// Position counts from 1; with Swapped it is the first of two neighbours, with Missing it is where a
	// word has to go in, with Extra which one has to go.
	Position int
	Swapped  bool
	Missing  bool
	Extra    bool
	// Likely is the word that belongs at Position.
	Likely string
}

func (e *SuspectError) Error() string {
	switch {
	case e.Missing:
		return fmt.Sprintf("word %d is missing; it is probably %q", e.Position, e.Likely)
	case e.Extra:
		return fmt.Sprintf("there is one word too many: word %d, %q, is not on the sheet", e.Position, e.Likely)
	case e.Swapped:
		return fmt.Sprintf("words %d and %d have changed places: word %d is %q", e.Position, e.Position+1, e.Position, e.Likely)
	}
	return fmt.Sprintf("word %d is wrong; it is probably %q", e.Position, e.Likely)
}

// triesAtOnce is how many candidates are asked about at the same time.
const triesAtOnce = 8

// Find reads a sheet and wants it to be one that match knows. If it is none, every sheet that one small
// mistake away would be is tried, and the error says which mistake it was.
func Find(ctx context.Context, text string, match func(context.Context, keys.Sheet) (bool, error)) (keys.Sheet, error) {
	words := Words(text)
	sheet, err := keys.ParseSheet(words)
	if err == nil {
		ok, err := match(ctx, sheet)
		if err != nil || ok {
			return sheet, err
		}
	}
	var wrong *keys.WordError
	if errors.As(err, &wrong) && (wrong.Position > 0 || !nearly(wrong.Count)) {
		return keys.Sheet{}, err
	}
	suspect, findErr := findMistake(ctx, mistakes(words), match)
	switch {
	case findErr != nil:
		return keys.Sheet{}, findErr
	case suspect != nil:
		return keys.Sheet{}, suspect
	case wrong != nil && wrong.Count != keys.SheetWords:
		return keys.Sheet{}, err
	case err != nil:
		return keys.Sheet{}, fmt.Errorf("%w; no single change makes them those of a household here, so more than one is wrong, or it is another household's sheet", err)
	default:
		return keys.Sheet{}, ErrUnknown
	}
}

// nearly says whether one word more or less would do.
func nearly(n int) bool { return n >= keys.SheetWords-1 && n <= keys.SheetWords+1 }

// mistakes lists every sheet that is one small mistake away from the words, with that mistake.
func mistakes(words string) iter.Seq2[keys.Sheet, SuspectError] {
	typed := strings.Fields(words)
	switch len(typed) {
	case keys.SheetWords - 1:
		return missing(typed)
	case keys.SheetWords + 1:
		return extra(typed)
	}
	return func(yield func(keys.Sheet, SuspectError) bool) {
		keys.Repair(words, func(s keys.Sheet, pos int, word string) bool {
			return yield(s, SuspectError{Position: pos, Swapped: differences(typed, s.Words()) == 2, Likely: word})
		})
	}
}

func missing(typed []string) iter.Seq2[keys.Sheet, SuspectError] {
	return func(yield func(keys.Sheet, SuspectError) bool) {
		for at := range keys.SheetWords {
			whole := slices.Insert(slices.Clone(typed), at, "")
			for _, word := range bip39.GetWordList() {
				whole[at] = word
				s, err := keys.ParseSheet(strings.Join(whole, " "))
				if err == nil && !yield(s, SuspectError{Position: at + 1, Missing: true, Likely: word}) {
					return
				}
			}
		}
	}
}

func extra(typed []string) iter.Seq2[keys.Sheet, SuspectError] {
	return func(yield func(keys.Sheet, SuspectError) bool) {
		for at := range typed {
			s, err := keys.ParseSheet(strings.Join(slices.Delete(slices.Clone(typed), at, at+1), " "))
			if err == nil && !yield(s, SuspectError{Position: at + 1, Extra: true, Likely: typed[at]}) {
				return
			}
		}
	}
}

// findMistake asks about several sheets at a time and returns the first mistake that leads to a sheet
// which match knows.
func findMistake(ctx context.Context, candidates iter.Seq2[keys.Sheet, SuspectError], match func(context.Context, keys.Sheet) (bool, error)) (*SuspectError, error) {
	var mu sync.Mutex
	var found *SuspectError // guarded by mu
	done := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return found != nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(triesAtOnce)
	for sheet, mistake := range candidates {
		if done() || ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if done() {
				return nil
			}
			ok, err := match(ctx, sheet)
			if err != nil || !ok {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			found = &mistake
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("look for the wrong word: %w", err)
	}
	return found, nil
}

func differences(a, b []string) int {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}
