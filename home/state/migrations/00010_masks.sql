-- SPDX-License-Identifier: Apache-2.0
-- What is covered of the cameras' pictures.

-- +goose Up

-- The newest setting of each camera, and the one before it.
CREATE TABLE masks (
    camera    TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    person    TEXT NOT NULL, -- of the device that signed
    statement BLOB NOT NULL, -- envelope
    PRIMARY KEY (camera, seq)
) STRICT, WITHOUT ROWID;
