-- SPDX-License-Identifier: Apache-2.0
-- What a hub knows. Times are milliseconds since 1970 UTC. Hashes are 32 raw bytes, ids their text form.
-- Nothing here opens a recording. Camera addresses are sealed under keys/cameras.key.

-- +goose Up

-- Single values: 'pairing' (what is owed since genesis was signed), 'zone' (the household's time zone),
-- 'stopped' (when the hub was last stopped in an orderly way).
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The household's chain: genesis at 0, then each link, as signed envelopes.
CREATE TABLE roster (
    seq      INTEGER PRIMARY KEY,
    envelope BLOB NOT NULL
) STRICT;

-- Names of devices and persons. A camera's name stands with the camera.
CREATE TABLE labels (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest statement of names. seq counts them from 1.
CREATE TABLE names (
    seq      INTEGER PRIMARY KEY,
    envelope BLOB NOT NULL
) STRICT;

-- url is sealed with the camera's id as additional data. removed is NULL while the camera is in use.
CREATE TABLE cameras (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    url     BLOB NOT NULL,
    added   INTEGER NOT NULL,
    removed INTEGER
) STRICT, WITHOUT ROWID;

-- Public halves only: an epoch's identity is forgotten in the act that writes its row.
CREATE TABLE epochs (
    epoch     TEXT PRIMARY KEY,
    camera    TEXT NOT NULL,     -- a camera, or 'household'
    recipient TEXT NOT NULL,     -- age1pq1…
    head      BLOB NOT NULL,     -- hash of the roster's head it was made for
    made      INTEGER NOT NULL,
    current   INTEGER NOT NULL   -- 1 for the newest of its camera
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX epochs_current ON epochs (camera) WHERE current = 1;

-- One row a reader: the identity sealed to that reader's key. device may be 'sheet'.
CREATE TABLE envelopes (
    epoch  TEXT NOT NULL,
    device TEXT NOT NULL,
    camera TEXT NOT NULL,
    head   BLOB NOT NULL,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (epoch, device)
) STRICT, WITHOUT ROWID;

-- Each run's tree as last signed (size, root, checkpoint) and as far as the cloud has confirmed it (sent).
-- The row is committed before a signature leaves the process: an old size is never signed again with another root.
CREATE TABLE runs (
    run             TEXT PRIMARY KEY,
    number          INTEGER NOT NULL UNIQUE,   -- 0, 1, 2…; the highest is the one written to
    size            INTEGER NOT NULL,
    root            BLOB NOT NULL,
    at              INTEGER NOT NULL,
    checkpoint      TEXT NOT NULL,
    sent            INTEGER NOT NULL,
    sent_root       BLOB NOT NULL,
    abandoned       INTEGER NOT NULL           -- 1: the cloud knows more of it than this hub; nothing more of it is sent
) STRICT, WITHOUT ROWID;

-- Signed checkpoints that the cloud has not confirmed. mark: outbox rows up to this one go first.
CREATE TABLE checkpoints (
    run   TEXT NOT NULL,
    size  INTEGER NOT NULL,
    root  BLOB NOT NULL,
    at    INTEGER NOT NULL,
    text  TEXT NOT NULL,
    mark  INTEGER NOT NULL,
    packs INTEGER NOT NULL,                    -- packs among the leaves that this checkpoint added
    PRIMARY KEY (run, size)
) STRICT, WITHOUT ROWID;

-- The next leaf number of each camera, across runs, and up to when its footage and gaps are written down (0: nothing yet).
CREATE TABLE counters (
    camera TEXT PRIMARY KEY,
    next   INTEGER NOT NULL,
    ends   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Leaves of pages that may still grow or are not yet with the cloud. The tree keeps their hashes for good.
CREATE TABLE leaves (
    run    TEXT NOT NULL,
    idx    INTEGER NOT NULL,
    camera TEXT NOT NULL,
    epoch  TEXT NOT NULL,
    hour   INTEGER NOT NULL,
    leaf   BLOB NOT NULL,
    PRIMARY KEY (run, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX leaves_page ON leaves (run, camera, epoch, hour, idx);

-- upto: one more than the highest index in the page; sent: the same, as the cloud has it.
CREATE TABLE pages (
    run    TEXT NOT NULL,
    camera TEXT NOT NULL,
    epoch  TEXT NOT NULL,
    hour   INTEGER NOT NULL,
    first  INTEGER NOT NULL,
    upto   INTEGER NOT NULL,
    sent   INTEGER NOT NULL,
    PRIMARY KEY (run, camera, epoch, hour)
) STRICT, WITHOUT ROWID;

-- Packs that this hub still stores. sent is NULL until the cloud has confirmed the object.
CREATE TABLE packs (
    object  TEXT PRIMARY KEY,
    run     TEXT NOT NULL,
    idx     INTEGER NOT NULL,
    camera  TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    epoch   TEXT NOT NULL,
    hour    INTEGER NOT NULL,    -- UTC hour of the first segment's start: part of its name at the cloud
    starts  INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    sha256  BLOB NOT NULL,       -- of the whole object
    files   BLOB NOT NULL,       -- the entries of its leaf, canonical JSON
    sent    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX packs_order ON packs (run, idx);
CREATE INDEX packs_sent ON packs (sent, ends);

-- Small writes for the cloud, in order; a row goes when the cloud has confirmed it.
CREATE TABLE outbox (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,          -- roster, envelopes, names, mail
    name TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Nonces of commands and of fetch statements that were acted on, until they are too old to be accepted anyway.
CREATE TABLE nonces (
    nonce BLOB PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Looks at preview pictures: one leaf for each device, camera and hour.
CREATE TABLE tile_looks (
    device TEXT NOT NULL,
    camera TEXT NOT NULL,
    hour   INTEGER NOT NULL,
    PRIMARY KEY (device, camera, hour)
) STRICT, WITHOUT ROWID;
