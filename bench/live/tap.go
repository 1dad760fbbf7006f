// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtp"

	"keyhold/home/camera"
)

// A tap is a wire to a camera that notes when each numbered picture goes by. It passes on everything as it is, packet by
// packet. What a picture is called it knows from the film, since the camera sends of each the same packets each time.
type tap struct {
	address string // of the camera
	listen  net.Listener
	numbers map[[sha256.Size]byte]int
	ctx     context.Context // of what passes; ends in close
	cancel  context.CancelFunc
	wg      sync.WaitGroup

	mu      sync.Mutex
	left    map[int][]passing // by number, in order; guarded by mu
	unknown int               // pictures that are none of the film's; guarded by mu
}

// passing is when a picture's first packet was about to be written to whom it is for, and when its last was.
type passing struct{ first, last time.Time }

// openTap makes a wire to the camera at an address, and returns the address by which it is reached through it.
func openTap(ctx context.Context, at, film string) (*tap, string, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, "", err
	}
	numbers, err := numbersOf(film)
	if err != nil {
		return nil, "", err
	}
	t := &tap{address: u.Host, numbers: numbers, left: map[int][]passing{}}
	if t.listen, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, "", fmt.Errorf("listen for who reads the camera: %w", err)
	}
	t.ctx, t.cancel = context.WithCancel(ctx)
	t.wg.Go(t.accept)
	u.Host = t.listen.Addr().String()
	return t, u.String(), nil
}

// numbersOf tells the film's pictures apart by what the camera's packets of each carry.
func numbersOf(film string) (map[[sha256.Size]byte]int, error) {
	clip, err := camera.OpenClip(film)
	if err != nil {
		return nil, err
	}
	defer clip.Close()
	s, err := camera.NewSequence(clip)
	if err != nil {
		return nil, err
	}
	numbers := map[[sha256.Size]byte]int{}
	for n := range pictures {
		packets, err := s.Next()
		if err != nil {
			return nil, err
		}
		h := sha256.New()
		for _, p := range packets {
			h.Write(p.RTP.Payload)
		}
		numbers[[sha256.Size]byte(h.Sum(nil))] = n
	}
	if len(numbers) != pictures {
		return nil, errors.New("two pictures of the film are the same")
	}
	return numbers, nil
}

func (t *tap) close() error {
	t.cancel()
	err := t.listen.Close()
	t.wg.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unknown > 0 {
		err = errors.Join(err, fmt.Errorf("%d pictures went by that are none of the film's", t.unknown))
	}
	return err
}

func (t *tap) accept() {
	for {
		reader, err := t.listen.Accept()
		if err != nil {
			return
		}
		t.wg.Go(func() { t.pass(reader) })
	}
}

// pass joins one who reads with the camera until one of them hangs up.
func (t *tap) pass(reader net.Conn) {
	defer reader.Close()
	source, err := new(net.Dialer).DialContext(t.ctx, "tcp", t.address)
	if err != nil {
		return
	}
	hangUp := func() { _, _ = reader.Close(), source.Close() }
	defer hangUp()
	defer context.AfterFunc(t.ctx, hangUp)()
	t.wg.Go(func() {
		defer hangUp()
		_, _ = io.Copy(source, reader)
	})
	w := &watcher{tap: t, hash: sha256.New()}
	for from := bufio.NewReaderSize(source, 256<<10); err == nil; {
		err = w.next(from, reader)
	}
}

// A watcher follows what one reader is sent.
type watcher struct {
	tap   *tap
	hash  hash.Hash // of the picture so far
	began time.Time // of the picture; zero before its first packet
	whole bool      // the picture was followed from its first packet on: who joins may come in the middle of one
}

// next passes on one packet or one answer (RFC 2326, 10.12).
func (w *watcher) next(from *bufio.Reader, to io.Writer) error {
	head, err := from.Peek(4)
	if err != nil {
		return err
	}
	if head[0] != '$' {
		return answer(from, to)
	}
	whole := make([]byte, 4+binary.BigEndian.Uint16(head[2:]))
	if _, err := io.ReadFull(from, whole); err != nil {
		return err
	}
	var p rtp.Packet
	picture := whole[1] == 0 && p.Unmarshal(whole[4:]) == nil // the film has one stream, on the first channel
	now := time.Now()
	if picture && w.began.IsZero() {
		w.began = now
	}
	if _, err := to.Write(whole); err != nil {
		return err
	}
	if !picture {
		return nil
	}
	w.hash.Write(p.Payload)
	if p.Marker {
		if w.whole {
			w.tap.note([sha256.Size]byte(w.hash.Sum(nil)), passing{w.began, now})
		}
		w.whole = true
		w.hash.Reset()
		w.began = time.Time{}
	}
	return nil
}

// answer passes on an answer to a request.
func answer(from *bufio.Reader, to io.Writer) error {
	var size int64
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			return err
		}
		if _, err := io.WriteString(to, line); err != nil {
			return err
		}
		if key, value, _ := strings.Cut(line, ":"); strings.EqualFold(key, "Content-Length") {
			if size, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64); err != nil {
				return err
			}
		}
		if line == "\r\n" {
			_, err = io.CopyN(to, from, size)
			return err
		}
	}
}

func (t *tap) note(sum [sha256.Size]byte, p passing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := t.numbers[sum]
	if !ok {
		t.unknown++
		return
	}
	t.left[n] = append(t.left[n], p)
}

// when says when a picture that was seen at a moment had gone by.
func (t *tap) when(number int, seen time.Time) (passing, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := len(t.left[number]) - 1; i >= 0; i-- {
		if p := t.left[number][i]; p.first.Before(seen) {
			return p, true
		}
	}
	return passing{}, false
}
