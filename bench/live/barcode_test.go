// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"slices"
	"testing"
)

// dim is how a row may come back: less black, less white, and uneven.
func dim(row []byte) []byte {
	out := slices.Clone(row)
	for i, v := range out {
		out[i] = byte(24 + int(v)*190/255 + i%5)
	}
	return out
}

func TestBarCodeComesBack(t *testing.T) {
	for n := range pictures {
		for name, row := range map[string][]byte{"as drawn": encode(n), "dim": dim(encode(n))} {
			if got, err := decode(row); err != nil || got != n {
				t.Fatalf("%d, %s: got %d, %v", n, name, got, err)
			}
		}
	}
}

func TestBarCodeRefusesWhatIsWrong(t *testing.T) {
	refused := func(what string, n int, row []byte) {
		t.Helper()
		if got, err := decode(row); !errors.Is(err, errBarCode) {
			t.Fatalf("%s of %d: read as %d, %v", what, n, got, err)
		}
	}
	for n := range pictures {
		for i := range blocks {
			turned := encode(n)
			turned[i] ^= 255
			refused("a block turned over", n, turned)
			if grey := encode(n); i >= 2 { // of the first two, one that is still far from the other will do
				grey[i] = 128
				refused("a grey block", n, grey)
			}
			// Two pictures at once: the upper part of one, the lower of another.
			if other := (n + 1) % pictures; i > 2 {
				mixed := append(slices.Clone(encode(n)[:i]), encode(other)[i:]...)
				if !slices.Equal(mixed, encode(n)) && !slices.Equal(mixed, encode(other)) {
					refused("a mixture", n, mixed)
				}
			}
		}
		refused("a row cut short", n, encode(n)[:blocks-1])
		flat := slices.Repeat([]byte{90}, blocks)
		refused("no row", n, flat)
	}
	refused("a number that no picture has", pictures, encode(pictures))
}
