// SPDX-License-Identifier: Apache-2.0

import { base64 } from '../bytes.ts';
import { must } from '../mutant.ts';
import { bytes, hash, id, integer, object, oneOf, optional, where, type Read } from '../schema.ts';
import { Envelope } from './dsse.ts';
import { quickReply } from './quickreply.ts';
import type { Rule } from '../rule.ts';
import type { Roster } from './roster.ts';

/** What a device signs so that the hub acts at a camera at once (docs/protocol.md 14.5). */
export const act = where(
  object({
    action: oneOf('talk', 'open'),
    challenge: bytes(16),
    device: id('dev'),
    head: hash,
    household: hash,
    hub: bytes(32),
    not_after: integer(1),
    reply: optional(quickReply),
    target: id('cam'),
  }),
  (one) => one.reply === undefined || one.action === 'talk',
  'a command in which something is spoken at most by talk',
);

export type Act = Read<typeof act>;

/** What a challenge was given for. */
export type Asked = Pick<Act, 'action' | 'not_after' | 'target'>;

export interface ActReader {
  readonly roster: Roster;
  readonly now: number;
  /** The device by whose connection it came. */
  readonly device: string;
  /** What a challenge was given to it for. */
  readonly take: (challenge: Uint8Array) => Asked | null;
}

/** Reads a command as the hub does. */
export async function openAct(input: Uint8Array, reader: ActReader): Promise<string> {
  const { roster, now, device, take } = reader;
  const envelope = Envelope.parse(input);
  const read = envelope.read('act', act);
  must(read.household === roster.household, 'household', 'a command of another household');
  const here = base64(read.hub) === base64(roster.hub.sign) && read.device === device;
  must(here, 'audience', 'a command for another hub, or brought by another device');
  const key = roster.key(read.device);
  must(key !== null, 'signer', 'a command of a device that is not in the roster');
  await envelope.verify(new Map([[read.device, key ?? new Uint8Array(0)]]));
  const asked = take(read.challenge);
  const same =
    asked?.action === read.action &&
    asked.not_after === read.not_after &&
    asked.target === read.target;
  must(same, 'replay', 'no challenge waits for this command');
  must(now <= read.not_after, 'time', 'a command that comes too late');
  must(read.head === roster.head.hash, 'head', 'a command made under another roster');
  const why = roster.may(read.device, read.action, read.target, now);
  must(why === '', why as Rule, 'its device may not');
  return envelope.hashText();
}
