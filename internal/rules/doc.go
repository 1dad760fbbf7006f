// SPDX-License-Identifier: Apache-2.0

// Package rules holds the rules of this tree, as tests: who may import whom, what the operator's program must not
// contain, what every source file begins with, where links lead.
//
// It promises that a rule written in docs/ and checkable by a machine is checked on every commit, and that each
// check of a ban has a negative control which shows that the check can fail. It trusts the go command and git. It
// keeps nothing.
package rules
