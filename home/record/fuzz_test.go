// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"bytes"
	"testing"

	"keyhold/home/record"
)

func FuzzReadIndex(f *testing.F) {
	head := `{"camera":"cam_aaaaaaaaaaaaaaaaaaaaaaaaaa","epoch":"epo_aaaaaaaaaaaaaaaaaaaaaaaaaa","object":"obj_aaaaaaaaaaaaaaaaaaaaaaaaaa","session":1}` + "\n"
	hash := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	line := `{"content":{"sha256":"` + hash + `","size":5},"end":9,"kind":"segment","media":4000000,"offset":0,"sha256":"` + hash + `","size":100,"start":5}` + "\n"
	for _, seed := range []string{"", head, head + line, head + line + line, head + line[:40], head + "\x00\x00\x00\n", line} {
		f.Add([]byte(seed))
	}
	if _, files, err := record.ReadIndex([]byte(head + line)); err != nil || len(files) != 1 {
		f.Fatalf("the seed is not an index: %v", err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, files, err := record.ReadIndex(b)
		if err != nil {
			return
		}
		if lines := bytes.Count(b, []byte("\n")); len(files) >= lines {
			t.Fatalf("%d files in %d lines", len(files), lines)
		}
		var offset int64
		for _, x := range files {
			if x.Offset != offset || x.Size <= 0 {
				t.Fatalf("a hole before offset %d", x.Offset)
			}
			offset += x.Size
		}
	})
}

func FuzzSplitPictures(f *testing.F) {
	f.Add([]byte("\xff\xd8abc\xff\xd9\xff\xd8def\xff\xd9"))
	f.Add([]byte("\xff\xd8abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		pictures := record.SplitJPEG(b)
		tiles, n := map[int][]byte{}, 0
		for i, p := range pictures {
			n += len(p)
			tiles[i] = p
		}
		if n > len(b) {
			t.Fatal("more comes out than went in")
		}
		if len(pictures) <= 16 {
			if s, err := record.Sprite(tiles, len(pictures)); err == nil && len(s) == 0 {
				t.Fatal("an empty sprite")
			}
		}
	})
}
