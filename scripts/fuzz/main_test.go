// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestTheEndOfTheTimeIsNoFinding(t *testing.T) {
	const head = "fuzz: elapsed: 10s, execs: 347227 (30050/sec), new interesting: 159 (total: 164)\n--- FAIL: FuzzCommand (10.06s)\n"
	const tail = "FAIL\nexit status 1\nFAIL\tkeyhold/statement/request\t10.066s\n"
	for name, c := range map[string]struct {
		out  string
		want bool
	}{
		"only the time":          {head + "    context deadline exceeded\n" + tail, true},
		"a finding":              {head + "    --- FAIL: FuzzCommand (0.00s)\n        fuzz_test.go:28: written otherwise\n    \n    Failing input written to testdata/fuzz/FuzzCommand/1\n" + tail, false},
		"a finding that says so": {head + "    --- FAIL: FuzzCommand (0.00s)\n        fuzz_test.go:28: context deadline exceeded\n    \n    Failing input written to testdata/fuzz/FuzzCommand/1\n" + tail, false},
		"a worker that died":     {head + "    fuzzing process hung or terminated unexpectedly: exit status 2\n" + tail, false},
		"time, and a finding":    {head + "    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzCommand/1\n" + tail, false},
		"a panic":                {"panic: runtime error\n" + tail, false},
		"what does not compile":  {"FAIL\tkeyhold/statement/request [build failed]\n", false},
		"nothing":                {"", false},
	} {
		if got := onlyTimeUp([]byte(c.out)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
