-- SPDX-License-Identifier: Apache-2.0
-- The rooms that cameras are in.

-- +goose Up

-- '' where nobody has said in which.
ALTER TABLE cameras ADD COLUMN room TEXT NOT NULL DEFAULT '';
