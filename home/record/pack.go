// SPDX-License-Identifier: Apache-2.0

package record

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"keyhold/home/durable"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

const (
	partSuffix  = ".part"
	indexSuffix = ".idx"
)

// PackPath is where a closed object lies under the packs folder: by the first two characters after its prefix.
func PackPath(packs string, o id.Object) string {
	s := string(o)
	return filepath.Join(packs, s[4:6], s)
}

// An openPack is a pack in the spool. It belongs to the writer goroutine, after that to the closer.
type openPack struct {
	head  indexHead
	epoch Epoch
	spool string

	part, index *os.File
	object      hash.Hash
	size        int64 // written to the part file
	files       []manifest.File

	file *sealedFile // being written, or nil
	tail []byte      // small writes of the file that is open, not yet in the part file
}

// A sealedFile is the age file being written at the end of a pack.
type sealedFile struct {
	plain   io.WriteCloser
	cipher  hash.Hash
	content hash.Hash
	inside  int64 // bytes of content
	offset  int64
}

func openNew(spool string, head indexHead, epoch Epoch) (*openPack, error) {
	p := &openPack{head: head, epoch: epoch, spool: spool, object: sha256.New()}
	line, err := indexLine(&head)
	if err != nil {
		return nil, err
	}
	if p.part, err = os.OpenFile(p.partPath(), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("record: open pack: %w", err)
	}
	if p.index, err = os.OpenFile(p.indexPath(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
		_, err = p.index.Write(line)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("record: open index: %w", err), p.discard())
	}
	return p, nil
}

func (p *openPack) partPath() string { return filepath.Join(p.spool, string(p.head.Object)+partSuffix) }

func (p *openPack) indexPath() string {
	return filepath.Join(p.spool, string(p.head.Object)+indexSuffix)
}

// ciphertext is the sealer's side of a pack. Small writes, of which a header has many, are gathered.
type ciphertext struct{ p *openPack }

func (c ciphertext) Write(b []byte) (int, error) {
	p := c.p
	if len(p.tail)+len(b) < 4096 {
		p.tail = append(p.tail, b...)
		return len(b), nil
	}
	if err := p.flush(); err != nil {
		return 0, err
	}
	return len(b), p.put(b)
}

func (p *openPack) flush() error {
	if len(p.tail) == 0 {
		return nil
	}
	err := p.put(p.tail)
	p.tail = p.tail[:0]
	return err
}

func (p *openPack) put(b []byte) error {
	p.file.cipher.Write(b)
	p.object.Write(b)
	n, err := p.part.Write(b)
	p.size += int64(n)
	if err != nil {
		return fmt.Errorf("record: write pack: %w", err)
	}
	return nil
}

// begin starts a file.
func (p *openPack) begin() error {
	p.file = &sealedFile{cipher: sha256.New(), content: sha256.New(), offset: p.size}
	w, err := p.epoch.Sealer.Seal(ciphertext{p})
	if err != nil {
		p.file = nil
		return fmt.Errorf("record: seal: %w", err)
	}
	p.file.plain = w
	return nil
}

// write takes plaintext that is not content: headers of boxes.
func (p *openPack) write(b []byte) error {
	_, err := p.file.plain.Write(b)
	return err
}

// writeContent takes plaintext whose hash goes into the manifest.
func (p *openPack) writeContent(b []byte) error {
	p.file.content.Write(b)
	p.file.inside += int64(len(b))
	return p.write(b)
}

// finish ends the file and writes its line into the index. From here on it survives the process.
func (p *openPack) finish(kind string, start, end, media int64) error {
	f := p.file
	if err := f.plain.Close(); err != nil {
		return fmt.Errorf("record: seal: %w", err)
	}
	if err := p.flush(); err != nil {
		return err
	}
	p.file = nil
	entry := manifest.File{
		Content: manifest.Content{SHA256: id.Hash(f.content.Sum(nil)), Size: f.inside},
		Start:   start, End: end, Kind: kind, Media: media,
		Offset: f.offset, Size: p.size - f.offset, SHA256: id.Hash(f.cipher.Sum(nil)),
	}
	line, err := indexLine(&indexFile{entry})
	if err != nil {
		return err
	}
	if _, err := p.index.Write(line); err != nil {
		return fmt.Errorf("record: write index: %w", err)
	}
	p.files = append(p.files, entry)
	return nil
}

// cut drops a file that could not be finished. The object's hash is made anew, by reading what stays.
func (p *openPack) cut() error {
	keep := int64(0)
	if n := len(p.files); n > 0 {
		keep = p.files[n-1].Offset + p.files[n-1].Size
	}
	p.file, p.tail = nil, nil
	if err := p.part.Truncate(keep); err != nil {
		return fmt.Errorf("record: cut pack: %w", err)
	}
	if _, err := p.part.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("record: cut pack: %w", err)
	}
	p.object.Reset()
	if _, err := io.Copy(p.object, p.part); err != nil {
		return fmt.Errorf("record: cut pack: %w", err)
	}
	p.size = keep
	return nil
}

// discard removes a pack in which nothing is whole.
func (p *openPack) discard() error {
	err := p.part.Close()
	if p.index != nil {
		err = errors.Join(err, p.index.Close(), os.Remove(p.indexPath()))
	}
	return errors.Join(err, os.Remove(p.partPath()))
}

// close syncs the pack and moves it to its place. The index stays until the caller has confirmed the pack.
func (p *openPack) close(packs string) (Pack, error) {
	path := PackPath(packs, p.head.Object)
	out := Pack{
		Object: p.head.Object, Camera: p.head.Camera, Epoch: p.head.Epoch, Session: p.head.Session,
		Files: p.files, Size: p.size, SHA256: id.Hash(p.object.Sum(nil)), Path: path,
	}
	err := errors.Join(p.part.Sync(), p.index.Sync(), p.part.Close(), p.index.Close())
	if err != nil {
		return out, fmt.Errorf("record: sync pack: %w", err)
	}
	return out, place(p.partPath(), path)
}

// place moves a synced file and makes the move last.
func place(from, to string) error {
	if err := durable.MkdirAll(filepath.Dir(to)); err != nil {
		return fmt.Errorf("record: place pack: %w", err)
	}
	if err := durable.Rename(from, to); err != nil {
		return fmt.Errorf("record: place pack: %w", err)
	}
	return nil
}
