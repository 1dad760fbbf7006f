// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit in which Linux tells programs of processor time, on every machine that we know.
const tick = time.Second / 100

// Spent is how much processor time a child has taken since it began.
func Spent(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("confine: %w", err)
	}
	return readStat(b)
}

// readStat reads a line of proc(5). The second field is the program's name in parentheses, which may hold anything.
func readStat(b []byte) (time.Duration, error) {
	const user, system = 14 - 3, 15 - 3
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) <= system {
		return 0, fmt.Errorf("confine: a process whose time cannot be read")
	}
	var ticks int64
	for _, f := range fields[user : system+1] {
		n, err := strconv.ParseInt(string(f), 10, 48)
		if err != nil {
			return 0, fmt.Errorf("confine: a process whose time cannot be read: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
