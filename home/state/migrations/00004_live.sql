-- SPDX-License-Identifier: Apache-2.0
-- Live view: what is being watched, so that it can be ended on the record also after the power has failed.

-- +goose Up

-- Each camera of each view that has begun and not ended.
CREATE TABLE live_looks (
    view   TEXT NOT NULL,
    camera TEXT NOT NULL,
    device TEXT NOT NULL,
    person TEXT NOT NULL,
    signal BLOB NOT NULL,    -- hash of the offer
    since  INTEGER NOT NULL, -- ms
    seen   INTEGER NOT NULL, -- ms: the last moment at which it was noted that it lasts
    PRIMARY KEY (view, camera)
) STRICT, WITHOUT ROWID;
