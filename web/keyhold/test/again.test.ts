// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import type { Names } from '../src/statement/names.ts';
import { againOf } from '../src/sync/again.ts';

test('what is to be set up again is what the old hub had at cameras in use', () => {
  const camera = { name: 'Door', room: '', state: 'on' as const };
  const names: Names = {
    at: 1,
    cameras: [
      { ...camera, id: 'door', bell: true, door: 'Gate', speaker: true, light: true },
      { ...camera, id: 'yard' },
      {
        ...camera,
        id: 'shed',
        bell: true,
        door: 'Shed',
        speaker: true,
        light: true,
        state: 'removed',
      },
    ],
    channels: ['Grandmother'],
    ...{ devices: [], head: '', household: '', persons: [], seq: 1, zone: '' },
  };
  expect(againOf(names)).toEqual({
    bells: ['door'],
    speakers: ['door'],
    lights: ['door'],
    doors: [{ camera: 'door', name: 'Gate' }],
    channels: ['Grandmother'],
    integrations: [],
  });
  expect(againOf(null)).toEqual({
    bells: [],
    speakers: [],
    lights: [],
    doors: [],
    channels: [],
    integrations: [],
  });
});
