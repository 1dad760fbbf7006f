// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Attributes make a child end with the hub, however that ends.
func Attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// Child limits a child's memory and file writing, and lets everything else go first unless somebody waits for it.
func Child(pid int, l Limits) error {
	limits := map[int]uint64{unix.RLIMIT_AS: l.Memory, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0}
	if l.CPU > 0 {
		limits[unix.RLIMIT_CPU] = uint64(l.CPU.Seconds())
	}
	for what, most := range limits {
		if err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			return fmt.Errorf("confine: %w", err)
		}
	}
	if l.Asked {
		return nil
	}
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, pid, 10); err != nil {
		return fmt.Errorf("confine: %w", err)
	}
	return nil
}
