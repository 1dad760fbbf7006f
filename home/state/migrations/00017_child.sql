-- SPDX-License-Identifier: Apache-2.0
-- Which cameras are in a child's room.

-- +goose Up

-- The newest setting of each camera.
CREATE TABLE child_rooms (
    camera    TEXT PRIMARY KEY NOT NULL,
    person    TEXT NOT NULL, -- of the device that signed
    statement BLOB NOT NULL  -- envelope
) STRICT, WITHOUT ROWID;
