// SPDX-License-Identifier: Apache-2.0
// In the place of Node's crypto module, which no browser has.
export {};
