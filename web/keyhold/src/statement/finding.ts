// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';
import {
  boolean,
  bytes,
  hash,
  id,
  integer,
  list,
  matching,
  object,
  oneOf,
  optional,
  text,
  where,
  type Read,
} from '../schema.ts';
import { Envelope } from './dsse.ts';
import { checkTime, form } from './request.ts';
import type { Roster } from './roster.ts';

/** What devices ask the hub about cameras that may be found, and its answers (docs/protocol.md 7.1). */
const at = integer(1);
const nonce = bytes(16);
const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const address = matching(new RegExp(`^(?:${octet}(?:\\.${octet}){3})?$`));

export const find = where(
  object({
    address,
    at,
    device: id('dev'),
    found: id('fnd', ''),
    household: hash,
    kind: oneOf('look', 'try', 'add', 'check'),
    name: text(200),
    nonce,
    password: text(200),
    recorded: optional(form),
    user: text(200),
  }),
  (f) =>
    (f.found !== '') === (f.kind === 'try' || f.kind === 'add') &&
    (f.name !== '') === (f.kind === 'add') &&
    (f.recorded === undefined || f.kind === 'add') &&
    (f.kind === 'try' || (f.user === '' && f.password === '')) &&
    (f.user !== '' || f.password === '') &&
    (f.kind === 'look' || f.address === ''),
  'a question as its kind wants it',
);

export type Find = Read<typeof find>;

const words = text(240);
const side = integer(0, 16_384);

const one = object({
  address: text(64),
  camera: id('cam', ''),
  found: id('fnd'),
  maker: words,
  model: words,
  password: boolean,
});

export const found = object({
  at,
  camera: id('cam', ''),
  cameras: list(one, 0, 64),
  choice: optional(object({ cost: integer(0), small: boolean })),
  error: text(64),
  height: side,
  household: hash,
  nonce,
  picture: bytes(0, 24_576),
  swapped: list(id('cam'), 0, 256),
  to: id('dev'),
  width: side,
});

export type Found = Read<typeof found>;
export type FoundCamera = Found['cameras'][number];

export interface FoundReader {
  readonly roster: Roster;
  /** Who reads. */
  readonly self: string;
  readonly now: number;
  /** Whether a question with this nonce waits for its answer. */
  readonly waits: (nonce: Uint8Array) => boolean;
}

/** Reads the hub's answer. */
export async function openFound(input: Uint8Array, reader: FoundReader): Promise<Found> {
  const { roster, self, now, waits } = reader;
  const envelope = Envelope.parse(input);
  const read = envelope.read('found', found);
  must(read.household === roster.household, 'household', 'an answer of another household');
  must(read.to === self, 'audience', 'an answer for somebody else');
  await envelope.verify(new Map([['hub', roster.hub.sign]]));
  checkTime(read.at, now);
  must(waits(read.nonce), 'replay', 'an answer to no question that waits');
  return read;
}
