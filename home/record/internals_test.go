// SPDX-License-Identifier: Apache-2.0

package record

// Behind is how much waits for the disk. Tests that play faster than real time wait for it; a camera never would.
func (r *Recorder) Behind() int { return len(r.ops) }

// Leaving is how many packs are full and did not leave yet. One that is asked for waits for them.
func (r *Recorder) Leaving() int { return int(r.closing.Load()) }

// ReadIndex is the parser of what a crash may leave.
var ReadIndex = readIndex

// SplitJPEG and Sprite read what the decoder says.
var (
	SplitJPEG = splitJPEG
	Sprite    = sprite
)
