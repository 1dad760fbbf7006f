// SPDX-License-Identifier: Apache-2.0

import { bytes, decode, hash, id, keyId, list, object, oneOf, text, type Read } from '../schema.ts';
import { chunk, maxParts } from './invite.ts';

/** What a device and a hub that takes another's place say to each other (docs/protocol.md 8). */
const name = text(200);

const takeover = object({
  cameras: list(object({ id: id('cam'), name, state: oneOf('on', 'removed') })),
  devices: list(object({ id: keyId(), name })),
  /** Shows that whoever made the link holds the hub's code. */
  hmac: bytes(),
  link: bytes(),
  persons: list(object({ id: id('per'), name })),
  /** The chain that the link continues, where the cloud does not give it under `sheet`. */
  roster: list(bytes()),
  /** Under what the sheet in force looks its household up. */
  sheet: hash,
  /** Who waits for the answer. */
  to: keyId('sheet'),
  zone: name,
});

/** What the new hub is handed. */
export type Takeover = Read<typeof takeover>;

export function readTakeover(input: Uint8Array): Takeover {
  return decode(input, takeover, maxParts * chunk);
}

/** The longest answer: a link that is as long as an envelope may be, as base64. */
const maxTaken = 196_608;

const taken = object({ error: oneOf('', 'stale', 'denied', 'refused'), link: bytes() });

/** The new hub's answer. */
export type Taken = Read<typeof taken>;

export function readTaken(input: Uint8Array): Taken {
  return decode(input, taken, maxTaken);
}
