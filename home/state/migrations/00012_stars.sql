-- SPDX-License-Identifier: Apache-2.0
-- Moments that somebody keeps for longer than everything else is kept.

-- +goose Up

-- The hour of the page in which the leaf of a pack stands; 0 where that was not noted.
ALTER TABLE packs ADD COLUMN page INTEGER NOT NULL DEFAULT 0;

-- The moments that are kept.
CREATE TABLE stars (
    camera    TEXT NOT NULL,
    moment    INTEGER NOT NULL, -- ms
    seq       INTEGER NOT NULL,
    statement BLOB NOT NULL,    -- envelope
    PRIMARY KEY (camera, moment)
) STRICT, WITHOUT ROWID;

-- The newest statement of each camera, also one that lets a moment go.
CREATE TABLE stars_last (
    camera    TEXT PRIMARY KEY,
    seq       INTEGER NOT NULL,
    statement BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Which packs are kept for them, and in which pages their leaves stand.
CREATE TABLE star_packs (
    camera TEXT NOT NULL,
    moment INTEGER NOT NULL,
    object TEXT NOT NULL,
    run    TEXT NOT NULL,
    epoch  TEXT NOT NULL,
    page   INTEGER NOT NULL, -- hour of that page
    starts INTEGER NOT NULL, -- ms
    PRIMARY KEY (camera, moment, object)
) STRICT, WITHOUT ROWID;
CREATE INDEX star_packs_object ON star_packs (object);
