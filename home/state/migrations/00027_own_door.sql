-- SPDX-License-Identifier: Apache-2.0
-- What a camera itself opens the door with.

-- +goose Up

-- Which of a camera's doors or relays it is, and where the camera is asked, sealed like its address; empty for other locks.
ALTER TABLE locks ADD COLUMN own BLOB NOT NULL DEFAULT x'';
