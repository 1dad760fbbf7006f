// SPDX-License-Identifier: Apache-2.0

package masks_test

import (
	"bytes"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/masks"
)

func TestLessSaysWhetherAnythingIsUncovered(t *testing.T) {
	t.Parallel()
	left, right, all := masks.Mask{Left: 0, Top: 0, Width: 500, Height: 1000}, masks.Mask{Left: 500, Top: 0, Width: 500, Height: 1000}, masks.Mask{Left: 0, Top: 0, Width: 1000, Height: 1000}
	thin := masks.Mask{Left: 0, Top: 0, Width: 999, Height: 1000}
	for name, one := range map[string]struct {
		before, after []masks.Mask
		less          bool
	}{
		"none, and none":       {nil, nil, false},
		"the first":            {nil, []masks.Mask{left}, false},
		"the last taken away":  {[]masks.Mask{left}, nil, true},
		"moved":                {[]masks.Mask{left}, []masks.Mask{right}, true},
		"one of two halves":    {[]masks.Mask{all}, []masks.Mask{left, right}, false},
		"halves of one":        {[]masks.Mask{left, right}, []masks.Mask{all}, false},
		"a thousandth is open": {[]masks.Mask{left, right}, []masks.Mask{thin}, true},
	} {
		if got := masks.Less(one.before, one.after); got != one.less {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// FuzzSetting reads settings: what passes is written the same way again, and lies within the picture.
func FuzzSetting(f *testing.F) {
	const (
		hash = `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
		rand = `aaaaaaaaaaaaaaaaaaaaaaaaaa"`
		head = `{"at":1,"camera":"cam_` + rand + `,"device":"dev_` + rand + `,"head":` + hash + `,"household":` + hash + `,"masks":`
	)
	f.Add([]byte(head + `[],"seq":1}`))
	f.Add([]byte(head + `[{"height":10,"left":0,"top":0,"width":1000},{"height":500,"left":500,"top":500,"width":500}],"seq":2}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var s masks.Setting
		if canon.Unmarshal(in, &s) != nil {
			return
		}
		again, err := canon.Marshal(s)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
		for _, m := range s.Masks {
			if m.Left < 0 || m.Top < 0 || m.Left+m.Width > masks.Whole || m.Top+m.Height > masks.Whole {
				t.Fatalf("%s is outside of the picture", in)
			}
		}
		if masks.Less(s.Masks, s.Masks) {
			t.Fatalf("%s covers less than itself", in)
		}
	})
}
