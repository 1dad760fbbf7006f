-- SPDX-License-Identifier: Apache-2.0
-- A look at tiles counts once for the same stretch of hours, not once for whatever stretch is named next. The rows of
-- the running hour are forgotten: what they stand for is then passed to the hub a second time.

-- +goose Up

DROP TABLE looks;
CREATE TABLE looks (
  household  TEXT    NOT NULL REFERENCES households (household),
  device     TEXT    NOT NULL, -- random id
  camera     TEXT    NOT NULL, -- random id
  hour       INTEGER NOT NULL, -- UTC hour of the look
  from_hour  INTEGER NOT NULL, -- first UTC hour asked for
  until_hour INTEGER NOT NULL, -- last UTC hour asked for
  PRIMARY KEY (household, device, camera, hour, from_hour, until_hour)
);
CREATE INDEX looks_by_hour ON looks (hour);
