// SPDX-License-Identifier: Apache-2.0

import { maxBytes } from '../canon.ts';
import { publicSize } from '../crypto/xwing.ts';
import { RuleError } from '../rule.ts';
import {
  boolean,
  bytes,
  hash,
  id,
  integer,
  isObject,
  keyId,
  list,
  object,
  oneOf,
  text,
  variant,
  where,
  type Read,
  type Schema,
} from '../schema.ts';
import { rights, role } from './rights.ts';

/** What statements of the roster say (docs/protocol.md 3). */

/** Where a device keeps its secret keys. */
export const storages = ['native', 'split', 'software'] as const;

export const deviceKeys = object({
  id: id('dev'),
  reader: bytes(publicSize),
  sign: bytes(32),
  storage: oneOf(...storages),
});
export const passkeyKeys = where(
  object({
    credential: bytes(1, 1023),
    id: id('pas'),
    origin: text(255),
    public: bytes(1, 1024),
    reader: bytes(publicSize),
    sign: bytes(32),
    synced: boolean,
  }),
  ({ origin }) => /^https?:\/\/([a-z0-9-]+\.)*[a-z0-9-]+(:[1-9][0-9]{0,4})?$/.test(origin),
  'a passkey of an origin',
);
export const hubKeys = object({ hpke: bytes(publicSize), sign: bytes(32) });
export const sheetKeys = object({ reader: bytes(publicSize), sign: bytes(32) });
export const head = object({ hash, seq: integer() });

export const genesis = object({
  at: integer(1),
  device: deviceKeys,
  hub: hubKeys,
  nonce: bytes(32),
  person: id('per'),
  sheet: sheetKeys,
});

/** What a hub that is replaced has left behind, and how many of them. */
export const closedRun = object({ root: hash, run: id('run'), size: integer() });
const maxClosed = 256;
const closedRuns = where(
  list(closedRun, 0, maxClosed),
  (runs) => new Set(runs.map((one) => one.run)).size === runs.length,
  'runs, each once',
);

const kind = text(maxBytes);
const person = id('per');

const ops = {
  'add-device': object({ device: deviceKeys, kind, person }),
  'add-person': object({ device: deviceKeys, kind, person, rights, role }),
  'add-passkey': object({ kind, passkey: passkeyKeys, person }),
  'set-rights': object({ kind, person, rights, role }),
  remove: object({ kind, removal: bytes(1, 8192) }),
  'new-sheet': object({ kind, sheet: sheetKeys }),
  'announce-removal': object({ kind, person }),
  object: object({ kind, person }),
  'replace-hub': object({ hub: hubKeys, kind, runs: closedRuns }),
};
const op = variant(ops);

const linkFields = object({
  at: integer(1),
  household: hash,
  op,
  prev: hash,
  seq: integer(1),
});

export type Op = Read<typeof op>;
export type Link = Read<typeof linkFields>;

/** A link. An operation of a later version is refused as such, whatever else stands there. */
export const link: Schema<Link> = {
  shape(value) {
    const given = isObject(value) ? value['op'] : undefined;
    const kind = given !== undefined && isObject(given) ? given['kind'] : undefined;
    if (typeof kind === 'string' && !Object.hasOwn(ops, kind)) {
      throw new RuleError('roster-op', 'an operation that this version does not know');
    }
    return linkFields.shape(value);
  },
  read: (value) => linkFields.read(value),
};

export const removal = where(
  object({
    at: integer(1),
    device: keyId(''),
    head,
    household: hash,
    person: id('per', ''),
  }),
  (r) => (r.device === '') !== (r.person === ''),
  'a removal of one device or one person',
);

export type DeviceKeys = Read<typeof deviceKeys>;
export type PasskeyKeys = Read<typeof passkeyKeys>;
export type HubKeys = Read<typeof hubKeys>;
export type SheetKeys = Read<typeof sheetKeys>;
export type Head = Read<typeof head>;
export type Removal = Read<typeof removal>;
