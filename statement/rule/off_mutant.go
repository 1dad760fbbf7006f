// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package rule

import (
	"os"
	"slices"
	"strings"
)

// Off says whether the check of this rule is switched off. Only test builds (tag mutant) hold this function: an
// adversary test switches one check off by KEYHOLD_MUTANT and must then see its attack succeed.
func Off(n Name) bool {
	return slices.Contains(strings.Split(os.Getenv("KEYHOLD_MUTANT"), ","), string(n))
}
