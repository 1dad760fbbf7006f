// SPDX-License-Identifier: Apache-2.0

package find_test

import (
	"testing"

	"keyhold/home/find"
)

func TestTheStreamToRecordAndTheSmallOneArePicked(t *testing.T) {
	t.Parallel()
	of := func(codec string, width, height int64) find.Stream {
		return find.Stream{URL: "rtsp://192.0.2.7/" + codec + string(rune('a'+width%26)), Codec: codec, Width: width, Height: height}
	}
	full, half, quarter, low, tiny := of("H264", 1920, 1080), of("H264", 1280, 720), of("H264", 960, 540), of("H264", 640, 360), of("H264", 320, 180)
	large, motion, unknown := of("H265", 3840, 2160), of("JPEG", 640, 480), of("H264", 0, 0)
	for name, c := range map[string]struct {
		streams []find.Stream
		main    find.Stream
		small   *find.Stream
	}{
		"one alone":                            {[]find.Stream{full}, full, nil},
		"a second one":                         {[]find.Stream{full, low}, full, &low},
		"whatever their order":                 {[]find.Stream{low, full}, full, &low},
		"the largest of those small enough":    {[]find.Stream{full, half, tiny, quarter, low}, full, &quarter},
		"the smallest, where none is":          {[]find.Stream{of("H264", 3840, 2160), full, half}, of("H264", 3840, 2160), &half},
		"H.265 that has little more":           {[]find.Stream{large, full}, full, nil},
		"H.265 that has much more":             {[]find.Stream{large, half, low}, large, &low},
		"H.265 alone":                          {[]find.Stream{large}, large, nil},
		"H.265 of whose other little is known": {[]find.Stream{large, unknown}, unknown, nil},
		"a small one that is no H.264":         {[]find.Stream{full, motion, of("H265", 640, 360)}, full, nil},
		"nothing of use":                       {[]find.Stream{motion}, motion, nil},
		"no smaller one":                       {[]find.Stream{low, low}, low, nil},
	} {
		main, small := find.Pick(c.streams)
		if main != c.main {
			t.Errorf("%s: recorded is %+v", name, main)
		}
		if (small == nil) != (c.small == nil) || small != nil && *small != *c.small {
			t.Errorf("%s: the small one is %+v", name, small)
		}
	}
}
