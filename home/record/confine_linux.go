// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// confine limits a child's memory and file writing, and lets everything else go first.
func confine(pid int) error {
	for what, most := range map[int]uint64{
		unix.RLIMIT_AS:    decodeMemory,
		unix.RLIMIT_FSIZE: 0,
		unix.RLIMIT_CORE:  0,
		unix.RLIMIT_CPU:   uint64(decodeCPU.Seconds()),
	} {
		if err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			return fmt.Errorf("record: limit decoder: %w", err)
		}
	}
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, pid, 10); err != nil {
		return fmt.Errorf("record: limit decoder: %w", err)
	}
	return nil
}
