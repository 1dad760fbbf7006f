-- SPDX-License-Identifier: Apache-2.0
-- Cameras that have a second, smaller stream.

-- +goose Up

-- url is sealed like the camera's own, bound to the camera and to being its second.
CREATE TABLE small (
    camera TEXT PRIMARY KEY,
    url    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
