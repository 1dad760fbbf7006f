-- SPDX-License-Identifier: Apache-2.0
-- Which programs of the home are told how cameras do.

-- +goose Up

-- Each with its broker, user, password, scope and secret; sealed like a camera's address.
CREATE TABLE integrations (
    name        TEXT PRIMARY KEY NOT NULL,
    integration BLOB NOT NULL
) STRICT, WITHOUT ROWID;
