-- SPDX-License-Identifier: Apache-2.0
-- Quick replies: what the hub speaks for somebody, so that it stands in the record of its end as well.

-- +goose Up

-- Empty where somebody talks with their own voice.
ALTER TABLE talks ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE talks ADD COLUMN reply TEXT NOT NULL DEFAULT '';
