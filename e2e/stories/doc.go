// SPDX-License-Identifier: Apache-2.0

// Package stories holds what persons do with the owner app in a real browser, against the real programs.
//
// A Go test starts a home and an operator, a node script beside it is the person. The scripts use what a person uses:
// links, buttons, keys. The package trusts Chromium and Playwright; everything lies in a test's own folder.
package stories
