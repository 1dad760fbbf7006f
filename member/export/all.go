// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"keyhold/media"
	"keyhold/member/footage"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// All exports everything that a device may save into a folder: for each camera one MP4 for each stretch of an hour, with
// its proof beside it, and an index that people and programs can read.
//
// It promises: a file that is complete is never written again, unless the hub has recorded more into its hour since; what
// a file holds is never taken from the folder, though it be damaged: where the cloud has only a part of it any more, that
// gets a name of its own; a crash at any point leaves complete files, and parts that the next run replaces; the index is
// there only when all of the range was written. What does not pass a check stops it with that rule.
type All struct {
	Session *session.Session
	Dir     string
	// From and Until bound what is exported, in milliseconds.
	From, Until int64
	// Cameras are what may be saved.
	Cameras []manifest.NamedCam
	// Stars are starred moments from before From of which what is kept is exported, too.
	Stars map[id.Camera][]session.Star
	// Zone is the time zone of the files' names.
	Zone *time.Location
	// Step is told of each day of a camera of which something was written.
	Step func(camera string, day time.Time, written, there int, bytes int64)

	view   *session.View
	viewAt time.Time
}

// Summary says what lies in the folder now.
type Summary struct {
	Files, Written int
	Segments       int
	Bytes          int64
}

const (
	// freshFor is how long a View is used: the address that it reads from ends after ten minutes.
	freshFor = 4 * time.Minute
	hour     = int64(time.Hour / time.Millisecond)
)

// Run exports, and writes the index at the end.
func (a *All) Run(ctx context.Context) (*Summary, error) {
	if err := os.MkdirAll(a.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	sum := &Summary{}
	index := &Index{About: about, Household: a.Session.Home.Household, From: stamp(a.From, a.Zone), Until: stamp(a.Until, a.Zone)}
	for _, camera := range a.Cameras {
		c, err := a.camera(ctx, camera, sum)
		if err != nil {
			return sum, fmt.Errorf("%s: %w", camera.Name, err)
		}
		index.Cameras = append(index.Cameras, *c)
	}
	if err := a.tidy(); err != nil {
		return sum, err
	}
	v, err := a.fresh(ctx)
	if err != nil {
		return sum, err
	}
	index.names(a.Session, v)
	index.Made = stamp(a.Session.Now().UnixMilli(), a.Zone)
	return sum, index.write(a.Dir)
}

// fresh is a View whose address still holds for a while.
func (a *All) fresh(ctx context.Context) (*session.View, error) {
	now := a.Session.Now()
	if a.view != nil && now.Sub(a.viewAt) < freshFor {
		return a.view, nil
	}
	v, err := a.Session.Steady(ctx, func(*session.View) error { return nil })
	if err == nil {
		a.view, a.viewAt = v, now
	}
	return v, err
}

// camera exports one camera day by day, oldest first.
func (a *All) camera(ctx context.Context, camera manifest.NamedCam, sum *Summary) (*IndexCamera, error) {
	folder, err := a.folder(camera)
	if err != nil {
		return nil, err
	}
	out := &IndexCamera{ID: camera.ID, Name: camera.Name, Folder: filepath.Base(folder), Files: []IndexFile{}, Gaps: []IndexGap{}}
	before, err := a.films(folder, camera.ID)
	if err != nil {
		return nil, err
	}
	x := &exporting{out: out, sum: sum, folder: folder, films: before}
	if err := a.starred(ctx, camera.ID, x); err != nil {
		return nil, err
	}
	from := time.UnixMilli(a.From).In(a.Zone)
	for begins := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, a.Zone); begins.UnixMilli() < a.Until; begins = begins.AddDate(0, 0, 1) {
		ends := begins.AddDate(0, 0, 1).UnixMilli()
		v, t, err := a.timeline(ctx, camera.ID, max(begins.UnixMilli(), a.From), min(ends, a.Until))
		if err != nil {
			return nil, err
		}
		for _, g := range t.Gaps {
			if g.From >= begins.UnixMilli() && g.From < ends {
				out.Gaps = append(out.Gaps, IndexGap{From: stamp(g.From, a.Zone), Until: stamp(g.Until, a.Zone), Reason: g.Reason})
			}
		}
		if err := a.write(ctx, v, begins, stretches(t, begins.UnixMilli(), ends, a.Zone), x); err != nil {
			return nil, err
		}
	}
	x.keep(a.Zone)
	return out, nil
}

// timeline is what is recorded of a camera between two times, with the View that says so.
func (a *All) timeline(ctx context.Context, camera id.Camera, from, until int64) (*session.View, *session.Timeline, error) {
	v, err := a.fresh(ctx)
	if err != nil {
		return nil, nil, err
	}
	t, err := v.Timeline(ctx, camera, from, until)
	if err == nil {
		return v, t, nil
	}
	// The View may have grown old over a long day.
	a.view = nil
	if v, err = a.fresh(ctx); err != nil {
		return nil, nil, err
	}
	t, err = v.Timeline(ctx, camera, from, until)
	return v, t, err
}

// exporting is one camera on its way into the folder.
type exporting struct {
	out    *IndexCamera
	sum    *Summary
	folder string
	films  []film // that earlier runs have written
}

// write exports stretches, as far as no earlier run has. day is what they are said to be of.
func (a *All) write(ctx context.Context, v *session.View, day time.Time, list []*stretch, x *exporting) error {
	var missing []*stretch
	there, bytes := 0, int64(0)
	for _, s := range list {
		proof, err := prove(ctx, v, s.timeline)
		if err != nil {
			return fmt.Errorf("gather the proof: %w", err)
		}
		s.proof = proof
		have, err := x.has(s)
		if err != nil {
			return err
		}
		if have == nil {
			if err := x.place(s); err != nil {
				return err
			}
			missing = append(missing, s)
			have = &film{name: s.name, from: s.timeline.From, until: s.timeline.Until, segments: len(s.timeline.Segments), size: s.size()}
		}
		there++
		bytes += have.size
		x.named(have, a.Zone)
	}
	if len(missing) == 0 {
		return nil
	}
	if err := a.fetch(ctx, v, x.out.ID, missing); err != nil {
		return err
	}
	x.sum.Written += len(missing)
	a.Step(x.out.Name, day, len(missing), there, bytes)
	return nil
}

// fetch writes the stretches that are not there. All of a day is one look.
func (a *All) fetch(ctx context.Context, v *session.View, camera id.Camera, missing []*stretch) error {
	var all []session.Segment
	for _, s := range missing {
		all = append(all, s.timeline.Segments...)
	}
	fetch, err := footage.Start(ctx, a.Session, v, camera, all, request.PurposeExport)
	if err != nil {
		return err
	}
	segments := fetch.Ahead(ctx)
	defer segments.Close()
	for _, s := range missing {
		if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
			return fmt.Errorf("make the folder: %w", err)
		}
		if err := s.write(segments); err != nil {
			return err
		}
	}
	return nil
}

// folder is a camera's folder, found again by its id where the camera was called otherwise before.
func (a *All) folder(c manifest.NamedCam) (string, error) {
	tail := " (" + string(c.ID) + ")"
	list, err := os.ReadDir(a.Dir)
	if err != nil {
		return "", fmt.Errorf("read the folder: %w", err)
	}
	for _, e := range list {
		if e.IsDir() && strings.HasSuffix(e.Name(), tail) {
			return filepath.Join(a.Dir, e.Name()), nil
		}
	}
	path := filepath.Join(a.Dir, fileName(c.Name)+tail)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", fmt.Errorf("make the folder: %w", err)
	}
	return path, nil
}

// fileName makes a camera's name one that every file system takes.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	for len(name) > 100 {
		r := []rune(name)
		name = string(r[:len(r)-1])
	}
	if name == "" {
		return "camera"
	}
	return name
}

// tidy removes what runs that were killed have left.
func (a *All) tidy() error {
	err := filepath.WalkDir(a.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !(strings.HasSuffix(path, ".mp4.part") || strings.HasSuffix(path, Suffix+".part")) {
			return err
		}
		return os.Remove(path)
	})
	if err != nil {
		return fmt.Errorf("tidy the folder: %w", err)
	}
	return nil
}

// write lets a stretch's file appear, and its proof before it.
func (s *stretch) write(segments *footage.Ahead) error {
	return replace(s.path, func(file *os.File) error {
		i := 0
		_, err := media.Export(file, func() (media.Piece, error) {
			if i == len(s.timeline.Segments) {
				return media.Piece{}, errEnd
			}
			plain, err := segments.Next()
			if err != nil {
				return media.Piece{}, err
			}
			seg := s.timeline.Segments[i]
			i++
			return media.Piece{Data: plain, Session: seg.Pack.Session, Start: seg.Start, End: seg.End}, nil
		}, media.Options{})
		if err != nil {
			return err
		}
		return replace(s.path+Suffix, func(beside *os.File) error { return s.proof.write(beside) })
	})
}
