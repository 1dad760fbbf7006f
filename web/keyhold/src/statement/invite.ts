// SPDX-License-Identifier: Apache-2.0

import { wordlist } from '@scure/bip39/wordlists/english.js';
import { equal, utf8 } from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import { sha256 } from '../crypto/hash.ts';
import { must } from '../mutant.ts';
import { boolean, bytes, decode, list, object, oneOf, text, where, type Read } from '../schema.ts';
import { checkRights, rights, roles, type Right, type Role } from './rights.ts';
import type { Op } from './roster.ts';

/** What inviter and joiner say to each other in two boxes (docs/protocol.md 9). */

/** The longest message in a box. */
export const maxDrop = 65_536;

const offer = where(
  object({
    kind: oneOf('device', 'person'),
    name: text(200),
    rights,
    role: oneOf(...roles, ''),
    roster: list(bytes(), 1),
    slow: boolean,
  }),
  (o) =>
    o.kind === 'person'
      ? o.role !== '' && (!o.slow || o.rights.length > 0)
      : o.role === '' && o.name === '' && o.rights.length === 0 && !o.slow,
  'an offer whose fields go together',
);

/** What the inviter leaves for the joiner, by itself and before anything else. */
export type Offer = Read<typeof offer>;

/** What a new person is to be. */
export interface Terms {
  readonly role: Role;
  readonly rights: readonly Right[];
  readonly slow: boolean;
}

const dayLong = 24 * 3_600_000;

/** From afar nothing opens for a day: time for somebody to notice a stranger. */
export function checkSlow({ rights, slow }: Terms, now: number): void {
  if (!slow) return;
  must(
    rights.length > 0 && rights.every((one) => one.since >= now + dayLong),
    'invitation',
    'an invitation from afar opens nothing for a day, and makes neither owner nor guardian',
  );
}

export function readOffer(input: Uint8Array): Offer {
  const read = decode(input, offer, maxDrop);
  if (read.kind === 'person') checkRights(read.role as Role, read.rights);
  return read;
}

const answer = object({ hmac: bytes(32), link: bytes(), name: text(200), person_name: text(200) });

/** What the joiner asks for. */
export type JoinMessage = Read<typeof answer>;

export function readJoinMessage(input: Uint8Array): JoinMessage {
  return decode(input, answer, maxDrop);
}

/** Wants the joiner's operation to be what was offered, and nothing more. */
export function checkOffered(op: Op, inviter: string, terms: Terms | null): void {
  const same =
    terms === null
      ? op.kind === 'add-device' && op.person === inviter
      : op.kind === 'add-person' &&
        op.role === terms.role &&
        equal(encode(op.rights as Writable), encode(terms.rights as Writable));
  must(same, 'invitation', 'somebody asks for something else than was offered');
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
