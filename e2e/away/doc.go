// SPDX-License-Identifier: Apache-2.0

// Package away looks live at a home from elsewhere, over lines as they are.
//
// The home and the phone are network namespaces of their own, each behind a router that translates addresses and lets
// nobody in (nftables). Their lines to the cloud delay and lose packets, and can be cut (a Wire, since not every kernel
// has netem). The programs are the real ones. What goes over a line is kept, to be searched for pictures.
//
// It needs the right to make network namespaces, which root has; where that is missing its tests say so and are skipped.
package away
