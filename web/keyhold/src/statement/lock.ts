// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';
import type { OpenLeaf } from '../manifest/leaf.ts';
import {
  boolean,
  bytes,
  hash,
  id,
  integer,
  object,
  oneOf,
  text,
  where,
  type Read,
} from '../schema.ts';
import { act, type Act } from './act.ts';
import { Envelope } from './dsse.ts';
import type { Roster } from './roster.ts';

/** What opens the door at a camera (docs/protocol.md 7.6). */
export const lockSetting = where(
  object({
    at: integer(1),
    camera: id('cam'),
    device: id('dev'),
    gesture: boolean,
    head: hash,
    household: hash,
    kind: oneOf('http', 'mqtt', 'onvif', 'off'),
    name: text(200),
    seq: integer(1),
    way: bytes(0, 32),
  }),
  ({ kind, gesture, name, way }) =>
    kind === 'off' ? !gesture && name === '' && way.length === 0 : name !== '' && way.length === 32,
  'a lock with a name and a way, or none',
);

export type LockSetting = Read<typeof lockSetting>;

/** Reads a setting that the hub has taken, whoever of its household signed it, and whenever. */
export async function openLock(input: Uint8Array, roster: Roster): Promise<LockSetting> {
  const envelope = Envelope.parse(input);
  const read = envelope.read('lock', lockSetting);
  must(read.household === roster.household, 'household', 'a setting of another household');
  await byMember(envelope, read.device, roster);
  return read;
}

async function byMember(envelope: Envelope, device: string, roster: Roster): Promise<void> {
  const by = roster.device(device) ?? roster.former(device);
  must(by !== null, 'signer', 'by somebody who never was in the household');
  await envelope.verify(new Map([[device, by?.sign ?? new Uint8Array(0)]]));
}

/** Wants what stands on the record to be what a member has signed, for that camera. */
export async function lockOnRecord(
  leaf: { readonly camera: string; readonly device: string; readonly statement: Uint8Array },
  roster: Roster,
): Promise<LockSetting> {
  const read = await openLock(leaf.statement, roster);
  const theirs = read.device === leaf.device && read.camera === leaf.camera;
  must(theirs, 'signer', 'what opens a door, by somebody who did not say so');
  return read;
}

/** Wants who is said to have opened a door to have signed that; how it ended is the hub's word. */
export async function openingOnRecord(leaf: OpenLeaf, roster: Roster): Promise<void> {
  if (leaf.state !== 'began') return;
  const envelope = Envelope.parse(leaf.statement);
  const read: Act = envelope.read('act', act);
  must(read.household === roster.household, 'household', 'a command of another household');
  await byMember(envelope, read.device, roster);
  const theirs =
    read.device === leaf.device &&
    read.target === leaf.camera &&
    read.action === 'open' &&
    envelope.hashText() === leaf.act;
  must(theirs, 'signer', 'a door opened by somebody who did not open it');
}
