-- SPDX-License-Identifier: Apache-2.0
-- A household of several people: labels for those who read no document of names, addresses that know whose they are,
-- objects that cannot be found out by another household's hub, and what is to be erased.

-- +goose Up

-- A household that is being erased is a stranger everywhere.
ALTER TABLE households ADD COLUMN closed INTEGER NOT NULL DEFAULT 0; -- state: 1 from when erasing begins

-- An object's id is unique in its household alone. Where two households name the same, the second one's bytes lie
-- in another place, and neither learns of the other.
CREATE TABLE objects_next (
  household TEXT    NOT NULL REFERENCES households (household),
  object    TEXT    NOT NULL, -- random id, chosen by the hub
  place     TEXT    NOT NULL UNIQUE, -- random id under which the vault has it: the object's own, or one of the cloud's
  camera    TEXT    NOT NULL, -- random id
  hour      INTEGER NOT NULL, -- UTC hour of the first segment's start, by the hub
  size      INTEGER NOT NULL, -- bytes
  sha256    TEXT    NOT NULL, -- hash of the bytes
  stored    INTEGER NOT NULL, -- when it came
  PRIMARY KEY (household, object)
);
INSERT INTO objects_next (household, object, place, camera, hour, size, sha256, stored)
  SELECT household, object, object, camera, hour, size, sha256, stored FROM objects;
DROP TABLE objects;
ALTER TABLE objects_next RENAME TO objects;
CREATE INDEX objects_by_camera ON objects (household, camera, hour);
CREATE INDEX objects_by_hour ON objects (hour);
CREATE INDEX objects_by_stored ON objects (stored);
-- +goose StatementBegin
CREATE TRIGGER object_comes AFTER INSERT ON objects BEGIN
  UPDATE households SET used = used + NEW.size WHERE household = NEW.household;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER object_goes AFTER DELETE ON objects BEGIN
  UPDATE households SET used = used - OLD.size WHERE household = OLD.household;
END;
-- +goose StatementEnd

-- Names of single cameras, each sealed to its camera's epoch.
CREATE TABLE labels (
  household TEXT    NOT NULL REFERENCES households (household),
  camera    TEXT    NOT NULL, -- random id
  body      BLOB    NOT NULL, -- ciphertext
  updated   INTEGER NOT NULL, -- when this version came
  PRIMARY KEY (household, camera)
);

-- Addresses live for ten minutes; readers ask again.
DROP TABLE addresses;
CREATE TABLE addresses (
  address    TEXT    NOT NULL PRIMARY KEY, -- random id
  household  TEXT    NOT NULL REFERENCES households (household),
  device     TEXT    NOT NULL, -- random id of who asked, or the word sheet
  kind       TEXT    NOT NULL, -- sync or footage
  purpose    TEXT    NOT NULL, -- what it was asked for: sync, tiles, history or export
  cameras    TEXT    NOT NULL, -- random ids with a space between them, empty for all
  from_hour  INTEGER NOT NULL, -- first UTC hour listed
  until_hour INTEGER NOT NULL, -- last UTC hour listed
  at         INTEGER NOT NULL, -- when it was made
  expires    INTEGER NOT NULL  -- when it ends
);
CREATE INDEX addresses_by_expires ON addresses (expires);
CREATE INDEX addresses_by_household ON addresses (household);

-- Households that an owner wants erased. What they have is hidden from now on.
CREATE TABLE erasures (
  household TEXT    NOT NULL PRIMARY KEY REFERENCES households (household),
  hash      TEXT    NOT NULL, -- hash of the statement
  statement BLOB    NOT NULL, -- random ids, times, the cloud's public key and a signature
  due       INTEGER NOT NULL  -- when erasing begins
);
CREATE INDEX erasures_by_due ON erasures (due);

-- What was erased. Nothing in it leads to a household without the statement, which the owner has.
CREATE TABLE receipts (
  hash    TEXT    NOT NULL PRIMARY KEY, -- hash of the statement
  counts  TEXT    NOT NULL, -- how many things of each kind, and how many bytes of objects
  list    BLOB    NOT NULL, -- a hash for each thing, blinded by the statement's nonce
  note    TEXT    NOT NULL, -- signed by the cloud: hashes, counts and a time; empty until everything is gone
  expires INTEGER NOT NULL  -- when the receipt itself goes
);
CREATE INDEX receipts_by_expires ON receipts (expires);
