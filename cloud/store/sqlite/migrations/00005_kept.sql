-- SPDX-License-Identifier: Apache-2.0
-- What a household wants to stay for longer than thirty days.

-- +goose Up

-- Objects that stay as long as they stand here. Each hub of the household has its own list for each camera.
CREATE TABLE kept_objects (
  household TEXT    NOT NULL REFERENCES households (household),
  camera    TEXT    NOT NULL, -- random id
  hub       INTEGER NOT NULL, -- counts the household's hubs from 0
  object    TEXT    NOT NULL, -- random id
  PRIMARY KEY (household, camera, hub, object)
);
CREATE INDEX kept_objects_by_object ON kept_objects (household, object);

-- The pages of leaves that name them.
CREATE TABLE kept_pages (
  household TEXT    NOT NULL REFERENCES households (household),
  camera    TEXT    NOT NULL, -- random id
  hub       INTEGER NOT NULL, -- counts the household's hubs from 0
  run       TEXT    NOT NULL, -- random id
  epoch     TEXT    NOT NULL, -- random id
  hour      INTEGER NOT NULL, -- UTC hour of the leaves
  PRIMARY KEY (household, camera, hub, run, epoch, hour)
);
CREATE INDEX kept_pages_by_page ON kept_pages (household, run, camera, epoch, hour);
