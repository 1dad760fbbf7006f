// SPDX-License-Identifier: Apache-2.0

package export

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keyhold/statement/id"
)

// film is one that lies in a camera's folder.
type film struct {
	name        string // below the folder
	from, until int64
	segments    int
	size        int64
}

// films are those that earlier runs have written of a camera, with a proof beside them.
func (a *All) films(folder string, camera id.Camera) ([]film, error) {
	var out []film
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".mp4"+Suffix) {
			return err
		}
		beside, err := os.Open(path)
		if err != nil {
			return err
		}
		defer beside.Close()
		p, err := ReadProof(beside)
		if err != nil || p.export.Camera != camera || p.export.Household != a.Session.Home.Household {
			return nil //nolint:nilerr // none of ours
		}
		path = strings.TrimSuffix(path, Suffix)
		info, err := os.Stat(path)
		if err != nil {
			return nil //nolint:nilerr // a proof without its film is nothing
		}
		name, err := filepath.Rel(folder, path)
		out = append(out, film{name: name, from: p.export.From, until: p.export.Until, segments: len(p.segments), size: info.Size()})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look at what is there: %w", err)
	}
	return out, nil
}

// has gives a film of an earlier run in which all of a stretch lies, nil if there is none. It may hold more, that the cloud
// has no longer.
func (x *exporting) has(s *stretch) (*film, error) {
	for _, f := range x.films {
		if f.from > s.timeline.From || f.until < s.timeline.Until {
			continue
		}
		if ok, err := holds(filepath.Join(x.folder, f.name), s.proof); err != nil || ok {
			return &f, err
		}
	}
	return nil, nil
}

// holds says whether a film is as long as its proof wants it to be, and that is about all that is wanted.
func holds(path string, want *Proof) (bool, error) {
	beside, err := os.Open(path + Suffix)
	if err != nil {
		return false, fmt.Errorf("look at what is there: %w", err)
	}
	defer beside.Close()
	have, err := ReadProof(beside)
	if err != nil || !have.contains(want) {
		return false, nil //nolint:nilerr // what is no proof of this is written again
	}
	file, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("look at what is there: %w", err)
	}
	defer file.Close()
	f, err := findContent(file)
	return err == nil && f.size == have.content(), nil
}

// place gives a stretch the name under which it is written: its own, or one behind it where a film lies there that holds what
// this one would not.
func (x *exporting) place(s *stretch) error {
	own := strings.TrimSuffix(s.name, ".mp4")
	for n := 2; ; n++ {
		s.path = filepath.Join(x.folder, s.name)
		if ok, err := yields(s.path, s.proof); err != nil || ok {
			return err
		}
		s.name = fmt.Sprintf("%s (%d).mp4", own, n)
	}
}

// yields says whether what lies at a path, if anything does, holds nothing but what a film of this proof holds. A film that
// is damaged may be all that there is left of what the cloud no longer has.
func yields(path string, to *Proof) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at what is there: %w", err)
	}
	defer file.Close()
	beside, err := os.Open(path + Suffix)
	if err == nil {
		defer beside.Close()
		if have, err := ReadProof(beside); err == nil {
			return to.contains(have), nil
		}
	}
	// Without a proof its length alone says what it holds.
	f, err := findContent(file)
	return err == nil && f.size <= to.content(), nil //nolint:nilerr // who knows what it was
}

// named puts a film into the index, once.
func (x *exporting) named(f *film, zone *time.Location) {
	line := IndexFile{File: filepath.ToSlash(f.name), From: stamp(f.from, zone), Until: stamp(f.until, zone), Segments: f.segments}
	if slices.ContainsFunc(x.out.Files, func(o IndexFile) bool { return o.File == line.File }) {
		return
	}
	x.out.Files = append(x.out.Files, line)
	x.sum.Files++
	x.sum.Segments += f.segments
	x.sum.Bytes += f.size
}

// keep takes over what else earlier runs have written: the cloud need not have it any more.
func (x *exporting) keep(zone *time.Location) {
	for _, f := range x.films {
		x.named(&f, zone)
	}
	slices.SortFunc(x.out.Files, func(a, b IndexFile) int { return cmp.Compare(a.File, b.File) })
}
