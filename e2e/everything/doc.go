// SPDX-License-Identifier: Apache-2.0

// Package everything exports a long record with the real program, kills it at any point, and lets it go on.
//
// The record is written by the test with the same parts that hubs use, because a camera would need a day for it; the
// cloud in front of it counts what is asked for, and strikes when the test says so. It promises nothing to anybody: it
// holds tests alone.
package everything
