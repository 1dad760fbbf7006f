// SPDX-License-Identifier: Apache-2.0

package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"keyhold/member/device"
	"keyhold/member/people"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// IndexName is the file that says what an export of everything holds.
const IndexName = "index.json"

// about is for whoever finds the folder in ten years.
const about = "Recordings of a household's cameras. Each MP4 plays anywhere; it holds one stretch without interruption. The file beside it with .proof added shows that a hub recorded it: keyhold verify FOLDER checks all of them without any network. Times are in the household's zone, with their distance from UTC."

// Index is index.json.
type Index struct {
	About     string        `json:"about"`
	Household id.Household  `json:"household"`
	Made      string        `json:"made"`
	From      string        `json:"from"`
	Until     string        `json:"until"`
	Cameras   []IndexCamera `json:"cameras"`
	Persons   []IndexPerson `json:"persons,omitempty"`
	Trail     []IndexSaid   `json:"trail,omitempty"`
}

// IndexCamera is a camera with its files.
type IndexCamera struct {
	ID     id.Camera   `json:"id"`
	Name   string      `json:"name"`
	Folder string      `json:"folder"`
	Files  []IndexFile `json:"files"`
	Gaps   []IndexGap  `json:"gaps"`
}

// IndexFile is one stretch.
type IndexFile struct {
	File     string `json:"file"`
	From     string `json:"from"`
	Until    string `json:"until"`
	Segments int    `json:"segments"`
}

// IndexGap is a time of which the hub says that it recorded nothing.
type IndexGap struct {
	From   string `json:"from"`
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

// IndexPerson is somebody of the household.
type IndexPerson struct {
	ID      id.Person     `json:"id"`
	Name    string        `json:"name"`
	Role    string        `json:"role"`
	Devices []IndexDevice `json:"devices"`
}

// IndexDevice is a device.
type IndexDevice struct {
	ID   id.Device `json:"id"`
	Name string    `json:"name"`
}

// IndexSaid is a sentence of the roster's trail.
type IndexSaid struct {
	At   string `json:"at"`
	Said string `json:"said"`
}

func stamp(ms int64, zone *time.Location) string {
	return time.UnixMilli(ms).In(zone).Format("2006-01-02T15:04:05.000Z07:00")
}

// names adds who belongs to the household, for those who may see that.
func (x *Index) names(s *session.Session, v *session.View) {
	if !s.SeesPeople() {
		return
	}
	for _, p := range s.Roster.People {
		person := IndexPerson{ID: p.ID, Name: v.PersonName(p.ID), Role: string(p.Role), Devices: []IndexDevice{}}
		for _, m := range s.Roster.Devices(p.ID) {
			person.Devices = append(person.Devices, IndexDevice{ID: m.ID, Name: v.DeviceName(m.ID)})
		}
		x.Persons = append(x.Persons, person)
	}
	zone := time.UTC
	if z, err := time.LoadLocation(v.Zone()); err == nil {
		zone = z
	}
	events, err := people.Trail(s.Roster, v, zone)
	if err != nil {
		return // the roster was checked; an index without a trail is still one
	}
	for _, e := range events {
		x.Trail = append(x.Trail, IndexSaid{At: stamp(e.At, zone), Said: e.Text})
	}
}

func (x *Index) write(dir string) error {
	text, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return fmt.Errorf("write the index: %w", err)
	}
	return device.WriteFile(filepath.Join(dir, IndexName), append(text, '\n'))
}

// ErrUnfinished says that a folder's export was not completed.
var ErrUnfinished = errors.New("this export was not finished: give the same command again, and it goes on where it was")

// IsAll says whether a folder holds an export of everything, or the beginning of one.
func IsAll(dir string) bool {
	var x Index
	if text, err := os.ReadFile(filepath.Join(dir, IndexName)); err == nil && json.Unmarshal(text, &x) == nil && x.About == about {
		return true
	}
	found := false
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && strings.HasSuffix(path, ".mp4"+Suffix) {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// Checked is what was found in a folder.
type Checked struct {
	Household id.Household
	Good      int
	Segments  int
	Bytes     int64
	Bad       []BadFile
	// Extra are films that the index does not name.
	Extra []string
	// SignedAt is the newest checkpoint under them.
	SignedAt int64
}

// BadFile is a file that does not hold, or is not there.
type BadFile struct {
	File string
	Err  error
}

// CheckAll holds every file that the index names against the proof beside it, and both against the index.
func CheckAll(dir string, progress func(done, total int64)) (*Checked, error) {
	text, err := os.ReadFile(filepath.Join(dir, IndexName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrUnfinished
	}
	if err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	var x Index
	if err := json.Unmarshal(text, &x); err != nil {
		return nil, fmt.Errorf("read the index: it is damaged: %w", err)
	}
	out := &Checked{Household: x.Household}
	named := map[string]bool{}
	total, done := int64(0), int64(0)
	for _, c := range x.Cameras {
		total += int64(len(c.Files))
	}
	for _, c := range x.Cameras {
		for _, f := range c.Files {
			name := filepath.Join(c.Folder, filepath.FromSlash(f.File))
			named[name] = true
			if !filepath.IsLocal(name) {
				return nil, rule.Errorf(rule.Field, "the index names a file outside of its folder")
			}
			if err := out.check(dir, name, &x, &c, f); err != nil {
				out.Bad = append(out.Bad, BadFile{File: name, Err: err})
			} else {
				out.Good++
			}
			done++
			progress(done, total)
		}
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".mp4") {
			return err
		}
		if name, err := filepath.Rel(dir, path); err == nil && !named[name] {
			out.Extra = append(out.Extra, name)
		}
		return nil
	})
	slices.Sort(out.Extra)
	return out, err
}

func (out *Checked) check(dir, name string, x *Index, c *IndexCamera, f IndexFile) error {
	path := filepath.Join(dir, name)
	p, err := Check(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrNoProof):
		return rule.Errorf(rule.FileSize, "the file, or its proof, is gone")
	case err != nil:
		return err
	case p.Household != x.Household:
		return rule.Errorf(rule.WrongHousehold, "a recording of another household")
	case p.Camera != c.ID:
		return rule.Errorf(rule.WrongCamera, "a recording of another camera")
	case p.Segments != f.Segments:
		return rule.Errorf(rule.FileSize, "the index says %d segments, these are %d", f.Segments, p.Segments)
	}
	out.Segments += p.Segments
	out.SignedAt = max(out.SignedAt, p.SignedAt)
	if info, err := os.Stat(path); err == nil {
		out.Bytes += info.Size()
	}
	return nil
}
