// SPDX-License-Identifier: Apache-2.0

package star

import "fmt"

// Mark names a moment that is kept, and when its signer said so: with that a reader finds the setting on the record.
type Mark struct {
	At     int64 `json:"at"`
	Moment int64 `json:"moment"`
}

// MaxMarks is how many of a camera are named at most: as many as a household may keep.
const MaxMarks = 500

// CheckMarks wants them by moment, each once, as settings may be.
func CheckMarks(list []Mark) error {
	if len(list) > MaxMarks {
		return fmt.Errorf("star: more moments than may be kept")
	}
	last := int64(0)
	for _, m := range list {
		if m.Moment <= last || m.At < m.Moment || m.At-m.Moment > Back {
			return fmt.Errorf("star: moments out of order, or not as they can be kept")
		}
		last = m.Moment
	}
	return nil
}
