// SPDX-License-Identifier: Apache-2.0

import { base64 } from '../bytes.ts';
import { must } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import {
  boolean,
  bytes,
  hash,
  id,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  where,
  type Read,
} from '../schema.ts';
import { Envelope } from './dsse.ts';
import { checkTime } from './request.ts';
import type { Roster } from './roster.ts';

/** What devices and hub say to each other about live view (docs/protocol.md 14). */
const maxCameras = 16;
const maxSdp = 36_864;
const ascii = /^[\0-\x7f]*$/;

/** Why the hub shows nothing. */
export const refusals = [
  'late',
  'stale',
  'denied',
  'not-found',
  'invalid',
  'busy',
  'private',
] as const;
export type RefusalWord = (typeof refusals)[number];
/** Why the hub ended a view. */
export const endings = ['right', 'camera', 'hub', 'lost', 'private'] as const;
export type EndWord = (typeof endings)[number];

const body: Readonly<Record<string, (from: string, text: string) => boolean>> = {
  offer: (from, sdp) => from !== 'hub' && sdp !== '',
  answer: (from, sdp) => from === 'hub' && sdp !== '',
  refused: (from, word) => from === 'hub' && (refusals as readonly string[]).includes(word),
  end: (from, word) =>
    from === 'hub' ? (endings as readonly string[]).includes(word) : word === '',
  ask: (from, word) => from !== 'hub' && word === '',
};

export const signal = where(
  object({
    at: integer(1),
    body: where(text(maxSdp), (t) => ascii.test(t), 'ASCII'),
    cameras: list(id('cam'), 0, maxCameras),
    from: id('dev', 'hub'),
    head: hash,
    household: hash,
    kind: oneOf('offer', 'answer', 'refused', 'end', 'ask'),
    nonce: bytes(16),
    to: id('dev', 'hub'),
    view: id('vie'),
  }),
  ({ body: said, cameras, from, kind, to }) => {
    const named = ['offer', 'answer', 'refused'].includes(kind);
    return (
      (from === 'hub') !== (to === 'hub') &&
      named === cameras.length > 0 &&
      new Set(cameras).size === cameras.length &&
      body[kind]!(from, said)
    );
  },
  'a signal as its kind wants it',
);

export type Signal = Read<typeof signal>;

const maxLooks = 240;
const maxPrivate = 160;
const maxTalks = 16;

const looking = object({
  camera: id('cam'),
  device: id('dev'),
  person: id('per'),
  since: integer(1),
  view: id('vie'),
});

export type Looking = Read<typeof looking>;

/** A camera that is private: by what is set for all (`home`), by hours of the week (`hours`). */
const turnedOff = object({
  camera: id('cam'),
  device: id('dev'),
  home: boolean,
  hours: boolean,
  person: id('per'),
  since: integer(1),
});

export type TurnedOff = Read<typeof turnedOff>;

export const watching = where(
  object({
    at: integer(1),
    household: hash,
    looks: list(looking, 0, maxLooks),
    private: list(turnedOff, 0, maxPrivate),
    talks: optional(list(looking, 0, maxTalks)),
    to: id('dev'),
  }),
  ({ looks, private: off, talks = [] }) =>
    looks.length + off.length + talks.length <= maxLooks &&
    [looks, talks].every((all) => all.every((one, i) => i === 0 || before(all[i - 1]!, one))) &&
    off.every((one, i) => i === 0 || off[i - 1]!.camera < one.camera),
  'looks and private cameras in order',
);

export type Watching = Read<typeof watching>;

/** By when they began, then by view, then by camera. */
function before(a: Looking, b: Looking): boolean {
  if (a.since !== b.since) return a.since < b.since;
  return a.view === b.view ? a.camera < b.camera : a.view < b.view;
}

const freshness = 30_000;

/** An offer that waits for its answer. */
export interface Offered {
  readonly view: string;
  readonly nonce: Uint8Array;
  readonly cameras: readonly string[];
  /** The head that it named. */
  readonly head: string;
}

export interface SignalReader {
  readonly roster: Roster;
  /** Who reads: a device, or `hub`. */
  readonly self: string;
  readonly now: number;
}

/** Reads a signal and checks who says it, and to whom; `sealedBy` is what the mail's aad says. */
export async function openSignal(
  input: Uint8Array,
  { roster, self }: Pick<SignalReader, 'roster' | 'self'>,
  sealedBy: string,
): Promise<{ read: Signal; hash: string }> {
  const envelope = Envelope.parse(input);
  const read = envelope.read('signal', signal);
  must(read.household === roster.household, 'household', 'a signal of another household');
  must(read.to === self && read.from === sealedBy, 'audience', 'a signal for somebody else');
  const key = roster.key(read.from);
  must(key !== null, 'signer', 'a signal of a device that is not in the roster');
  await envelope.verify(new Map([[read.from, key ?? new Uint8Array(0)]]));
  return { read, hash: envelope.hashText() };
}

export const isLate = ({ kind, body }: Signal): boolean => kind === 'refused' && body === 'late';

/** Refuses a signal of another time, or one that came before. */
export function checkFresh(
  { at, nonce }: Signal,
  now: number,
  seen: (nonce: Uint8Array) => boolean,
): void {
  must(Math.abs(at - now) <= freshness, 'time', 'a signal of another time');
  must(!seen(nonce), 'replay', 'a signal that came before');
}

/** Finds the offer that an answer or a refusal is for. */
export function offerOf<T extends Offered>(read: Signal, waiting: Iterable<T>): T {
  const own = [...waiting].find(
    ({ view, nonce, cameras }) =>
      view === read.view &&
      base64(nonce) === base64(read.nonce) &&
      cameras.join() === read.cameras.join(),
  );
  if (own === undefined) throw new RuleError('replay', 'an answer to no offer that waits');
  const same = read.kind !== 'answer' || read.head === own.head;
  must(same, 'head', 'an answer under another roster than the offer');
  return own;
}

/** Reads the hub's word on who is watching; `last` is the time of the newest one before. */
export async function openWatching(
  input: Uint8Array,
  { roster, self, now }: SignalReader,
  last: number,
): Promise<Watching> {
  const envelope = Envelope.parse(input);
  const read = envelope.read('watching', watching);
  must(read.household === roster.household, 'household', 'a list of another household');
  must(read.to === self, 'audience', 'a list for somebody else');
  await envelope.verify(new Map([['hub', roster.hub.sign]]));
  checkTime(read.at, now);
  must(read.at > last, 'replay', 'a list that is not newer than the last');
  return read;
}
