// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';
import { hash, id, integer, list, object, where, type Read } from '../schema.ts';
import { Envelope } from './dsse.ts';
import type { Roster } from './roster.ts';

/** The width, and the height, of a picture in which masks are told. */
export const whole = 1000;

const mask = where(
  object({
    height: integer(10, whole),
    left: integer(0, whole),
    top: integer(0, whole),
    width: integer(10, whole),
  }),
  (m) => m.left + m.width <= whole && m.top + m.height <= whole,
  'a mask within the picture',
);

export type Mask = Read<typeof mask>;

/** In the order of a setting. */
export function compareMasks(a: Mask, b: Mask): number {
  return a.top - b.top || a.left - b.left || a.height - b.height || a.width - b.width;
}

/** All that is covered of a picture. */
export const maskList = where(
  list(mask, 0, 8),
  (masks) => masks.every((one, i) => i === 0 || compareMasks(masks[i - 1]!, one) < 0),
  'masks in order',
);

/** What somebody covered of a camera's picture (docs/protocol.md 7.3). */
export const maskSetting = object({
  at: integer(1),
  camera: id('cam'),
  device: id('dev'),
  head: hash,
  household: hash,
  masks: maskList,
  seq: integer(1),
});

export type MaskSetting = Read<typeof maskSetting>;

/** Reads a setting that the hub has taken, whoever of its household signed it, and whenever. */
export async function openMasks(input: Uint8Array, roster: Roster): Promise<MaskSetting> {
  const envelope = Envelope.parse(input);
  const read = envelope.read('masks', maskSetting);
  must(read.household === roster.household, 'household', 'masks of another household');
  const by = roster.device(read.device) ?? roster.former(read.device);
  must(by !== null, 'signer', 'masks by somebody who never was in the household');
  await envelope.verify(new Map([[read.device, by?.sign ?? new Uint8Array(0)]]));
  return read;
}

/** Wants what stands on the record as covered to be what a member has signed, for that camera. */
export async function maskedOnRecord(
  leaf: { readonly camera: string; readonly device: string; readonly statement: Uint8Array },
  roster: Roster,
): Promise<MaskSetting> {
  const read = await openMasks(leaf.statement, roster);
  const theirs = read.device === leaf.device && read.camera === leaf.camera;
  must(theirs, 'signer', 'masks by somebody who did not say so');
  return read;
}
