-- SPDX-License-Identifier: Apache-2.0
-- Devices that alerts are pushed to.

-- +goose Up

CREATE TABLE phones (
    device   TEXT PRIMARY KEY,
    key      BLOB NOT NULL,    -- P-256, secret: by it the push service knows that this hub is the one it sends for
    endpoint TEXT NOT NULL,    -- '' until the device has subscribed
    p256dh   BLOB NOT NULL,    -- the browser's public key
    auth     BLOB NOT NULL,    -- and the secret that it shares with this hub
    since    INTEGER NOT NULL, -- ms
    seen     INTEGER NOT NULL, -- ms: when it last said that an alert had come; 0: never
    took     INTEGER NOT NULL  -- ms that this one was on its way
) STRICT, WITHOUT ROWID;

-- Alerts that a push service has taken, and that the device has said nothing of yet.
CREATE TABLE phones_unheard (
    device TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    at     INTEGER NOT NULL, -- ms: when it happened
    PRIMARY KEY (device, seq)
) STRICT, WITHOUT ROWID;
