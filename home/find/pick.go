// SPDX-License-Identifier: Apache-2.0

package find

const (
	// enough is which part of a camera's largest picture an H.264 one must have to be recorded in its place: half of
	// each side.
	enough = 4
	// mostSmall is how many pixels a second stream best has at most: 960×540.
	mostSmall = 960 * 540
)

// Pick chooses of a camera's streams the one to record, and a smaller one of H.264 for small pictures and for browsers
// that cannot show the first, if there is any. There has to be one to choose from.
//
// Every browser shows H.264 and not every one H.265, so H.264 is recorded unless that would lose most of the picture.
func Pick(streams []Stream) (main Stream, small *Stream) {
	best, other := largest(streams, "H264"), largest(streams, "H265")
	switch {
	case best == nil && other == nil:
		main = streams[0]
	case best == nil, other != nil && best.pixels() > 0 && other.pixels() > enough*best.pixels():
		main = *other
	default:
		main = *best
	}
	for _, s := range streams {
		if s.Codec != "H264" || s.pixels() == 0 || s.pixels() >= main.pixels() {
			continue
		}
		if small == nil || fits(s, *small) {
			small = &s
		}
	}
	return main, small
}

// fits says whether a stream is better as a small one than another: the largest that is small enough, else the smallest.
func fits(s, than Stream) bool {
	if than.pixels() > mostSmall {
		return s.pixels() < than.pixels()
	}
	return s.pixels() <= mostSmall && s.pixels() > than.pixels()
}

func largest(streams []Stream, codec string) *Stream {
	var out *Stream
	for _, s := range streams {
		if s.Codec == codec && (out == nil || s.pixels() > out.pixels()) {
			out = &s
		}
	}
	return out
}

func (s Stream) pixels() int64 { return s.Width * s.Height }
