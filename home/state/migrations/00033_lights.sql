-- SPDX-License-Identifier: Apache-2.0
-- Lights at cameras, lit while somebody looks.

-- +goose Up

-- way (JSON) is by what it is lit; it is sealed like the camera's address, bound to the camera and to being its light.
CREATE TABLE lights (
    camera TEXT PRIMARY KEY,
    way    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
