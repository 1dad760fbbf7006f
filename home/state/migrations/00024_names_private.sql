-- SPDX-License-Identifier: Apache-2.0
-- The document of names says what is set to be private, so that a hub which takes this one's place can be told.

-- +goose Up

-- Where there is something to say, it is written at the next start, with new epochs.
INSERT OR IGNORE INTO facts (name, value)
SELECT 'afresh', x'01' WHERE EXISTS (SELECT 1 FROM private_settings);
