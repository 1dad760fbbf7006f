// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';
import { boolean, hash, id, integer, list, object, where, type Read } from '../schema.ts';
import { Envelope } from './dsse.ts';
import { hours, zone } from './rights.ts';
import type { Roster } from './roster.ts';

const holds = { hours: list(hours, 0, 16), on: boolean, zone };
const zoned = (s: { readonly hours: readonly unknown[]; readonly zone: string }): boolean =>
  s.hours.length > 0 === (s.zone !== '');

/** What holds for a camera, or for all of them, whoever has set it. What holds nothing is left out. */
export const held = where(
  object(holds),
  (h) => zoned(h) && (h.on || h.hours.length > 0),
  'what is private, with a zone where it has hours',
);

export type Held = Read<typeof held>;

/** What somebody set to be private, for a camera or for all of them (docs/protocol.md 7.2). */
export const setting = where(
  object({
    at: integer(1),
    camera: id('cam', 'household'),
    device: id('dev'),
    head: hash,
    household: hash,
    seq: integer(1),
    ...holds,
  }),
  zoned,
  'a setting with a zone where it has hours',
);

export type Setting = Read<typeof setting>;

/** Reads a setting that the hub has taken, whoever of its household signed it, and whenever. */
export async function openKept(input: Uint8Array, roster: Roster): Promise<Setting> {
  const envelope = Envelope.parse(input);
  const read = envelope.read('private', setting);
  must(read.household === roster.household, 'household', 'a setting of another household');
  const by = roster.device(read.device) ?? roster.former(read.device);
  must(by !== null, 'signer', 'a setting by somebody who never was in the household');
  await envelope.verify(new Map([[read.device, by?.sign ?? new Uint8Array(0)]]));
  return read;
}

/** Wants what stands on the record as private to be what a member has signed, for that camera or for all. */
export async function privateOnRecord(
  leaf: { readonly camera: string; readonly device: string; readonly statement: Uint8Array },
  roster: Roster,
): Promise<Setting> {
  const read = await openKept(leaf.statement, roster);
  const { camera, device } = read;
  const theirs = device === leaf.device && (camera === leaf.camera || camera === 'household');
  must(theirs, 'signer', 'private by somebody who did not say so');
  return read;
}
