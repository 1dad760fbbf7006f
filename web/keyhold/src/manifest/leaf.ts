// SPDX-License-Identifier: Apache-2.0

import { base32 } from '../bytes.ts';
import { parse, type Json } from '../canon.ts';
import { digest } from '../crypto/hash.ts';
import { must } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import {
  bytes,
  hash,
  id,
  integer,
  isHash,
  isId,
  keyId,
  isObject,
  list,
  object,
  oneOf,
  optional,
  text,
  where,
  type Read,
  type Schema,
} from '../schema.ts';
import { quickReply } from '../statement/quickreply.ts';
import { head } from '../statement/roster.ts';

/** What the hub writes down (docs/protocol.md 5). */
const common = <K extends string>(kind: K, camera: Schema<string>) => ({
  at: integer(1),
  camera,
  kind: oneOf(kind),
  salt: bytes(16),
  seq: integer(),
});

const any = id('cam', 'household');
const ofCamera = id('cam');
const ofHousehold = oneOf('household') as Schema<string>;

const maxMedia = 120_000_000;
const maxSetting = 8192;
const maxMasks = 4096;
const maxChild = 4096;
const maxLock = 4096;
const maxOpen = 3072;

const file = object({
  content: object({ sha256: hash, size: integer() }),
  end: integer(),
  kind: oneOf('segment', 'thumbs'),
  media: integer(0, maxMedia),
  offset: integer(),
  sha256: hash,
  size: integer(1),
  start: integer(1),
});

function filled(p: {
  readonly files: readonly Read<typeof file>[];
  readonly size: number;
}): boolean {
  let offset = 0;
  for (const [i, f] of p.files.entries()) {
    if (f.kind === 'thumbs' && (i !== p.files.length - 1 || f.media !== 0)) return false;
    if (f.offset !== offset || f.end < f.start) return false;
    offset += f.size;
  }
  return offset === p.size;
}

const run = where(
  object({
    ...common('run', ofHousehold),
    head,
    prev_root: text(52),
    prev_run: text(30),
    prev_size: integer(),
    reason: oneOf('genesis', 'behind', 'clock', 'lost', 'hub'),
  }),
  (r) => {
    const first = r.prev_root === '' && r.prev_run === '' && r.prev_size === 0;
    const follows = isHash(r.prev_root) && isId('run', r.prev_run);
    return r.reason === 'genesis' ? first : follows || (first && r.reason === 'hub');
  },
  'a run that names the one before',
);

const pack = where(
  object({
    ...common('pack', ofCamera),
    epoch: id('epo'),
    files: list(file, 1),
    object: id('obj'),
    session: integer(),
    size: integer(),
  }),
  filled,
  'a pack that its files fill',
);

const kinds = {
  run,
  head: object({ ...common('head', ofHousehold), head }),
  names: object({ ...common('names', ofHousehold), names: hash, number: integer(1) }),
  epoch: object({
    ...common('epoch', any),
    epoch: id('epo'),
    head: hash,
    readers: list(object({ device: keyId('sheet'), envelope: hash }), 1),
    recipient: hash,
  }),
  camera: object({ ...common('camera', ofCamera), state: oneOf('added', 'removed') }),
  pack,
  gap: where(
    object({
      ...common('gap', any),
      from: integer(1),
      reason: oneOf('camera', 'hub', 'jump', 'disk', 'stopped', 'private'),
      until: integer(),
    }),
    (g) => g.until >= g.from,
    'a gap that ends after it begins',
  ),
  heartbeat: object(common('heartbeat', any)),
  look: where(
    object({
      ...common('look', ofCamera),
      device: keyId('sheet'),
      fetch: hash,
      from: integer(),
      person: id('per'),
      purpose: oneOf('tiles', 'history', 'export'),
      until: integer(),
    }),
    (l) => l.until >= l.from,
    'a look at a window',
  ),
  live: where(
    object({
      ...common('live', ofCamera),
      device: id('dev'),
      person: id('per'),
      signal: hash,
      since: integer(1),
      state: oneOf('began', 'ended'),
      until: integer(),
      view: id('vie'),
    }),
    (l) => (l.state === 'began' ? l.until === 0 : l.until >= l.since),
    'a live look that has begun or ended',
  ),
  moment: where(
    object({
      ...common('moment', ofCamera),
      epoch: id('epo'),
      files: list(file, 1),
      number: integer(1),
      object: id('obj'),
      session: integer(),
      size: integer(),
    }),
    (m) =>
      m.files.map((one) => one.kind).join() ===
        ['segment', 'thumbs'].slice(0, m.files.length).join() && filled(m),
    'a moment that its files fill',
  ),
  press: object({
    ...common('press', ofCamera),
    number: integer(1),
    pressed: integer(1),
    source: oneOf('onvif', 'webhook', 'mqtt'),
  }),
  masks: object({
    ...common('masks', ofCamera),
    device: id('dev'),
    person: id('per'),
    statement: bytes(1, maxMasks),
  }),
  child: object({
    ...common('child', ofCamera),
    device: id('dev'),
    person: id('per'),
    statement: bytes(1, maxChild),
  }),
  lock: object({
    ...common('lock', ofCamera),
    device: id('dev'),
    person: id('per'),
    statement: bytes(1, maxLock),
  }),
  open: where(
    object({
      ...common('open', ofCamera),
      act: hash,
      device: id('dev'),
      door: text(200, 1),
      number: integer(1),
      outcome: oneOf('', 'opened', 'unanswered', 'refused', 'late', 'lost'),
      person: id('per'),
      since: integer(1),
      state: oneOf('began', 'ended'),
      statement: bytes(0, maxOpen),
    }),
    (l) =>
      l.state === 'began'
        ? l.outcome === '' && l.statement.length > 0
        : l.outcome !== '' && l.statement.length === 0,
    'a door that is being opened or has been',
  ),
  talk: where(
    object({
      ...common('talk', ofCamera),
      act: hash,
      device: id('dev'),
      person: id('per'),
      reply: optional(quickReply),
      since: integer(1),
      state: oneOf('began', 'ended'),
      until: integer(),
      view: id('vie'),
    }),
    (l) => (l.state === 'began' ? l.until === 0 : l.until >= l.since),
    'talk that has begun or ended',
  ),
  star: object({
    ...common('star', ofCamera),
    device: id('dev'),
    person: id('per'),
    statement: bytes(1, maxMasks),
  }),
  private: where(
    object({
      ...common('private', any),
      device: id('dev'),
      person: id('per'),
      since: integer(),
      state: oneOf('began', 'ended', 'set'),
      statement: bytes(1, maxSetting),
      until: integer(),
    }),
    (l) =>
      l.state === 'set'
        ? l.since === 0 && l.until === 0
        : l.camera !== 'household' &&
          l.since > 0 &&
          (l.state === 'began' ? l.until === 0 : l.until >= l.since),
    'a camera that became private or is so no more, or what was set',
  ),
} as const;

export type File = Read<typeof file>;
export type Pack = Read<typeof pack>;
export type MomentLeaf = Read<(typeof kinds)['moment']>;
export type PressLeaf = Read<(typeof kinds)['press']>;
export type OpenLeaf = Read<(typeof kinds)['open']>;
export type PrivateLeaf = Read<(typeof kinds)['private']>;
export type EpochLeaf = Read<(typeof kinds)['epoch']>;
export type Leaf = Read<(typeof kinds)[keyof typeof kinds]>;

export function parseLeaf(input: Uint8Array): Leaf {
  const value: Json = parse(input);
  const kind = isObject(value) ? value['kind'] : undefined;
  if (typeof kind !== 'string') throw new RuleError('shape', 'a leaf without a kind');
  if (!Object.hasOwn(kinds, kind)) throw new RuleError('field', 'a leaf of an unknown kind');
  const schema = kinds[kind as keyof typeof kinds] as Schema<Leaf>;
  must(schema.shape(value), 'shape', 'a field is missing, unknown or of another type');
  return schema.read(value);
}

/** Wants the ciphertext to be the one that the leaf names. */
export async function checkFile(
  file: Pick<File, 'sha256' | 'size'>,
  sealed: Uint8Array,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  must(sealed.length === file.size, 'file-size', 'a recording of another length than signed', {
    ...details,
    signed: file.size,
    given: sealed.length,
  });
  const given = base32(await digest(sealed));
  must(given === file.sha256, 'file-hash', 'a recording of another content than signed', {
    ...details,
    signed: file.sha256,
    given,
  });
}
