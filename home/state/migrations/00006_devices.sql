-- SPDX-License-Identifier: Apache-2.0
-- Cameras that were found and not typed: which device it was, so that another in its place is noticed.

-- +goose Up

-- identity is sealed like an address: canonical JSON with the device's own name for itself, where it was, its serial.
CREATE TABLE devices (
    camera   TEXT PRIMARY KEY,
    identity BLOB NOT NULL
) STRICT, WITHOUT ROWID;
