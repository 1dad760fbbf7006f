-- SPDX-License-Identifier: Apache-2.0
-- Who presses at the doors, and who does not want to hear of it for a while.

-- +goose Up

-- By what each camera is heard to ring; sealed like its address.
CREATE TABLE bells (
    camera TEXT PRIMARY KEY,
    bell   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Until when (ms) a person is told nothing of a camera.
CREATE TABLE snoozes (
    person TEXT NOT NULL,
    camera TEXT NOT NULL,
    until  INTEGER NOT NULL,
    PRIMARY KEY (person, camera)
) STRICT, WITHOUT ROWID;
