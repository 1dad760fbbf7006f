// SPDX-License-Identifier: Apache-2.0

// A browser in `keyhold app` at home: the cloud dies, and what was recorded yesterday plays.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, somebody, steps } from '../stories/people.mjs';
import { playing, until } from '../stories/person.mjs';

const { AT, CAMERA, KILL, LINK, OUT } = process.env;

/** Whether the browser keeps something under a name. */
const keeps = (page, name) =>
  page.evaluate(
    (name) =>
      new Promise((resolve) => {
        const request = indexedDB.open('keyhold');
        request.onsuccess = () => {
          const got = request.result.transaction('values').objectStore('values').get(name);
          got.onsuccess = () => resolve(got.result !== undefined);
          request.result.close();
        };
      }),
    name,
  );

test('yesterday, with the cloud dead', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), 'nl');
  const { page } = anna;
  const step = steps(t, { anna });

  await step('a browser comes in, and is told the way home', async () => {
    await joinAsDevice(anna, LINK, 'Computer');
    await page.locator('.line.good').waitFor();
    for (const name of ['hub-at-home', 'handed']) await until(name, () => keeps(page, name));
  });

  await step('the cloud is dead, the page is opened anew, and yesterday plays', async () => {
    await fetch(KILL, { method: 'POST' });
    await page.reload();
    await anna.see('trust_at_home', {}, 60_000);
    await anna.go(`history?camera=${CAMERA}&at=${AT}`);
    const { value, took } = await until('a picture of yesterday', () => playing(page));
    console.log(`figure: a picture of yesterday after ${took} ms`);
    await until('another second of film', async () => ((await playing(page)) ?? 0) > value + 1);
  });

  await anna.close();
  const faults = anna.faults.filter((fault) => !/Failed to load resource|WebSocket/.test(fault));
  assert.deepEqual(faults, []);
});
