// SPDX-License-Identifier: Apache-2.0

// Package intime is for tests of what is promised within a time: it tells what was late from what had to wait for a
// machine with other things to do. On a machine that is free it changes nothing.
package intime

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// By is how long something may take here, now, that is promised within limit on a machine of its own: as many times
// longer as there are who want each processor, twice, for what is done by several in turn waits at each of them. It is to
// be asked when the answer is wanted, and not before what is measured has begun.
func By(limit time.Duration) time.Duration {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return limit
	}
	return time.Duration(float64(limit) * stretch(string(text), runtime.NumCPU()))
}

// stretch reads the load of the last minute and how many run at this moment (proc_loadavg(5)); the greater one counts.
func stretch(loadavg string, processors int) float64 {
	fields := strings.Fields(loadavg)
	if len(fields) < 4 {
		return 1
	}
	minute, _ := strconv.ParseFloat(fields[0], 64)
	running, _, _ := strings.Cut(fields[3], "/")
	now, _ := strconv.ParseFloat(running, 64)
	return max(1, 2*max(minute, now-1)/float64(processors)) // this one runs, too
}
