// SPDX-License-Identifier: Apache-2.0

// Package confine limits what a child process may take that reads what a camera sent: its memory, its time, and writing
// files at all. Where the system knows no limits such a child is not to be given anything.
package confine

import "time"

// Limits are those of one child. CPU is not limited if 0.
type Limits struct {
	Memory uint64
	CPU    time.Duration
	// Asked is true for what somebody waits for: the child has its turn as the hub itself has. Else all goes before it.
	Asked bool
}
