// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';
import { bytes, hash, id, integer, object, oneOf, where, type Read } from '../schema.ts';
import { Envelope } from './dsse.ts';
import type { Roster } from './roster.ts';

/**
 * An owner's answer to another who wants to put in a hub and needs a second one (docs/protocol.md 8).
 * With yes it carries the signature on that very link.
 */
const schema = where(
  object({
    answer: oneOf('yes', 'no', 'stale'),
    at: integer(1),
    device: id('dev'),
    household: hash,
    link: hash,
    signature: bytes(0, 64),
  }),
  ({ answer, signature }) => signature.length === (answer === 'yes' ? 64 : 0),
  'signed with yes, and else not',
);

export type Second = Read<typeof schema>;

/** How old a link may be that puts in a hub, and so how long the second owner has. */
export const linkAge = 15 * 60_000;
const ahead = 120_000;

/** Wants a time to be one that a hub would take a link of. */
export function lately(at: number, now: number): void {
  must(at >= now - linkAge && at <= now + ahead, 'time', 'too old, or from the future');
}

/** Reads an answer, and wants an owner of a week to have given it lately. */
export async function openSecond(input: Uint8Array, roster: Roster, now: number): Promise<Second> {
  const envelope = Envelope.parse(input);
  const second = envelope.read('second', schema);
  must(second.household === roster.household, 'household', 'an answer of another household');
  lately(second.at, now);
  const voice = roster.hasVoice(second.device, second.at);
  must(voice, 'signer', 'not of somebody who has been an owner for a week');
  const key = roster.key(second.device) ?? new Uint8Array(0);
  await envelope.verify(new Map([[second.device, key]]));
  return second;
}

/** The link with the signature of whoever said yes. Whether it holds is asked of the roster. */
export function withSecond(link: Envelope, { device, signature }: Second): Envelope {
  return link.with({ keyid: device, sig: signature });
}
