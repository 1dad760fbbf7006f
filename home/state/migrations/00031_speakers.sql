-- SPDX-License-Identifier: Apache-2.0
-- Cameras that take sound at an address of its own.

-- +goose Up

-- url is sealed like the camera's own, bound to the camera and to being its speaker.
CREATE TABLE speakers (
    camera TEXT PRIMARY KEY,
    url    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
