// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"os"
	"testing"
	"time"
)

func TestTimeIsReadBehindAnyName(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		in   string
		want time.Duration
	}{
		"a name":                 {"7 (ffmpeg) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0", 3 * time.Second},
		"a name that looks like": {"7 (a) S 1 (b)) S 1 2 3 4 5 6 7 8 9 10 1 2 0 0", 30 * time.Millisecond},
		"too short":              {"7 (ffmpeg) S 1 2 3 4 5 6 7 8 9 10 250", 0},
		"no number":              {"7 (ffmpeg) S 1 2 3 4 5 6 7 8 9 10 x 50", 0},
		"nothing":                {"", 0},
	} {
		got, err := readStat([]byte(one.in))
		if got != one.want || (err == nil) != (one.want > 0) {
			t.Errorf("%s: %s (%v)", name, got, err)
		}
	}
	if _, err := Spent(os.Getpid()); err != nil {
		t.Error(err)
	}
}
