-- SPDX-License-Identifier: Apache-2.0
-- What the operator holds besides the objects themselves. Each column says what it is; the test of package sqlite
-- holds the same list by class (random id, public key, hash, size, time, state, ciphertext, counter) and fails on a
-- column that is not in it. There is no name, address, e-mail or kind of event in any of them. Times are milliseconds
-- UTC by the cloud's clock unless a comment says whose they are.

-- +goose Up

-- One row per household, made from its genesis.
CREATE TABLE households (
  household TEXT    NOT NULL PRIMARY KEY, -- hash of genesis
  sheet     TEXT    NOT NULL,             -- hash under which the recovery sheet looks its household up
  stored    INTEGER NOT NULL              -- when it was registered
);
CREATE INDEX households_by_sheet ON households (sheet);

-- The roster's chain as the hub signed it. seq 0 is genesis.
CREATE TABLE links (
  household TEXT    NOT NULL REFERENCES households (household),
  seq       INTEGER NOT NULL, -- number in the chain
  hash      TEXT    NOT NULL, -- hash of the statement
  envelope  BLOB    NOT NULL, -- public keys, random ids, times and signatures
  stored    INTEGER NOT NULL, -- when it came
  PRIMARY KEY (household, seq)
);

-- Sealed packs; their bytes are in the vault under the same id.
CREATE TABLE objects (
  object    TEXT    NOT NULL PRIMARY KEY, -- random id, chosen by the hub
  household TEXT    NOT NULL REFERENCES households (household),
  camera    TEXT    NOT NULL, -- random id
  hour      INTEGER NOT NULL, -- UTC hour of the first segment's start, by the hub
  size      INTEGER NOT NULL, -- bytes
  sha256    TEXT    NOT NULL, -- hash of the bytes
  stored    INTEGER NOT NULL  -- when it came
);
CREATE INDEX objects_by_camera ON objects (household, camera, hour);
CREATE INDEX objects_by_hour ON objects (hour);
CREATE INDEX objects_by_stored ON objects (stored);

-- Sealed pages of leaves; each is replaced as leaves come.
CREATE TABLE pages (
  household TEXT    NOT NULL REFERENCES households (household),
  run       TEXT    NOT NULL, -- random id
  camera    TEXT    NOT NULL, -- random id, or the word household
  epoch     TEXT    NOT NULL, -- random id
  hour      INTEGER NOT NULL, -- UTC hour of its leaves, by the hub
  size      INTEGER NOT NULL, -- bytes of body
  body      BLOB    NOT NULL, -- ciphertext
  updated   INTEGER NOT NULL, -- when this version came
  PRIMARY KEY (household, run, camera, epoch, hour)
);
CREATE INDEX pages_by_camera ON pages (household, camera, hour);
CREATE INDEX pages_by_epoch ON pages (epoch);
CREATE INDEX pages_by_hour ON pages (hour);

-- Tiles of leaf hashes (salted, so they tell nothing about leaves).
CREATE TABLE tiles (
  household TEXT    NOT NULL REFERENCES households (household),
  run       TEXT    NOT NULL, -- random id
  level     INTEGER NOT NULL, -- height of the tile in its tree
  n         INTEGER NOT NULL, -- place of the tile in its level
  width     INTEGER NOT NULL, -- how many hashes are in it
  body      BLOB    NOT NULL, -- hashes
  PRIMARY KEY (household, run, level, n)
);

-- Runs of the hub's record with the newest checkpoint of each.
CREATE TABLE runs (
  ordinal    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- order of arrival
  household  TEXT    NOT NULL REFERENCES households (household),
  run        TEXT    NOT NULL, -- random id
  size       INTEGER NOT NULL, -- leaves covered
  checkpoint TEXT    NOT NULL, -- signed note: ids, size, root hash, time, signature
  updated    INTEGER NOT NULL, -- when this checkpoint came
  UNIQUE (household, run)
);

-- Epoch identities, each sealed to one reader.
CREATE TABLE envelopes (
  household TEXT    NOT NULL REFERENCES households (household),
  camera    TEXT    NOT NULL, -- random id, or the word household
  epoch     TEXT    NOT NULL, -- random id
  device    TEXT    NOT NULL, -- random id, or the word sheet
  hash      TEXT    NOT NULL, -- hash of bytes
  head      TEXT    NOT NULL, -- hash of the roster head it was sealed under
  reseal    TEXT    NOT NULL, -- hash of the reseal statement that brought it, empty when the hub did
  bytes     BLOB    NOT NULL, -- ciphertext
  stored    INTEGER NOT NULL, -- when it came
  PRIMARY KEY (household, camera, epoch, device, hash)
);
CREATE INDEX envelopes_by_device ON envelopes (household, device);
CREATE INDEX envelopes_by_reseal ON envelopes (household, reseal);

-- Statements by which a member gave a device the keys of epochs.
CREATE TABLE reseals (
  household TEXT    NOT NULL REFERENCES households (household),
  hash      TEXT    NOT NULL, -- hash of the statement
  device    TEXT    NOT NULL, -- random id of the device that was given them
  statement BLOB    NOT NULL, -- random ids, hashes, times and a signature
  stored    INTEGER NOT NULL, -- when it came
  PRIMARY KEY (household, hash)
);
CREATE INDEX reseals_by_device ON reseals (household, device);

-- The document of names and the hub's newest status.
CREATE TABLE documents (
  household TEXT    NOT NULL REFERENCES households (household),
  kind      TEXT    NOT NULL, -- names or status
  at        INTEGER NOT NULL, -- the hub's time of a status, 0 for names
  body      BLOB    NOT NULL, -- names: ciphertext; status: random ids, hashes, counters, times and a signature
  updated   INTEGER NOT NULL, -- when this version came
  PRIMARY KEY (household, kind)
);

-- Numbers of the mail of one reader; they never start again.
CREATE TABLE mailboxes (
  household TEXT    NOT NULL REFERENCES households (household),
  reader    TEXT    NOT NULL, -- device id, or the word hub or sheet
  last      INTEGER NOT NULL, -- number of the newest message
  PRIMARY KEY (household, reader)
);

-- Messages that wait for their reader.
CREATE TABLE mail (
  household TEXT    NOT NULL REFERENCES households (household),
  reader    TEXT    NOT NULL, -- device id, or the word hub or sheet
  id        INTEGER NOT NULL, -- number of the message
  sender    TEXT    NOT NULL, -- device id, or the word hub or sheet
  kind      TEXT    NOT NULL, -- mail or fetch
  size      INTEGER NOT NULL, -- bytes of body
  body      BLOB    NOT NULL, -- mail: ciphertext; fetch: random ids, times and a signature
  at        INTEGER NOT NULL, -- when it came
  acked     INTEGER NOT NULL, -- when it was acknowledged, 0 while it was not
  PRIMARY KEY (household, reader, id)
);
CREATE INDEX mail_by_sender ON mail (household, sender, kind, reader, acked);
CREATE INDEX mail_by_at ON mail (at);
CREATE INDEX mail_by_acked ON mail (acked);

-- Which device has had tiles of which camera in which hour: such a look is passed to the hub once.
CREATE TABLE looks (
  household TEXT    NOT NULL REFERENCES households (household),
  device    TEXT    NOT NULL, -- random id
  camera    TEXT    NOT NULL, -- random id
  hour      INTEGER NOT NULL, -- UTC hour of the look
  PRIMARY KEY (household, device, camera, hour)
);
CREATE INDEX looks_by_hour ON looks (hour);

-- Addresses under which what a fetch listed can be read, for ten minutes.
CREATE TABLE addresses (
  address    TEXT    NOT NULL PRIMARY KEY, -- random id
  household  TEXT    NOT NULL REFERENCES households (household),
  kind       TEXT    NOT NULL, -- sync or footage
  cameras    TEXT    NOT NULL, -- random ids with a space between them, empty for all
  from_hour  INTEGER NOT NULL, -- first UTC hour listed
  until_hour INTEGER NOT NULL, -- last UTC hour listed
  at         INTEGER NOT NULL, -- when it was made
  expires    INTEGER NOT NULL  -- when it ends
);
CREATE INDEX addresses_by_expires ON addresses (expires);

-- Nonces that were used, for as long as their statement could pass again.
CREATE TABLE nonces (
  household TEXT    NOT NULL REFERENCES households (household),
  signer    TEXT    NOT NULL, -- device id, or the word hub or sheet
  nonce     BLOB    NOT NULL, -- 16 random bytes: a random id
  expires   INTEGER NOT NULL, -- when it can be forgotten
  PRIMARY KEY (household, signer, nonce)
);
CREATE INDEX nonces_by_expires ON nonces (expires);

-- Boxes for pairing and invitations, and what lies in them.
CREATE TABLE boxes (
  box     TEXT    NOT NULL PRIMARY KEY, -- hash of a token that only the two sides know
  last    INTEGER NOT NULL, -- number of the newest message
  expires INTEGER NOT NULL  -- when its numbers can be forgotten
);
CREATE INDEX boxes_by_expires ON boxes (expires);

CREATE TABLE drops (
  box     TEXT    NOT NULL REFERENCES boxes (box),
  n       INTEGER NOT NULL, -- number in the box
  body    BLOB    NOT NULL, -- ciphertext, or before there is anything to seal to: public keys
  expires INTEGER NOT NULL, -- when it is removed
  PRIMARY KEY (box, n)
);
CREATE INDEX drops_by_expires ON drops (expires);
