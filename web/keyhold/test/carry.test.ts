// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import type { Mask } from '../src/statement/masks.ts';
import type { Names } from '../src/statement/request.ts';
import { carry } from '../src/sync/carry.ts';

const part: Mask = { height: 100, left: 0, top: 0, width: 500 };
const street = 'street';
const plain = 'plain';
const nursery = 'nursery';
const unsaid = 'unsaid';
const half = 'half';
const gone = 'gone';

function named(): Names {
  const on = (id: string, more: object = {}) => ({
    id,
    name: id,
    room: '',
    state: 'on' as const,
    ...more,
  });
  return {
    at: 1,
    cameras: [
      on(street, { masks: [part] }),
      on(plain),
      on(nursery, { child: true }),
      on(unsaid, { unsaid: true }),
      on(half, { unsaid: true, masks: [part] }),
      { ...on(gone, { masks: [part] }), state: 'removed' },
    ],
    ...{ devices: [], head: '', household: '', persons: [], seq: 1, zone: '' },
  };
}

/** A hub that was told some of it, and is away for so many calls. */
class Hub {
  readonly told: unknown[] = [];
  readonly covered = new Set<string>();
  readonly rooms = new Set<string>();
  away = 0;
  private answer<T>(value: T): Promise<T> {
    return this.away-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve(value);
  }
  readonly masks = {
    said: () => this.answer(this.covered),
    set: async (camera: string, masks: readonly Mask[], last: number) => {
      await this.answer(null);
      this.told.push([camera, masks, last]);
      this.covered.add(camera);
      return true;
    },
  };
  readonly children = {
    said: () => this.answer(this.rooms),
    first: async (camera: string, on: boolean) => {
      await this.answer(null);
      this.told.push([camera, on]);
      this.rooms.add(camera);
    },
  };
}

const all = [
  [street, false],
  [street, [part], 0],
  [plain, false],
  [plain, [], 0],
  [nursery, true],
  [nursery, [], 0],
  [half, [part], 0],
];

test('a new hub is told what was covered, and never that nothing was where the old one did not know', async () => {
  const hub = new Hub();
  await carry(hub.masks, hub.children, named());
  expect(hub.told).toEqual(all);
  expect(hub.rooms.has(unsaid) || hub.covered.has(unsaid) || hub.covered.has(gone)).toBe(false);
});

test('what it has been told is not told again', async () => {
  const hub = new Hub();
  hub.away = 1;
  await carry(hub.masks, hub.children, named());
  expect(hub.told).toEqual(all);
  await carry(hub.masks, hub.children, named());
  expect(hub.told).toEqual(all);
});

test('a hub that does not answer is told nothing, and nobody is kept waiting', async () => {
  const hub = new Hub();
  hub.away = 1000;
  await carry(hub.masks, hub.children, named());
  expect(hub.told).toEqual([]);
  await carry(hub.masks, hub.children, null);
});
