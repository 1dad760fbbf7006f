// SPDX-License-Identifier: Apache-2.0

import { maxBytes } from '../canon.ts';
import { must } from '../mutant.ts';
import {
  boolean,
  bytes,
  hash,
  id,
  integer,
  isId,
  keyId,
  list,
  matching,
  object,
  oneOf,
  optional,
  text,
  where,
  type Read,
} from '../schema.ts';
import { bell } from './bell.ts';
import { carried, placed } from './carried.ts';
import { channel, channelReport } from './channel.ts';
import { light, lightReport } from './light.ts';
import { brokered, integration, languages, scope, told } from './integration.ts';
import { bellReport, cameraReport, phone, recorded } from './reports.ts';
import { hours } from './rights.ts';
import { head } from './roster.ts';

export type { Bell } from './bell.ts';
export type { Carried, Proved } from './carried.ts';
export type { Light, LightReport } from './light.ts';

/** What devices, hub and cloud say to each other (docs/protocol.md 4, 6 and 7). */
const at = integer(1);
const nonce = bytes(16);

export const fetchStatement = where(
  object({
    at,
    cameras: list(id('cam', 'household'), 0, 256),
    device: keyId('sheet'),
    from: integer(),
    household: hash,
    kind: oneOf('sync', 'footage'),
    nonce,
    purpose: oneOf('sync', 'tiles', 'history', 'export'),
    to: bytes(32),
    until: integer(),
  }),
  (f) =>
    f.until >= f.from &&
    (f.kind === 'sync') === (f.purpose === 'sync') &&
    (f.kind === 'sync' || (isId('dev', f.device) && !f.cameras.includes('household'))),
  'a window with a purpose of its kind',
);

export const writeStatement = object({
  at,
  from: keyId('hub', 'sheet'),
  household: hash,
  kind: oneOf(
    'objects',
    'pages',
    'tiles',
    'checkpoints',
    'envelopes',
    'names',
    'status',
    'roster',
    'reseals',
    'labels',
    'mail',
    'erase',
    'kept',
  ),
  name: text(256, 1),
  nonce,
  sha256: hash,
  size: integer(),
});

export const session = object({
  at,
  from: keyId('hub', 'sheet'),
  household: hash,
  nonce,
  to: bytes(32),
});

/** Asks for relays of live view. */
export const relaysStatement = object({
  at,
  from: where(keyId('hub'), (from) => !isId('pas', from), 'the hub or a device'),
  household: hash,
  nonce,
  to: bytes(32),
});

/** Which fields of an operation have to say something; others may stand there and mean nothing. */
type OpField =
  | 'act'
  | 'bell'
  | 'camera'
  | 'cameras'
  | 'channel'
  | 'child'
  | 'cloud'
  | 'copy'
  | 'erase'
  | 'language'
  | 'link'
  | 'lock'
  | 'masks'
  | 'name'
  | 'private'
  | 'push'
  | 'received'
  | 'recorded'
  | 'removal'
  | 'star'
  | 'tells'
  | 'url';
const opFields: Readonly<Record<string, readonly OpField[]>> = {
  ping: [],
  'add-camera': ['name', 'url'],
  'remove-camera': ['camera'],
  'rename-camera': ['camera', 'name'],
  'list-cameras': [],
  'leave-early': [],
  rotate: [],
  'append-link': ['link'],
  remove: ['removal'],
  erase: ['erase'],
  move: ['cloud'],
  copy: ['copy'],
  switch: [],
  'ask-removal': ['removal'],
  asked: [],
  'at-home': [],
  'set-small': ['camera'],
  smalls: [],
  'set-speaker': ['camera'],
  'try-speaker': ['camera'],
  'set-light': ['camera'],
  'try-light': ['camera'],
  lights: [],
  'set-room': ['camera'],
  private: ['private'],
  privates: [],
  'set-masks': ['masks'],
  masks: [],
  star: ['star'],
  stars: ['camera'],
  'carry-star': ['camera'],
  'set-bell': ['bell', 'camera'],
  bells: [],
  snooze: ['camera'],
  snoozes: [],
  'set-quiet': ['camera'],
  quiets: [],
  'carry-quiet': [],
  'push-key': [],
  subscribe: ['push'],
  unsubscribe: [],
  'test-alert': [],
  'alert-received': ['received'],
  phones: [],
  'set-recorded': ['camera', 'recorded'],
  recorded: [],
  'set-child': ['child'],
  children: [],
  'set-lock': ['lock'],
  locks: [],
  'ask-open': ['camera'],
  open: ['act'],
  'add-integration': ['cameras', 'language', 'name', 'tells'],
  'remove-integration': ['name'],
  integrations: [],
  'add-channel': ['channel', 'language', 'name'],
  'remove-channel': ['name'],
  'test-channel': ['name'],
  channels: [],
};

/** In which form a camera is recorded: as it sends it, made into H.264 by the hub, its second stream. */
export const form = oneOf('sent', 'made', 'small');
export type Form = Read<typeof form>;

const part = bytes(1, 2048);

/** A passkey's word on the hash of a link: WebAuthn's answer. */
const assertion = object({ authenticator: part, client: part, id: id('pas'), signature: part });
export type Assertion = Read<typeof assertion>;

/** What shows that a person wants just this: the six digits that the hub shows, or a passkey's word. */
const gesture = where(
  object({ code: optional(matching(/^[0-9]{6}$/)), passkey: optional(assertion) }),
  (g) => (g.code === undefined) !== (g.passkey === undefined),
  'a code or a passkey',
);

/** Operations on one camera. */
const onOne = [
  'remove-camera',
  'rename-camera',
  'set-room',
  'set-small',
  'set-speaker',
  'try-speaker',
  'set-light',
  'try-light',
  'set-recorded',
  'set-bell',
  'snooze',
  'set-quiet',
  'stars',
  'carry-star',
  'ask-open',
];

/** Where a browser takes push messages, and what they are encrypted with. */
const subscription = object({
  auth: bytes(16),
  endpoint: matching(/^https?:\/\/[!-~]{1,1016}$/),
  p256dh: where(bytes(65), (key) => key[0] === 4, 'a whole point'),
});
export type Subscription = Read<typeof subscription>;

/** When an alert came, by the device's clock. */
const received = object({ at, seq: integer(1) });

/** What was last said of quiet hours, and when; without hours they were taken back. */
const saidQuiet = object({
  camera: id('cam', 'household'),
  hours: optional(list(hours, 0, 16)),
  said: integer(),
});
export type SaidQuiet = Read<typeof saidQuiet>;
/** Of so many cameras one command tells. */
export const maxSaidQuiet = 32;

const op = where(
  object({
    kind: text(),
    act: optional(bytes(1, 3072)),
    after: optional(integer()),
    bell: optional(bell),
    camera: optional(text()),
    cameras: optional(list(text(), 0, 256)),
    carried: optional(carried),
    channel: optional(channel),
    cloud: optional(object({ to: bytes(32), url: text(2048) })),
    copy: optional(
      object({
        address: text(),
        leaves: list(placed, 0, 64),
        pages: list(text(), 0, 64),
      }),
    ),
    erase: optional(bytes()),
    gesture: optional(gesture),
    hours: optional(list(hours, 0, 16)),
    language: optional(oneOf(...languages)),
    leaves: optional(list(placed, 0, 8)),
    light: optional(light),
    link: optional(bytes()),
    lock: optional(bytes(1, 4096)),
    lost: optional(integer()),
    masks: optional(bytes(1, 4096)),
    child: optional(bytes(1, 4096)),
    name: optional(text(200)),
    person_name: optional(text(200)),
    private: optional(bytes(1, 8192)),
    push: optional(subscription),
    received: optional(received),
    recorded: optional(form),
    removal: optional(bytes()),
    room: optional(text(200)),
    said: optional(list(saidQuiet, 0, maxSaidQuiet)),
    star: optional(bytes(1, 4096)),
    tells: optional(told),
    until: optional(integer()),
    url: optional(text(2048)),
    way: optional(bytes(1, 8192)),
  }),
  (o) => {
    const needed = Object.hasOwn(opFields, o.kind) ? opFields[o.kind] : undefined;
    if (needed === undefined || needed.some((name) => o[name] === undefined)) return false;
    if (o.kind === 'add-integration' && !scope(o.cameras ?? [])) return false;
    if (o.kind === 'add-integration' && !brokered(o.tells ?? [], o.url ?? '')) return false;
    if (o.kind === 'add-channel' && o.cameras !== undefined && !scope(o.cameras)) return false;
    if (o.kind === 'set-quiet' && o.camera === 'household') return true;
    const cameras = onOne.includes(o.kind) ? [o.camera ?? ''] : (o.cameras ?? []);
    return cameras.every((camera) => isId('cam', camera));
  },
  'a known operation with its fields',
);

export const command = object({
  at,
  device: keyId('sheet'),
  head: hash,
  household: hash,
  nonce,
  op,
});

export const reply = object({
  at,
  error: text(maxBytes),
  head,
  household: hash,
  nonce,
  result: object({
    addresses: optional(list(text())),
    bells: optional(list(bellReport)),
    camera: optional(text()),
    cameras: optional(list(cameraReport)),
    channels: optional(list(channelReport)),
    challenge: optional(object({ bytes: bytes(16), not_after: integer(1) })),
    forgotten: optional(boolean),
    hooks: optional(list(text())),
    integrations: optional(list(integration)),
    lights: optional(list(lightReport)),
    link: optional(bytes()),
    locks: optional(list(bytes())),
    masks: optional(list(bytes())),
    opened: optional(object({ at: integer(1), person: id('per') })),
    phones: optional(list(phone)),
    children: optional(list(bytes())),
    privates: optional(list(bytes())),
    push_key: optional(bytes(65)),
    quiets: optional(list(object({ camera: id('cam', 'household'), hours: list(hours, 1, 16) }))),
    recorded: optional(list(recorded)),
    removals: optional(list(bytes())),
    said: optional(list(saidQuiet)),
    smalls: optional(list(text())),
    stars: optional(
      list(object({ objects: list(id('obj')), statement: bytes(), waiting: optional(boolean) })),
    ),
    snoozes: optional(list(object({ camera: text(), until: integer() }))),
    streams: optional(list(text())),
    taken: optional(list(id('cam', 'household'))),
  }),
  root: hash,
  run: id('run'),
  size: integer(),
});

export const reseal = object({
  at,
  device: keyId('sheet'),
  epochs: list(
    object({ camera: id('cam', 'household'), envelope: hash, epoch: id('epo') }),
    0,
    256,
  ),
  head: hash,
  household: hash,
});

export const row = object({
  bytes: bytes(1120, 2048),
  camera: id('cam', 'household'),
  device: keyId('sheet'),
  epoch: id('epo'),
  head: hash,
});

export const status = where(
  object({
    at,
    head: hash,
    household: hash,
    lag: integer(),
    run: id('run'),
    signed: integer(),
    uploaded: integer(),
  }),
  (s) => s.uploaded <= s.signed,
  'a status whose uploads were signed',
);

export type { BellReport, CameraReport, PhoneReport, Recorded } from './reports.ts';
export type Fetch = Read<typeof fetchStatement>;
export type Op = Read<typeof op>;
export type Reply = Read<typeof reply>;
export type Row = Read<typeof row>;
export type Status = Read<typeof status>;

const patience = 120_000;

/** The window in which a statement of this time is taken. */
export function checkTime(at: number, now: number): void {
  must(Math.abs(at - now) <= patience, 'time', 'a statement of another time');
}
