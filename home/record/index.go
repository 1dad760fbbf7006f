// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// The index of an open pack is a text file beside it: a first line that names the pack, then a line for each finished
// file, in canonical JSON. A line counts only with its line feed, so a torn tail is never taken for a line.

type indexHead struct {
	Camera  id.Camera `json:"camera"`
	Epoch   id.Epoch  `json:"epoch"`
	Object  id.Object `json:"object"`
	Session int64     `json:"session"`
}

func (h *indexHead) Check() error {
	if !h.Camera.Valid() || !h.Epoch.Valid() || !h.Object.Valid() || h.Session <= 0 {
		return errors.New("index: malformed head")
	}
	return nil
}

type indexFile struct {
	manifest.File
}

func (f *indexFile) Check() error {
	if f.Kind != manifest.FileSegment && f.Kind != manifest.FileThumbs {
		return errors.New("index: unknown kind of file")
	}
	if f.Offset < 0 || f.Size <= 0 || f.Content.Size < 0 || f.Start <= 0 || f.End < f.Start || f.Media < 0 {
		return errors.New("index: malformed file")
	}
	return nil
}

func indexLine(v any) ([]byte, error) {
	b, err := canon.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("record: index: %w", err)
	}
	return append(b, '\n'), nil
}

// readIndex takes what is whole: it stops without complaint at the first line that a crash or a power cut has spoilt.
// Only an index without a head is an error.
func readIndex(b []byte) (indexHead, []manifest.File, error) {
	var head indexHead
	line, rest, ok := bytes.Cut(b, []byte{'\n'})
	if !ok {
		return head, nil, errors.New("record: index has no head")
	}
	if err := canon.Unmarshal(line, &head); err != nil {
		return head, nil, fmt.Errorf("record: index: %w", err)
	}
	var files []manifest.File
	var offset int64
	for {
		line, rest, ok = bytes.Cut(rest, []byte{'\n'})
		if !ok {
			return head, files, nil
		}
		var f indexFile
		if err := canon.Unmarshal(line, &f); err != nil || f.Offset != offset {
			return head, files, nil
		}
		if n := len(files); n > 0 && files[n-1].Kind == manifest.FileThumbs {
			return head, files, nil
		}
		offset += f.Size
		files = append(files, f.File)
	}
}
