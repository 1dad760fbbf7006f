// SPDX-License-Identifier: Apache-2.0

// The household has moved to another cloud. The browser at the old one says what is going to happen there; at the new
// one it comes in as a device of its own, and everything is there.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, somebody, steps, tongue } from './people.mjs';
import { accessible, desk, until } from './person.mjs';

const { LINK, MOVED, OUT } = process.env;

test('before the move', { skip: MOVED === '1' }, async (t) => {
  const anna = await somebody(join(OUT, 'old'), tongue(0), { viewport: desk });
  const step = steps(t, { anna });
  await step('a browser of the household, at the first cloud', async () => {
    await joinAsDevice(anna, LINK, 'Computer');
    await until('pictures', async () => (await anna.page.locator('a.tile canvas').count()) === 2);
  });
  await anna.close();
  assert.deepEqual(anna.faults, []);
});

test('after the move', { skip: MOVED !== '1' }, async (t) => {
  const anna = await somebody(join(OUT, 'new'), tongue(0), { viewport: desk });
  const step = steps(t, { anna });
  await step('at the other cloud the same household, with what was recorded before', async () => {
    await joinAsDevice(anna, LINK, 'Computer');
    await until('pictures', async () => (await anna.page.locator('a.tile canvas').count()) === 2);
    await anna.page.locator('.line.good').waitFor();
    await accessible(anna.page, 'home, at the other cloud');
    await anna.place('nav_people').click();
    await anna.heading('nav_people');
    await anna.go('history');
    await anna.page.getByRole('slider').first().waitFor();
    await accessible(anna.page, 'history, at the other cloud');
  });
  await anna.close();
  assert.deepEqual(anna.faults, []);
});
