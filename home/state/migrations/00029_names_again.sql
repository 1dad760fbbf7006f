-- SPDX-License-Identifier: Apache-2.0
-- The document of names says which bells, doors, channels and integrations there are, so that somebody can set them up again
-- at a hub that takes this one's place.

-- +goose Up

-- Where there is something to say, it is written at the next start, with new epochs.
INSERT OR IGNORE INTO facts (name, value)
SELECT 'afresh', x'01' WHERE EXISTS (SELECT 1 FROM bells) OR EXISTS (SELECT 1 FROM locks) OR EXISTS (SELECT 1 FROM channels) OR EXISTS (SELECT 1 FROM integrations);
