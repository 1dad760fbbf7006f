-- SPDX-License-Identifier: Apache-2.0
-- When somebody said their quiet hours, so that what a device remembers from before a new hub takes nothing newer's place.

-- +goose Up

-- said (ms): when, by the device that it was said on; 0 where nobody knows. Empty hours are ones that were taken back: they
-- stay, so that what was said before does not come back.
ALTER TABLE quiet_hours ADD COLUMN said INTEGER NOT NULL DEFAULT 0;
