-- SPDX-License-Identifier: Apache-2.0
-- A look at preview pictures is one leaf for each stretch of hours that was asked for, not for the first alone.

-- +goose Up

-- Looks at preview pictures: one leaf for each device, camera, hour of the look and stretch of hours.
DROP TABLE tile_looks;
CREATE TABLE tile_looks (
    device     TEXT NOT NULL,
    camera     TEXT NOT NULL,
    hour       INTEGER NOT NULL,
    from_hour  INTEGER NOT NULL,
    until_hour INTEGER NOT NULL,
    PRIMARY KEY (device, camera, hour, from_hour, until_hour)
) STRICT, WITHOUT ROWID;
