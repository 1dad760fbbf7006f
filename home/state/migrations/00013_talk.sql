-- SPDX-License-Identifier: Apache-2.0
-- Talk by a camera's speaker, so that it can be ended on the record also after the power has failed.

-- +goose Up

-- Who talks, from before the first sound to the end.
CREATE TABLE talks (
    act    BLOB PRIMARY KEY NOT NULL, -- hash of the command by which it began
    camera TEXT NOT NULL,
    device TEXT NOT NULL,
    person TEXT NOT NULL,
    view   TEXT NOT NULL,
    since  INTEGER NOT NULL,          -- ms
    seen   INTEGER NOT NULL           -- ms: the last moment at which it was noted that it lasts
) STRICT, WITHOUT ROWID;
