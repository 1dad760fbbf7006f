-- SPDX-License-Identifier: Apache-2.0
-- The way to the hub at home: pages that the cloud has stay here for some days, sealed as they are there.

-- +goose Up

-- Pages that cannot grow any more, as age files to their epochs. size: of the lines in them; updated: ms, when the page
-- came here.
CREATE TABLE kept_pages (
    run     TEXT NOT NULL,
    camera  TEXT NOT NULL,
    epoch   TEXT NOT NULL,
    hour    INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (run, camera, epoch, hour)
) STRICT;
CREATE INDEX kept_pages_hour ON kept_pages (hour);
