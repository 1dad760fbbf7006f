-- SPDX-License-Identifier: Apache-2.0
-- Cameras that an earlier hub had, of which nobody has told this one yet what is covered, or whether it is a child's room.

-- +goose Up

CREATE TABLE masks_unsaid (
    camera TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE child_unsaid (
    camera TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

-- The document of names says this now: where there is something to say, it is written at the next start, with new epochs.
INSERT OR IGNORE INTO facts (name, value)
SELECT 'afresh', x'01' WHERE EXISTS (SELECT 1 FROM masks) OR EXISTS (SELECT 1 FROM child_rooms);
