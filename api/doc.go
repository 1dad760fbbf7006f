// SPDX-License-Identifier: Apache-2.0

// Package api is what is said to the cloud: the messages of docs/protocol.md section 6, and a client that speaks them.
//
// The hub and a household's devices use the client; the cloud answers with the same types, and its OpenAPI document
// (openapi.json, beside this file) is generated from them. The client promises to sign each write afresh, to give
// every refusal as a *Problem, and never to hand out more bytes than it was asked for. It trusts nothing that comes
// back: hashes, signatures and inclusion are for the caller to check. It keeps no state, so a crash leaves nothing.
package api
