// SPDX-License-Identifier: Apache-2.0

package away

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtp"
	"github.com/pion/stun/v4"
)

// A Capture is what a relay sees of a line, and can keep.
type Capture struct {
	mu      sync.Mutex
	packets [][]byte // of IP; guarded by mu
	bytes   int      // guarded by mu
}

// Take keeps a packet; it is what a Wire is tapped with.
func (c *Capture) Take(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.packets = append(c.packets, bytes.Clone(b))
	c.bytes += len(b)
}

// Bytes is how much was kept.
func (c *Capture) Bytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// Pictures is how many pictures a decoder that we did not write makes of what was kept, and how many packets look as if
// they were of pictures. It takes off what TURN puts around packets, and puts together what RTP takes apart.
func (c *Capture) Pictures(ctx context.Context) (pictures, packets int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	streams := map[uint32]*rtph264.Decoder{}
	film := map[uint32]*bytes.Buffer{}
	for _, p := range c.packets {
		var r rtp.Packet
		inner := unwrap(payload(p))
		if len(inner) < 13 || inner[0]>>6 != 2 || inner[1]&0x7f >= 64 && inner[1]&0x7f < 96 || r.Unmarshal(inner) != nil {
			continue
		}
		packets++
		d := streams[r.SSRC]
		if d == nil {
			d = &rtph264.Decoder{}
			if err := d.Init(); err != nil {
				return 0, 0, err
			}
			streams[r.SSRC], film[r.SSRC] = d, &bytes.Buffer{}
		}
		units, err := d.Decode(&r)
		if err != nil {
			continue
		}
		for _, u := range units {
			film[r.SSRC].Write([]byte{0, 0, 0, 1})
			film[r.SSRC].Write(u)
		}
	}
	for _, f := range film {
		n, err := decoded(ctx, f)
		if err != nil {
			return 0, 0, err
		}
		pictures += n
	}
	return pictures, packets, nil
}

// filmSize is how ffprobe tells of pictures as large as those of the camera.
const filmSize = "640,360,"

// decoded counts what ffprobe decodes to pictures as the camera's.
func decoded(ctx context.Context, film *bytes.Buffer) (int, error) {
	probe := exec.CommandContext(ctx, "ffprobe", "-v", "quiet", "-f", "h264", "-count_frames", "-show_entries", "stream=width,height,nb_read_frames", "-of", "csv=p=0", "-")
	probe.Stdin = film
	out, err := probe.Output()
	if ctx.Err() != nil {
		return 0, fmt.Errorf("ffprobe: %w", err)
	}
	count, ok := strings.CutPrefix(strings.TrimSpace(string(out)), filmSize)
	n, bad := strconv.Atoi(count)
	if err != nil || !ok || bad != nil {
		return 0, nil // nothing that it knows; of noise it sometimes makes a picture of some size
	}
	return n, nil
}

// payload is what is in a packet of UDP over IPv4.
func payload(b []byte) []byte {
	if len(b) < 28 || b[0]>>4 != 4 || b[9] != 17 {
		return nil
	}
	head := int(b[0]&0xf) * 4
	if len(b) < head+8 {
		return nil
	}
	return b[head+8:]
}

// unwrap takes off what TURN puts around a packet (RFC 8656, 12.4 and 11.5).
func unwrap(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	if b[0]>>6 == 1 {
		if n := int(binary.BigEndian.Uint16(b[2:])); len(b) >= 4+n {
			return b[4 : 4+n]
		}
		return nil
	}
	if stun.IsMessage(b) {
		m := &stun.Message{Raw: b}
		if m.Decode() != nil {
			return nil
		}
		data, err := m.Get(stun.AttrData)
		if err != nil {
			return nil
		}
		return data
	}
	return b
}
