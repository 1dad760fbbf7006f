-- SPDX-License-Identifier: Apache-2.0
-- In which form cameras are recorded, where somebody has said so.

-- +goose Up

CREATE TABLE recorded (
    camera TEXT PRIMARY KEY,
    form   TEXT NOT NULL -- sent, made or small
) STRICT, WITHOUT ROWID;
