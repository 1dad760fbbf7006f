// SPDX-License-Identifier: Apache-2.0

// Package blind searches what an operator holds for things that an operator must not know.
//
// A canary is a secret that a test put into a household: a text (the name of a camera or a person, a password), a QR
// code in the camera's picture, a tone in its sound. The scanner looks for texts in every spelling that programs
// commonly give them, inside databases, compressed streams and runs of base64, and for pictures and sounds by
// finding and decoding whatever decodes. It promises nothing about a file in which it finds nothing, unless the same
// scanner has found every canary in the same material unsealed: a test that uses it must run that control. It trusts
// ffmpeg, zbarimg and zstd. It writes only into a temporary folder of its own.
package blind

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Kind says how a canary shows itself.
type Kind int

// The kinds of canaries.
const (
	Text  Kind = iota // a word in bytes
	QR                // a word as a QR code in a picture
	Sound             // a steady tone
)

// Canary is a secret that must not be found.
type Canary struct {
	Name string
	Kind Kind
	Text string  // of a Text or a QR
	Hz   float64 // of a Sound
}

// Finding says that a canary was seen.
type Finding struct {
	Canary string
	Where  string // file, and the way into it
	How    string // the spelling or the decoder
}

// Report is what a scan has done: with nothing looked at, nothing found means nothing.
type Report struct {
	Findings []Finding
	Files    int
	Bytes    int64
	Streams  int // compressed or encoded streams opened
	Pictures int // pictures decoded, frames of films included
	Sounds   int // sound tracks decoded
}

// Found are the names of the canaries that were seen, sorted, each once.
func (r Report) Found() []string {
	var names []string
	for _, f := range r.Findings {
		names = append(names, f.Canary)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// String is the report in one line.
func (r Report) String() string {
	return fmt.Sprintf("%d files, %.1f MB, %d streams opened, %d pictures and %d sound tracks decoded: found %q",
		r.Files, float64(r.Bytes)/1e6, r.Streams, r.Pictures, r.Sounds, r.Found())
}

// scanner is one scan.
type scanner struct {
	canaries []Canary
	matcher  *matcher
	report   Report
	tmp      string
	seen     map[looked]bool // streams and films already looked into
	found    map[Finding]bool
}

// Scan looks for the canaries in files and in everything under folders.
func Scan(ctx context.Context, canaries []Canary, material ...string) (Report, error) {
	tmp, err := os.MkdirTemp("", "blind-")
	if err != nil {
		return Report{}, fmt.Errorf("blind: make a folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	s := &scanner{canaries: canaries, matcher: newMatcher(canaries), tmp: tmp, seen: map[looked]bool{}, found: map[Finding]bool{}}
	for _, m := range material {
		err := filepath.WalkDir(m, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			// A name can tell as much as a content.
			s.texts(ctx, []byte(path[len(filepath.Dir(m)):]), "the name "+path)
			if !d.Type().IsRegular() {
				return nil
			}
			return s.file(ctx, path)
		})
		if err != nil {
			return s.report, fmt.Errorf("blind: scan %s: %w", m, err)
		}
	}
	slices.SortFunc(s.report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Canary, b.Canary), cmp.Compare(a.Where, b.Where), cmp.Compare(a.How, b.How))
	})
	return s.report, ctx.Err()
}

// file maps a file into memory and looks at it whole, so that nothing hides across the border of two pieces.
func (s *scanner) file(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s.report.Files++
	s.report.Bytes += info.Size()
	if info.Size() == 0 {
		return nil
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("map the file: %w", err)
	}
	s.data(ctx, data, path, 0)
	var broken error
	if isDatabase(data) {
		broken = s.database(ctx, path)
	}
	return errors.Join(broken, syscall.Munmap(data), ctx.Err())
}

// deepest is how many layers (base64 in gzip in a database, say) are taken off.
const deepest = 4

// data looks at bytes in every way.
func (s *scanner) data(ctx context.Context, data []byte, where string, depth int) {
	if ctx.Err() != nil {
		return
	}
	s.texts(ctx, data, where)
	s.media(ctx, data, where)
	if depth < deepest {
		s.streams(ctx, data, where, depth)
	}
}

// texts reports every spelling of a text canary.
func (s *scanner) texts(_ context.Context, data []byte, where string) {
	for _, hit := range s.matcher.find(data) {
		s.add(Finding{Canary: hit.canary, Where: where, How: hit.spelling})
	}
}

// add keeps a finding once.
func (s *scanner) add(f Finding) {
	if !s.found[f] {
		s.found[f] = true
		s.report.Findings = append(s.report.Findings, f)
	}
}

// looked is what was already looked into, and how.
type looked struct {
	as  string
	sum [sha256.Size]byte
}

// first says whether these bytes are looked at in this way for the first time.
func (s *scanner) first(as string, data []byte) bool {
	l := looked{as, sha256.Sum256(data)}
	if s.seen[l] {
		return false
	}
	s.seen[l] = true
	return true
}
