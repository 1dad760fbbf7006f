// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"time"

	"keyhold/home/confine"
	"keyhold/home/ingest"
)

const (
	tileWidth   = 320
	tileColumns = 4
	// gather is how many key frames wait for one run of the decoder: to begin one costs as much time as six of them. A
	// pack of a minute has fifteen, so its end waits for five.
	gather = 10
	// patience is how long a full pack waits for its last pictures before it goes its way. The next pack is recorded
	// meanwhile. A pack that left without them never gets any.
	patience = 10 * time.Second
	// decodeTime, decodeCPU and decodeMemory limit one run of the decoder, which reads what a camera sent. On a machine
	// that is busy it comes last and waits long for little.
	decodeTime   = 20 * time.Second
	decodeCPU    = 10 * time.Second
	decodeMemory = 1 << 30
	// maxKey is the largest key frame that is given to the decoder.
	maxKey = 4 << 20
	// maxTile bounds a decoded picture, in bytes of JPEG and in lines.
	maxTile  = 1 << 20
	maxLines = 4 * tileWidth
)

// ThumbsConfig is what Thumbs needs.
type ThumbsConfig struct {
	// FFmpeg is the program; "ffmpeg" from the path if empty.
	FFmpeg string
	// Patience is how long a full pack waits for its last pictures; 10 s if 0.
	Patience time.Duration
	Log      *slog.Logger
}

// Thumbs decodes key frames to small pictures in a child process, one at a time for all cameras of a hub, and one more
// for pictures that somebody waits for. What it is given comes from cameras, so the child has little memory and little
// time, and a low priority while nobody waits: on a busy machine that may be nothing for seconds. If it fails, tiles are
// grey or there is no sprite; recording does not notice. A nil *Thumbs makes no pictures.
type Thumbs struct {
	path    string
	wait    time.Duration
	log     *slog.Logger
	drawing sync.Mutex    // held while a sprite is made
	turn    chan struct{} // holds one token; who has it may run the child
	asked   chan struct{} // the same for pictures that somebody waits for
	ctx     context.Context
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// NewThumbs finds the decoder. The error says that there is none; the hub then records without pictures.
func NewThumbs(cfg ThumbsConfig) (*Thumbs, error) {
	if cfg.FFmpeg == "" {
		cfg.FFmpeg = "ffmpeg"
	}
	path, err := exec.LookPath(cfg.FFmpeg)
	if err != nil {
		return nil, fmt.Errorf("record: thumbnails need ffmpeg, install it to get preview pictures: %w", err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Patience == 0 {
		cfg.Patience = patience
	}
	t := &Thumbs{path: path, wait: cfg.Patience, log: cfg.Log, turn: make(chan struct{}, 1), asked: make(chan struct{}, 1)}
	t.ctx, t.stop = context.WithCancel(context.Background())
	return t, nil
}

// Hurry ends the child, if one runs, and begins no other: sprites are made of what there is.
func (t *Thumbs) Hurry() {
	if t != nil {
		t.stop()
	}
}

// Close does as Hurry, and waits. Recorders are closed first.
func (t *Thumbs) Close() {
	if t != nil {
		t.stop()
		t.wg.Wait()
	}
}

// sheet starts the sprite of a pack. All methods of a nil sheet do nothing.
func (t *Thumbs) sheet() *sheet {
	if t == nil {
		return nil
	}
	return &sheet{t: t, tiles: map[int][]byte{}}
}

type tile struct {
	index int
	annex []byte
	codec ingest.Codec // one in a pack: a camera that changes it is another session
}

// A sheet collects the pictures of one pack. add and finish are not called at the same time.
type sheet struct {
	t       *Thumbs
	waiting []tile
	runs    sync.WaitGroup

	mu    sync.Mutex
	tiles map[int][]byte // JPEG by index; guarded by mu
}

// add takes the key frame of segment i.
func (s *sheet) add(i int, f *ingest.Frame) {
	if s == nil || f == nil || f.Size() > maxKey {
		return
	}
	s.waiting = append(s.waiting, tile{i, annexB(f), f.Params.Codec})
	if len(s.waiting) >= gather {
		s.send(false)
	}
}

func annexB(f *ingest.Frame) []byte {
	units := append(f.Params.Sets(), f.Units...)
	n := 0
	for _, u := range units {
		n += 4 + len(u)
	}
	b := make([]byte, 0, n)
	for _, u := range units {
		b = append(append(b, 0, 0, 0, 1), u...)
	}
	return b
}

// send lets the waiting key frames be decoded beside the recording.
func (s *sheet) send(asked bool) {
	batch := s.waiting
	s.waiting = nil
	if len(batch) == 0 {
		return
	}
	s.runs.Add(1)
	s.t.wg.Go(func() {
		defer s.runs.Done()
		out, err := s.t.decode(s.t.ctx, batch, asked)
		if err != nil {
			s.t.log.Debug("key frames were not decoded", "count", len(batch), "err", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, j := range out {
			s.tiles[i] = j
		}
	})
}

// drop forgets what waits.
func (s *sheet) drop() {
	if s != nil {
		s.waiting = nil
	}
}

// finish makes the sprite of n tiles, or nil when there is no picture at all. asked says that somebody waits for it.
func (s *sheet) finish(ctx context.Context, n int, asked bool) []byte {
	if s == nil {
		return nil
	}
	s.send(asked)
	done := make(chan struct{})
	s.t.wg.Go(func() { s.runs.Wait(); close(done) })
	timer := time.NewTimer(s.t.wait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// One at a time for all cameras: sixteen packs may end in one moment, and a sprite takes some megabytes.
	s.t.drawing.Lock()
	defer s.t.drawing.Unlock()
	b, err := sprite(s.tiles, n)
	if err != nil {
		s.t.log.Debug("no sprite", "err", err)
	}
	return b
}

// decode runs the child over a batch. A batch that does not give as many pictures as it has key frames is decoded one
// by one, so that a bad key frame spoils no other.
func (t *Thumbs) decode(ctx context.Context, batch []tile, asked bool) (map[int][]byte, error) {
	turn := t.turn
	if asked {
		turn = t.asked
	}
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	out := map[int][]byte{}
	pictures, err := t.run(ctx, batch, asked)
	if err == nil && len(pictures) == len(batch) {
		for i, p := range pictures {
			out[batch[i].index] = p
		}
		return out, nil
	}
	if len(batch) == 1 {
		return nil, errors.Join(errors.New("no picture"), err)
	}
	for i := range batch {
		one, oneErr := t.run(ctx, batch[i:i+1], asked)
		if oneErr == nil && len(one) == 1 {
			out[batch[i].index] = one[0]
		}
	}
	return out, err
}

func (t *Thumbs) run(ctx context.Context, batch []tile, asked bool) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, decodeTime)
	defer cancel()
	// A small picture needs no smoothing of block edges.
	return t.child(ctx, batch, asked, fmt.Sprintf("scale=%d:-2:flags=area", tileWidth), "-skip_loop_filter", "all")
}

// child runs the decoder once.
func (t *Thumbs) child(ctx context.Context, batch []tile, asked bool, filter string, more ...string) ([][]byte, error) {
	// Without probing nothing is decoded twice.
	format := "h264"
	if batch[0].codec == ingest.H265 {
		format = "hevc"
	}
	args := append([]string{"-nostdin", "-v", "error", "-threads", "1", "-probesize", "32", "-analyzeduration", "0"}, more...)
	args = append(args, "-protocol_whitelist", "pipe", "-f", format, "-i", "pipe:0", "-vf", filter, "-vsync", "passthrough",
		"-pix_fmt", "yuvj420p", "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "3", "-threads", "1", "pipe:1")
	cmd := exec.CommandContext(ctx, t.path, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.WaitDelay = time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("record: decoder: %w", err)
	}
	out := limited{left: maxTile * len(batch)}
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("record: decoder: %w", err)
	}
	// The limits are in force before the child gets the first byte of a camera.
	limitErr := confine.Child(cmd.Process.Pid, confine.Limits{Memory: decodeMemory, CPU: decodeCPU, Asked: asked})
	if limitErr == nil {
		for _, b := range batch {
			if _, err := in.Write(b.annex); err != nil {
				break
			}
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("record: decoder: %w", errors.Join(limitErr, err))
	}
	return splitJPEG(out.buf.Bytes()), limitErr
}

// limited takes so many bytes and no more.
type limited struct {
	buf  bytes.Buffer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	if len(b) > l.left {
		return 0, errors.New("too much output")
	}
	l.left -= len(b)
	return l.buf.Write(b)
}

// splitJPEG cuts pictures that lie end to end. Inside a picture the end marker cannot occur: encoders stuff it.
func splitJPEG(b []byte) [][]byte {
	var out [][]byte
	for {
		start := bytes.Index(b, []byte{0xff, 0xd8})
		if start < 0 {
			return out
		}
		end := bytes.Index(b[start:], []byte{0xff, 0xd9})
		if end < 0 {
			return out
		}
		out = append(out, b[start:start+end+2])
		b = b[start+end+2:]
	}
}

// sprite puts tiles side by side, four in a row; one that is missing is grey.
func sprite(tiles map[int][]byte, n int) ([]byte, error) {
	height := 0
	for i := range n {
		if cfg, ok := tileSize(tiles[i]); ok {
			height = max(height, cfg.Height)
		}
	}
	if height == 0 {
		return nil, errors.New("no picture was decoded")
	}
	height += height % 2
	rows := (n + tileColumns - 1) / tileColumns
	all := image.NewYCbCr(image.Rect(0, 0, tileColumns*tileWidth, rows*height), image.YCbCrSubsampleRatio420)
	for _, plane := range [][]byte{all.Y, all.Cb, all.Cr} {
		for i := range plane {
			plane[i] = 0x80
		}
	}
	for i := range n {
		if _, ok := tileSize(tiles[i]); !ok {
			continue
		}
		p, err := jpeg.Decode(bytes.NewReader(tiles[i]))
		if err != nil {
			continue
		}
		if c, ok := p.(*image.YCbCr); ok && c.SubsampleRatio == image.YCbCrSubsampleRatio420 {
			paste(all, c, i%tileColumns*tileWidth, i/tileColumns*height)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, all, &jpeg.Options{Quality: 75}); err != nil {
		return nil, fmt.Errorf("record: sprite: %w", err)
	}
	return out.Bytes(), nil
}

func tileSize(b []byte) (image.Config, bool) {
	if b == nil {
		return image.Config{}, false
	}
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(b))
	return cfg, err == nil && cfg.Width == tileWidth && cfg.Height > 0 && cfg.Height <= maxLines
}

// paste copies a tile to an even place without a change of colours.
func paste(to, tile *image.YCbCr, x, y int) {
	size := tile.Bounds().Size()
	for line := range size.Y {
		at, from := to.YOffset(x, y+line), tile.YOffset(tile.Rect.Min.X, tile.Rect.Min.Y+line)
		copy(to.Y[at:at+size.X], tile.Y[from:from+size.X])
	}
	for line := 0; line < size.Y; line += 2 {
		at, from := to.COffset(x, y+line), tile.COffset(tile.Rect.Min.X, tile.Rect.Min.Y+line)
		copy(to.Cb[at:at+size.X/2], tile.Cb[from:from+size.X/2])
		copy(to.Cr[at:at+size.X/2], tile.Cr[from:from+size.X/2])
	}
}
