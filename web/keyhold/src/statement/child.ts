// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';
import { boolean, hash, id, integer, object, type Read } from '../schema.ts';
import { Envelope } from './dsse.ts';
import type { Roster } from './roster.ts';

/** Whether a camera is in a child's room (docs/protocol.md 7.5). */
export const childSetting = object({
  at: integer(1),
  camera: id('cam'),
  device: id('dev'),
  head: hash,
  household: hash,
  on: boolean,
  seq: integer(1),
});

export type ChildSetting = Read<typeof childSetting>;

/** Reads a setting that the hub has taken, whoever of its household signed it, and whenever. */
export async function openChild(input: Uint8Array, roster: Roster): Promise<ChildSetting> {
  const envelope = Envelope.parse(input);
  const read = envelope.read('child', childSetting);
  must(read.household === roster.household, 'household', 'a setting of another household');
  const by = roster.device(read.device) ?? roster.former(read.device);
  must(by !== null, 'signer', 'a setting by somebody who never was in the household');
  await envelope.verify(new Map([[read.device, by?.sign ?? new Uint8Array(0)]]));
  return read;
}

/** Wants what stands on the record to be what a member has signed, for that camera. */
export async function childOnRecord(
  leaf: { readonly camera: string; readonly device: string; readonly statement: Uint8Array },
  roster: Roster,
): Promise<ChildSetting> {
  const read = await openChild(leaf.statement, roster);
  const theirs = read.device === leaf.device && read.camera === leaf.camera;
  must(theirs, 'signer', "a child's room by somebody who did not say so");
  return read;
}
