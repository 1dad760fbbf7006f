-- SPDX-License-Identifier: Apache-2.0
-- What is starred comes along to a hub that takes this one's place, and came along from the one before.

-- +goose Up

-- In which page the leaf of each star stands: it is what proves the star, and stays with it. '' where that was not noted.
ALTER TABLE stars ADD COLUMN run TEXT NOT NULL DEFAULT '';
ALTER TABLE stars ADD COLUMN epoch TEXT NOT NULL DEFAULT '';
ALTER TABLE stars ADD COLUMN page INTEGER NOT NULL DEFAULT 0; -- its hour

-- The cameras of which this hub has been given what comes along, and how many stars could not be brought.
CREATE TABLE stars_carried (
    camera TEXT PRIMARY KEY,
    lost   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The document of names says which moments are starred: it is written at the next start, with new epochs.
INSERT OR IGNORE INTO facts (name, value)
SELECT 'afresh', x'01' WHERE EXISTS (SELECT 1 FROM stars);
