-- SPDX-License-Identifier: Apache-2.0
-- What opens doors, and which are being opened.

-- +goose Up

-- The newest setting of each camera, and the way to its lock, sealed like a camera's address; empty where there is none.
CREATE TABLE locks (
    camera    TEXT PRIMARY KEY NOT NULL,
    person    TEXT NOT NULL, -- of the device that signed
    statement BLOB NOT NULL, -- envelope
    way       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Doors that are being opened, from before the lock is told until its answer is on the record.
CREATE TABLE openings (
    act    BLOB PRIMARY KEY NOT NULL, -- hash of the command
    camera TEXT NOT NULL,
    device TEXT NOT NULL,
    person TEXT NOT NULL,
    door   TEXT NOT NULL,
    number INTEGER NOT NULL,          -- of its moment
    since  INTEGER NOT NULL           -- ms
) STRICT, WITHOUT ROWID;
