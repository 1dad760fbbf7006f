// SPDX-License-Identifier: Apache-2.0

// Package home drives a whole hub in this process against a real cloud and a real camera server, with
// the hub's clock and disk in the test's hand.
//
// It promises that what a test asserts was seen by a member: read from the cloud, verified and opened
// with a device's keys. It trusts the loopback. What it starts ends with the test.
package home
