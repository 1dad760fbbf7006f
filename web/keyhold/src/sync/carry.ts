// SPDX-License-Identifier: Apache-2.0

import type { Names } from '../statement/request.ts';
import type { Children } from './children.ts';
import type { Masks } from './masks.ts';

type ToMasks = Pick<Masks, 'said' | 'set'>;
type ToChildren = Pick<Children, 'said' | 'first'>;
const tries = 3;

/**
 * Tells a new hub what the one before had covered, and which cameras are in a child's room, in this
 * device's own words (docs/protocol.md 8). The hub before said so in its document of names, which
 * nobody else can have written, nor put back behind what this device has seen. Until the hub is
 * told, it records and shows nothing of a camera: where it does not answer, somebody says it later.
 */
export async function carry(
  masks: ToMasks,
  children: ToChildren,
  was: Names | null,
): Promise<void> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    try {
      // What it has been told is not told again.
      return await tell(masks, children, was);
    } catch {
      // A hub that has just been put in takes a while to answer.
    }
  }
}

async function tell(masks: ToMasks, children: ToChildren, was: Names | null): Promise<void> {
  const cameras = (was?.cameras ?? []).filter(({ state }) => state === 'on');
  if (cameras.length === 0) return;
  const covered = await masks.said();
  const rooms = await children.said();
  for (const { id, child, masks: list, unsaid } of cameras) {
    const known = unsaid !== true;
    // The child's room first: once it is said what is covered, the camera is on.
    if ((known || child === true) && !rooms.has(id)) await children.first(id, child === true);
    const some = list !== undefined && list.length > 0;
    if ((known || some) && !covered.has(id)) await masks.set(id, list ?? [], 0);
  }
}
