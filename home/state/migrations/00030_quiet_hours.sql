-- SPDX-License-Identifier: Apache-2.0
-- At which hours of the week somebody wants to hear nothing of the bells.

-- +goose Up

-- The hours (JSON) at which a person is told nothing of a camera, or, by "household", of all.
CREATE TABLE quiet_hours (
    person TEXT NOT NULL,
    camera TEXT NOT NULL,
    hours  BLOB NOT NULL,
    PRIMARY KEY (person, camera)
) STRICT, WITHOUT ROWID;
