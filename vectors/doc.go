// SPDX-License-Identifier: Apache-2.0

// Package vectors is the contract between the Go and the TypeScript implementation: its files say what both accept and
// by which rule they refuse (README.md). It holds no code but the test that keeps Go to it.
package vectors
