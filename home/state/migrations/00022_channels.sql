-- SPDX-License-Identifier: Apache-2.0
-- By which other ways the household is told that somebody rings.

-- +goose Up

-- Each with its server, user, password or token, and addresses; sealed like a camera's address.
CREATE TABLE channels (
    name    TEXT PRIMARY KEY NOT NULL,
    channel BLOB NOT NULL
) STRICT, WITHOUT ROWID;
