// SPDX-License-Identifier: Apache-2.0

// Package household holds what the persons of a household do with each other on the command line: they invite, look,
// change rights, remove and leave, with the real programs of a home and an operator.
//
// Each test has a world of its own. What a person would read is compared with what they have to be told.
package household
