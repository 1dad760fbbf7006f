// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import type { Op } from '../src/statement/request.ts';
import { Refused } from '../src/sync/commands.ts';
import { Lighting } from '../src/sync/lighting.ts';

test('a light is set, tried and forgotten by the hub’s word alone', async () => {
  const asked: Op[] = [];
  let synced = 0;
  let word = '';
  const lights = new Lighting({ syncAfresh: async () => void (synced += 1) }, async (op) => {
    asked.push(op);
    if (word !== '') throw new Refused(word);
    return { result: {} };
  });
  const light = { kind: 'http', on: 'http://192.0.2.9/on', off: 'http://192.0.2.9/off' } as const;
  // An earlier hub, or one without lights, says nothing of them.
  expect(await lights.all()).toEqual([]);
  await lights.set('cam_a', light);
  await lights.try('cam_a');
  await lights.set('cam_a', null);
  expect(asked).toEqual([
    { kind: 'lights' },
    { kind: 'set-light', camera: 'cam_a', light },
    { kind: 'try-light', camera: 'cam_a' },
    { kind: 'set-light', camera: 'cam_a' },
  ]);
  // The names say which cameras have one.
  expect(synced).toBe(2);
  for (const [said, kind] of [
    ['light-away', 'light-away'],
    ['light-no', 'light-no'],
    ['relay-falls', 'light-falls'],
    ['door-there', 'light-door'],
    ['no-light', 'light-none'],
  ] as const) {
    word = said;
    await expect(lights.set('cam_a', light)).rejects.toMatchObject({ kind });
  }
  expect(synced).toBe(2);
});
