-- SPDX-License-Identifier: Apache-2.0
-- What integrations that read cameras are called on the record, also when they are gone.

-- +goose Up

CREATE TABLE readers (
    device TEXT PRIMARY KEY NOT NULL,
    person TEXT NOT NULL,
    name   TEXT NOT NULL,
    since  INTEGER NOT NULL -- ms
) STRICT, WITHOUT ROWID;
