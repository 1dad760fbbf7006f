// SPDX-License-Identifier: Apache-2.0

package live

// Choke lets no room be left in a view's queues, or gives it back.
func Choke(v *View, on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, t := range v.tracks {
		t.waiting += map[bool]int{true: mostQueued, false: -mostQueued}[on]
	}
}

// Skipping says whether a view waits for a key frame.
func Skipping(v *View) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tracks[0].skipping
}
