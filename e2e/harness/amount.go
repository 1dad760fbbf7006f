// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"os"
	"strconv"
)

// Amount is how much of something a test tries: a little in every test run, and in a soak as much as an environment
// variable asks for, such as KEYHOLD_TEST_KILLS=100.
func Amount(variable string, otherwise int) (int, error) {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s=%s is no number of at least 1", variable, text)
	}
	return n, nil
}
