-- SPDX-License-Identifier: Apache-2.0
-- Persons with rights: who reads an epoch depends on the camera and on the time.

-- +goose Up

-- Stands for the readers' ids and the sheet's key, so that a change of readers is seen. Epochs from before are renewed.
ALTER TABLE epochs ADD COLUMN readers BLOB NOT NULL DEFAULT x'';

-- The number of the camera's newest label.
ALTER TABLE cameras ADD COLUMN label INTEGER NOT NULL DEFAULT 0;

-- Further facts: 'clock' (the highest time that the hub's clock has shown, by which rights are judged), 'gesture' (the
-- code that the hub shows and waits for). The kinds in outbox now also are labels.
