// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { shownTo } from '../src/sync/shown.ts';
import { idOf, World } from './world.ts';

test('cameras that were removed are told apart from those that record', async () => {
  const { roster, member, now } = await World.make();
  const [on, gone] = [idOf('cam'), idOf('cam')];
  const names = {
    at: now,
    cameras: [
      { id: gone, name: 'Old shed', room: 'Garden', state: 'removed' as const },
      { id: on, name: 'Front door', room: 'Hall', speaker: true, state: 'on' as const },
    ],
    devices: [],
    head: roster.head.hash,
    household: roster.household,
    persons: [],
    seq: 1,
    zone: 'Europe/Berlin',
  };
  const known = { roster, names, labels: [], status: null, erasing: null, heardAt: null };
  const self = { device: member.device, person: member.person, deviceName: '', personName: '' };
  const shown = shownTo(known, self, now, []);
  expect(shown?.cameras).toEqual([
    { id: on, name: 'Front door', room: 'Hall', speaker: true, live: true },
  ]);
  expect(shown?.home.former).toEqual([{ id: gone, name: 'Old shed' }]);
  // Who reads no names knows of none.
  expect(shownTo({ ...known, names: null }, self, now, [])).toBeNull();
});
