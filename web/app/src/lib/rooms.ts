// SPDX-License-Identifier: Apache-2.0
import type { Camera } from './household';

/** Cameras that are in one place. */
export interface Room<C extends Camera = Camera> {
  /** `''` for those of which nobody has said where they are. */
  readonly name: string;
  readonly cameras: readonly C[];
}

/** Rooms in the order of their first cameras; those in none come last. */
export function byRoom<C extends Camera>(cameras: readonly C[]): Room<C>[] {
  const rooms = new Map<string, C[]>();
  for (const camera of cameras) {
    const name = camera.room ?? '';
    rooms.set(name, [...(rooms.get(name) ?? []), camera]);
  }
  const list = [...rooms].map(([name, inside]) => ({ name, cameras: inside }));
  return [...list.filter(({ name }) => name !== ''), ...list.filter(({ name }) => name === '')];
}

/** Those with more than one camera: what is done to such a room is done to several. */
export function shared<C extends Camera>(cameras: readonly C[]): Room<C>[] {
  return byRoom(cameras).filter(({ name, cameras: inside }) => name !== '' && inside.length > 1);
}
