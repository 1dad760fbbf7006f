// SPDX-License-Identifier: Apache-2.0

package talk

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"

	"keyhold/home/ingest"
)

// piece is how many samples leave at a time: 20 ms.
const piece = ingest.SpeechRate / 50

// makeChime makes what everybody near a camera hears before a voice: two notes that fall, a third of a second.
func makeChime() ([][]byte, error) {
	var pcm []byte
	for _, n := range []struct {
		hertz   float64
		samples int
	}{{659.3, 7 * piece}, {523.3, 10 * piece}} {
		for i := range n.samples {
			t := float64(i) / ingest.SpeechRate
			rise := math.Min(1, float64(i)/40)
			fall := math.Min(1, float64(n.samples-i)/160)
			v := 0.6 * rise * fall * math.Exp(-3*t) * math.Sin(2*math.Pi*n.hertz*t)
			pcm = binary.BigEndian.AppendUint16(pcm, uint16(int16(v*math.MaxInt16)))
		}
	}
	law, err := g711.Mulaw(pcm).Marshal()
	if err != nil {
		return nil, fmt.Errorf("talk: chime: %w", err)
	}
	return cut(law), nil
}

// cut makes pieces of µ-law as they leave.
func cut(law []byte) (out [][]byte) {
	for ; len(law) > 0; law = law[min(piece, len(law)):] {
		out = append(out, law[:min(piece, len(law))])
	}
	return out
}
