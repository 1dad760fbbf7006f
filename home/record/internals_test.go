// SPDX-License-Identifier: Apache-2.0

package record

// Behind is how much waits for the disk. Tests that play faster than real time wait for it; a camera never would.
func (r *Recorder) Behind() int { return len(r.ops) }

// ReadIndex is the parser of what a crash may leave.
var ReadIndex = readIndex

// SplitJPEG and Sprite read what the decoder says.
var (
	SplitJPEG = splitJPEG
	Sprite    = sprite
)
