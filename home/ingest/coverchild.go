// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"keyhold/home/confine"
)

const (
	// coverMemory bounds the child: decoder and encoder of large pictures have room in it.
	coverMemory = 2 << 30
	// maxTag bounds what the child may call one picture.
	maxTag = 8 << 20
	// mostUnits bounds of how many pieces one picture is.
	mostUnits = 256
)

// coverPicture is one that the child made.
type coverPicture struct {
	at     int64 // ms
	key    bool
	params *Params
	units  [][]byte
}

// A coverChild is a program that makes covered pictures of a stream. It has no more of the hub than its pipes, and dies
// with it.
type coverChild struct {
	in     chan []byte
	out    chan *coverPicture // closed when there are no more
	err    error              // why; to be read then
	closed bool
	cancel context.CancelFunc
	pid    int
	done   chan struct{} // closed when all that belongs to it has ended
}

// startCover starts one. It is given fragments of MP4, and gives FLV, in which each picture says how long it is: nobody
// waits for the next to know.
func startCover(program, filter string) (*coverChild, error) {
	ctx, cancel := context.WithCancel(context.Background()) // ended by end
	c := &coverChild{in: make(chan []byte, 8), out: make(chan *coverPicture, 8), cancel: cancel, done: make(chan struct{})}
	run := exec.CommandContext(ctx, program,
		"-nostdin", "-hide_banner", "-v", "error", "-protocol_whitelist", "pipe", "-format_whitelist", "mov",
		"-thread_type", "slice", "-threads", "2", "-probesize", "32", "-analyzeduration", "0", "-fflags", "nobuffer", "-copyts", "-f", "mov", "-i", "pipe:0",
		"-map", "0:v:0", "-vf", filter, "-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-profile:v", "main", "-crf", "24", "-maxrate", "8M", "-bufsize", "8M",
		"-g", "600", "-sc_threshold", "0", "-a53cc", "0", "-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-force_key_frames", "expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+2))",
		"-threads", "2", "-map_metadata", "-1", "-f", "flv", "-flvflags", "no_duration_filesize", "-flush_packets", "1", "pipe:1")
	run.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	run.SysProcAttr = confine.Attributes()
	run.WaitDelay = time.Second
	in, err := run.StdinPipe()
	if err != nil {
		cancel()
		return nil, fmt.Errorf("cover: %w", err)
	}
	out, err := run.StdoutPipe()
	if err != nil {
		cancel()
		return nil, fmt.Errorf("cover: %w", err)
	}
	started, read := make(chan error, 1), make(chan struct{})
	go func() { // waited for by end
		defer close(c.done)
		// A child is bound to the life of the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := run.Start(); err != nil {
			started <- err
			return
		}
		// The limits are in force before the child gets the first byte of a camera. Somebody waits for what it makes.
		if err := confine.Child(run.Process.Pid, confine.Limits{Memory: coverMemory, Asked: true}); err != nil {
			cancel()
			_ = run.Wait()
			started <- err
			return
		}
		started <- nil
		written := make(chan struct{})
		go func() {
			defer close(written)
			c.write(in)
		}()
		go func() {
			defer close(read)
			defer close(c.out)
			c.err = c.read(ctx, out)
		}()
		<-read
		cancel()
		_ = run.Wait() // it has ended or was killed
		<-written
	}()
	err = <-started
	if err == nil {
		c.pid = run.Process.Pid
	}
	if err != nil {
		cancel()
		<-c.done
		return nil, fmt.Errorf("cover: the program ffmpeg is needed, on Linux: %w", err)
	}
	return c, nil
}

// close says that there is nothing more to cover.
func (c *coverChild) close() {
	if !c.closed {
		c.closed = true
		close(c.in)
	}
}

// end kills it and waits.
func (c *coverChild) end() {
	c.close()
	c.cancel()
	<-c.done
}

// write gives the child what comes, until that is closed.
func (c *coverChild) write(in io.WriteCloser) {
	defer in.Close()
	var err error
	for b := range c.in {
		if err == nil {
			_, err = in.Write(b) // that it is gone is seen by who reads
		}
	}
}

func (c *coverChild) read(ctx context.Context, out io.Reader) error {
	err := readFLV(out, func(p *coverPicture) error {
		select {
		case c.out <- p:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err == nil {
		err = io.EOF
	}
	return fmt.Errorf("cover: the program that covers has ended: %w", err)
}

// coverHead begins what a child is given.
func coverHead(p *Params) ([]byte, error) {
	var codec codecs.Codec = &codecs.H264{SPS: p.SPS, PPS: p.PPS}
	if p.Codec == H265 {
		codec = &codecs.H265{VPS: p.VPS, SPS: p.SPS, PPS: p.PPS}
	}
	init := fmp4.Init{Tracks: []*fmp4.InitTrack{{ID: 1, TimeScale: 1000, Codec: codec}}}
	var buf seekablebuffer.Buffer
	if err := init.Marshal(&buf); err != nil {
		return nil, fmt.Errorf("cover: %w", err)
	}
	return buf.Bytes(), nil
}

// coverPart is one picture for a child.
func coverPart(f *Frame, dts, pts int64) ([]byte, error) {
	payload, err := h264.AVCC(f.Units).Marshal() // of H.265 it is the same
	if err != nil {
		return nil, fmt.Errorf("cover: %w", err)
	}
	part := fmp4.Part{Tracks: []*fmp4.PartTrack{{ID: 1, BaseTime: uint64(dts), Samples: []*fmp4.Sample{{
		Duration: 1, PTSOffset: int32(pts - dts), IsNonSyncSample: !f.Key, Payload: payload,
	}}}}}
	var buf seekablebuffer.Buffer
	if err := part.Marshal(&buf); err != nil {
		return nil, fmt.Errorf("cover: %w", err)
	}
	return buf.Bytes(), nil
}

var errFLV = errors.New("cover: what the child makes cannot be read")

// readFLV takes pictures of H.264 out of a child's output until that ends. A child has read what a camera sends, and may
// have been taken over by it: it is trusted no more than the camera.
func readFLV(from io.Reader, take func(*coverPicture) error) error {
	r := bufio.NewReaderSize(from, 64<<10)
	head := make([]byte, 13)
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	if string(head[:3]) != "FLV" || binary.BigEndian.Uint32(head[5:]) != 9 {
		return errFLV
	}
	var params *Params
	for {
		if _, err := io.ReadFull(r, head[:11]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		size := int(head[1])<<16 | int(head[2])<<8 | int(head[3])
		at := int64(head[7])<<24 | int64(head[4])<<16 | int64(head[5])<<8 | int64(head[6])
		if size > maxTag {
			return errFLV
		}
		body := make([]byte, size+4)
		if _, err := io.ReadFull(r, body); err != nil {
			return err
		}
		body = body[:size]
		if head[0]&0x1f != 9 {
			continue // what the film is called
		}
		if len(body) < 5 || body[0]&0x0f != 7 {
			return errFLV
		}
		switch key, shift := body[0]>>4 == 1, int64(int32(uint32(body[2])<<24|uint32(body[3])<<16|uint32(body[4])<<8)>>8); body[1] {
		case 0:
			p, err := readAVC(body[5:])
			if err != nil {
				return err
			}
			params = p
		case 1:
			units, err := pictureUnits(body[5:])
			if err != nil || params == nil {
				return errors.Join(errFLV, err)
			}
			if len(units) == 0 {
				continue
			}
			if err := take(&coverPicture{at + shift, key, params, units}); err != nil {
				return err
			}
		}
	}
}

// readAVC reads the parameter sets of an AVCDecoderConfigurationRecord.
func readAVC(b []byte) (*Params, error) {
	if len(b) < 6 || b[4]&3 != 3 {
		return nil, errFLV
	}
	set := func(b []byte) (one, rest []byte, err error) {
		if len(b) < 3 || b[0]&0x1f != 1 {
			return nil, nil, errFLV
		}
		n := int(binary.BigEndian.Uint16(b[1:]))
		if n == 0 || len(b) < 3+n {
			return nil, nil, errFLV
		}
		return b[3 : 3+n], b[3+n:], nil
	}
	sps, rest, err := set(b[5:])
	if err != nil {
		return nil, err
	}
	pps, _, err := set(rest)
	if err != nil {
		return nil, err
	}
	return &Params{Codec: H264, SPS: sps, PPS: pps}, nil
}

// pictureUnits are the slices of a picture; nothing else of it is wanted.
func pictureUnits(b []byte) ([][]byte, error) {
	var out [][]byte
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, errFLV
		}
		n := int64(binary.BigEndian.Uint32(b))
		b = b[4:]
		if n == 0 || n > int64(len(b)) || len(out) == mostUnits {
			return nil, errFLV
		}
		if t := h264.NALUType(b[0] & 0x1f); t == h264.NALUTypeNonIDR || t == h264.NALUTypeIDR {
			out = append(out, b[:n])
		}
		b = b[n:]
	}
	return out, nil
}
