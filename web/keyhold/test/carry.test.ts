// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import type { Mask } from '../src/statement/masks.ts';
import type { Names } from '../src/statement/names.ts';
import type { Held } from '../src/statement/private.ts';
import { carry } from '../src/sync/carry.ts';
import type { PrivateWish } from '../src/sync/private.ts';

const part: Mask = { height: 100, left: 0, top: 0, width: 500 };
const night: Held = { hours: [{ days: [1, 7], from: 0, until: 360 }], on: false, zone: 'UTC' };
const byHand: Held = { hours: [], on: true, zone: '' };
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
      on(nursery, { child: true, private: night }),
      on(unsaid, { unsaid: true }),
      on(half, { unsaid: true, masks: [part] }),
      { ...on(gone, { masks: [part], private: byHand }), state: 'removed' },
    ],
    private: byHand,
    ...{ devices: [], head: '', household: '', persons: [], seq: 1, zone: '' },
  };
}

/** A hub that was told some of it, and is away for so many calls. */
class Hub {
  readonly told: unknown[] = [];
  readonly covered = new Set<string>();
  readonly rooms = new Set<string>();
  readonly off = new Set<string>();
  away = 0;
  private answer<T>(value: T): Promise<T> {
    return this.away-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve(value);
  }
  readonly privates = {
    said: () => this.answer(this.off),
    first: async (camera: string, held: PrivateWish) => {
      await this.answer(null);
      this.told.push([camera, held]);
      this.off.add(camera);
    },
  };
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
  ['household', byHand],
  [street, false],
  [street, [part], 0],
  [plain, false],
  [plain, [], 0],
  [nursery, night],
  [nursery, true],
  [nursery, [], 0],
  [half, [part], 0],
];
/** What holds, and nothing that does not. */
const held = [
  ['household', byHand],
  [street, [part], 0],
  [nursery, night],
  [nursery, true],
  [half, [part], 0],
];

test('a new hub is told what was covered and private, and never that nothing was where the old one did not know', async () => {
  const hub = new Hub();
  await carry(hub, named(), true);
  expect(hub.told).toEqual(all);
  expect(hub.rooms.has(unsaid) || hub.covered.has(unsaid) || hub.covered.has(gone)).toBe(false);
});

test('what it has been told is not told again', async () => {
  const hub = new Hub();
  hub.away = 1;
  await carry(hub, named(), true);
  expect(hub.told).toEqual(all);
  await carry(hub, named(), true);
  expect(hub.told).toEqual(all);
});

test('a device that has seen nothing before says what holds, and never that nothing does', async () => {
  const hub = new Hub();
  await carry(hub, named(), false);
  expect(hub.told).toEqual(held);
});

test('where the old hub did not say all, it is said what holds, and never that nothing does', async () => {
  const hub = new Hub();
  await carry(hub, { ...named(), unsaid: true }, true);
  expect(hub.told).toEqual(held);
});

test('what somebody has said to the new hub stays', async () => {
  const hub = new Hub();
  for (const camera of ['household', nursery]) hub.off.add(camera);
  await carry(hub, named(), true);
  expect(hub.told).toEqual(all.filter(([, what]) => what !== byHand && what !== night));
});

test('a hub that does not answer is told nothing, and nobody is kept waiting', async () => {
  const hub = new Hub();
  hub.away = 1000;
  await carry(hub, named(), true);
  expect(hub.told).toEqual([]);
  await carry(hub, null, true);
});
