// SPDX-License-Identifier: Apache-2.0

import { wordlist } from '@scure/bip39/wordlists/english.js';
import { equal, utf8 } from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import { sha256 } from '../crypto/hash.ts';
import { must } from '../mutant.ts';
import {
  boolean,
  bytes,
  decode,
  id,
  list,
  object,
  oneOf,
  text,
  where,
  type Read,
} from '../schema.ts';
import { checkRights, rights, roles, type Right, type Role } from './rights.ts';
import type { DeviceKeys, Op } from './ops.ts';

/** What inviter and joiner say to each other in two boxes (docs/protocol.md 9). */

/** The longest message in a box. */
export const maxDrop = 65_536;
const maxName = 200;

/** The first message is cut into parts of this size, and is no longer than so many of them. */
export const chunk = 48_000;
export const maxParts = 12;

const name = text(maxName);
const welcomeFields = object({
  cameras: list(object({ id: id('cam'), name })),
  from: name,
  history: boolean,
  kind: oneOf('device', 'person'),
  name,
  rights,
  role: oneOf(...roles, ''),
  roster: list(bytes()),
  slow: boolean,
});

const welcome = where(
  where(
    where(
      welcomeFields,
      (w) => (w.kind === 'device' ? bare(w) : w.role !== ''),
      'an offer whose fields go together',
    ),
    (w) => {
      if (w.role !== '') checkRights(w.role, w.rights);
      return true;
    },
    'an offer whose rights fit its role',
  ),
  (w) => w.kind === 'device' || !w.slow || (w.rights.length > 0 && !w.history),
  'an offer from afar that makes no owner and hands over nothing old',
);

/** A device of one's own has what its person has. */
function bare(w: Read<typeof welcomeFields>): boolean {
  const nothing = w.cameras.length === 0 && w.rights.length === 0 && !w.slow;
  return nothing && w.history && w.name === '' && w.role === '';
}

/** What the inviter leaves for the joiner: the offer, and the roster to check the inviter by. */
export type Welcome = Read<typeof welcome>;

export function readWelcome(input: Uint8Array, limit?: number): Welcome {
  return decode(input, welcome, limit);
}

/** What an invitation promises to whoever uses it. */
export type Offer = Omit<Welcome, 'roster'>;

const dayLong = 24 * 3_600_000;

/** From afar nothing opens for a day: time for somebody to notice a stranger. */
export function checkWait({ rights, slow }: Pick<Offer, 'rights' | 'slow'>, made: number): void {
  must(
    !slow || rights.every((one) => one.since >= made + dayLong),
    'invitation',
    'an invitation from afar opens after a day',
  );
}

/** The operation that takes a device in as offered. `person` is the inviter's, or a new one. */
export function opOf(
  { kind, role, rights }: Pick<Offer, 'kind' | 'role' | 'rights'>,
  device: DeviceKeys,
  person: string,
): Op {
  if (kind === 'device' || role === '') return { kind: 'add-device', device, person };
  return { kind: 'add-person', device, person, role, rights: [...rights] };
}

/** Wants the joiner's operation to be what was offered, and nothing more. */
export function checkOffered(
  op: Op,
  { kind, role, rights }: Pick<Offer, 'kind' | 'role' | 'rights'>,
  inviter: string,
): void {
  const same =
    kind === 'device'
      ? op.kind === 'add-device' && op.person === inviter
      : op.kind === 'add-person' && op.role === role && sameRights(op.rights, rights);
  must(same, 'invitation', 'somebody asks for something else than was offered');
}

export function sameRights(a: readonly Right[], b: readonly Right[]): boolean {
  return equal(encode(a as Writable), encode(b as Writable));
}

/** Whether keys of what was recorded before go to whoever uses the offer. */
export function covers(
  offer: Pick<Offer, 'kind' | 'history' | 'role' | 'rights'>,
  camera: string,
): boolean {
  if (offer.kind === 'device') return true;
  if (!offer.history) return false;
  const adult: readonly (Role | '')[] = ['owner', 'guardian'];
  if (adult.includes(offer.role)) return true;
  return (
    camera !== 'household' &&
    offer.rights.some(
      ({ actions, cameras }) =>
        actions.includes('history') && (cameras.length === 0 || cameras.includes(camera)),
    )
  );
}

const answer = object({ hmac: bytes(32), link: bytes(1, maxDrop), name, person_name: name });

/** What the joiner asks for. */
export type Answer = Read<typeof answer>;

export function readAnswer(input: Uint8Array, limit?: number): Answer {
  return decode(input, answer, limit);
}

const verdict = object({
  /** Empty: the joiner is in. */
  error: oneOf('', 'stale', 'refused', 'words', 'denied'),
  /** The links that the joiner does not have yet. */
  roster: list(bytes()),
});

/** The inviter's word on an answer. */
export type Verdict = Read<typeof verdict>;

export function readVerdict(input: Uint8Array, limit?: number): Verdict {
  return decode(input, verdict, limit);
}

const bitsOfWord = 11;
const wordCount = 6;

/**
 * Six words over the joiner's statement, for two persons to read to each other: whoever stands
 * between them has another statement, and other words.
 */
export function sixWords(pae: Uint8Array): string[] {
  const sum = sha256(utf8('keyhold/v1/invite/words'), pae);
  const words: string[] = [];
  let held = 0;
  let bits = 0;
  for (const byte of sum) {
    held = (held << 8) | byte;
    bits += 8;
    if (bits < bitsOfWord) continue;
    bits -= bitsOfWord;
    words.push(wordlist[held >> bits]!);
    held &= (1 << bits) - 1;
    if (words.length === wordCount) break;
  }
  return words;
}
