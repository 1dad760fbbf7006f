-- SPDX-License-Identifier: Apache-2.0
-- What is private: cameras that somebody has turned off at their source.

-- +goose Up

-- The newest setting of each camera, and of the household.
CREATE TABLE private_settings (
    camera    TEXT PRIMARY KEY, -- or 'household'
    person    TEXT NOT NULL,    -- of the device that signed
    statement BLOB NOT NULL     -- envelope
) STRICT, WITHOUT ROWID;

-- The cameras that are private now. As long as a row is here, nothing connects to its camera.
CREATE TABLE private_now (
    camera TEXT PRIMARY KEY,
    since  INTEGER NOT NULL, -- ms
    target TEXT NOT NULL,    -- the camera, or 'household': whose setting it is by
    hours  INTEGER NOT NULL, -- 1: by hours of the week
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    statement BLOB NOT NULL
) STRICT, WITHOUT ROWID;
