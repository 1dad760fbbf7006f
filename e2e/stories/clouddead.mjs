// SPDX-License-Identifier: Apache-2.0

// A browser at home, in `keyhold app`. The cloud keeps back what it does not like, and then it dies; everything goes on
// with the hub itself, and once the cloud is back it has caught up before anybody notices.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, somebody, steps, tongue } from './people.mjs';
import { accessible, desk, playing, until } from './person.mjs';

const { CONTROL, LINK, OUT } = process.env;
const does = async (what) => assert.ok((await fetch(`${CONTROL}/${what}`, { method: 'POST' })).ok, what);
const figure = (what, took) => console.log(`figure: ${what} ${took} ms`);

/** What the browser keeps under a name. */
const kept = (page, name) =>
  page.evaluate(
    (name) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open('keyhold');
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          const got = request.result.transaction('values').objectStore('values').get(name);
          got.onsuccess = () => resolve(got.result ?? null);
          got.onerror = () => reject(got.error);
          request.result.close();
        };
      }),
    name,
  );

/** When the pictures on the tiles are from. */
const ages = (page) => page.locator('a.tile[data-at]').evaluateAll((tiles) => tiles.map((tile) => Number(tile.dataset.at)));

const newer = (page, than) => async () => {
  const all = await ages(page);
  return all.length === 2 && all.every((at) => at > than);
};

/** Opens a camera's live picture, and waits until it moves. */
async function watch({ page, text, go }) {
  await go('');
  await page.locator('a.tile').first().click();
  await page.locator('video').waitFor();
  const began = Date.now();
  const shown = () => page.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0);
  await until('a live picture', async () => (await shown()) > 0);
  await text('live_now').waitFor();
  return { took: Date.now() - began, shown };
}

/** Plays from a time on. */
async function play({ page, go }, camera, at) {
  await go('');
  await go(`history?camera=${camera}&at=${at}`);
  const { value, took } = await until('a picture of that time', () => playing(page));
  await until('another second of film', async () => ((await playing(page)) ?? 0) > value + 1);
  return took;
}

async function remove(who, person) {
  await who.go('people');
  await who.heading('nav_people');
  const done = who.page.getByText(who.like('removal_in_force'));
  const before = await done.count();
  await who.page.getByRole('link', { name: new RegExp(person) }).click();
  await who.button('person_remove', { person }).click();
  await who.page.getByRole('dialog').waitFor();
  const began = Date.now();
  await who.button('person_remove_verb').click();
  await who.page.getByRole('dialog').waitFor({ state: 'detached' });
  await who.go('people');
  await until(`${person} being out`, async () => (await done.count()) > before);
  return Date.now() - began;
}

test('the cloud is dead', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0), { viewport: desk });
  const { page } = anna;
  const step = steps(t, { anna });
  let [camera, earlier] = ['', 0];
  const good = () => page.locator('.line.good').waitFor();

  await step('a browser in keyhold app is told where the hub is at home', async () => {
    await joinAsDevice(anna, LINK, 'Computer');
    await until('pictures', newer(page, 0));
    await good();
    const tile = page.locator('a.tile').first();
    camera = await tile.getAttribute('data-camera');
    earlier = Number(await tile.getAttribute('data-at'));
    const { value } = await until('an address', () => kept(page, 'hub-at-home'));
    assert.ok(value.addresses.length > 0);
  });

  await step('a removal that the cloud keeps back is in force all the same', async () => {
    await does('keep');
    figure('in force, though the cloud keeps it back, after', await remove(anna, 'Ben'));
    await does('pass');
    await anna.go('');
    await good();
  });

  let died = 0;
  await step('the cloud dies while somebody watches, and the picture goes on', async () => {
    const { shown } = await watch(anna);
    died = Date.now();
    await does('kill');
    const before = await shown();
    await until('further pictures', async () => (await shown()) > before + 60);
    await anna.go('');
    await anna.see('trust_at_home');
    figure('said that all works at home', Date.now() - died);
    await good();
    await accessible(page, 'at home, without the cloud');
  });

  await step('looking live begins anew without it', async () => {
    const { took } = await watch(anna);
    figure('live without the cloud after', took);
  });

  await step('the newest pictures are newer than the cloud is dead', async () => {
    await anna.go('');
    const { took } = await until('newer pictures', newer(page, died));
    figure('newer pictures after', took);
  });

  await step('what was recorded before plays, and what was recorded since', async () => {
    figure('film from before after', await play(anna, camera, earlier));
    figure('film from since after', await play(anna, camera, died + 1_000));
  });

  await step('the page can be opened anew', async () => {
    await anna.go('');
    await page.reload();
    const { took } = await until('pictures', newer(page, died));
    figure('pictures on a page opened anew after', took);
    await anna.see('trust_at_home');
    figure('film from before after', await play(anna, camera, earlier));
  });

  await step('a removal is in force', async () => {
    figure('in force without the cloud after', await remove(anna, 'Eva'));
  });

  await step('who has looked stands in the record', async () => {
    await anna.go('looks');
    await anna.heading('looks_title');
    await page.locator('.row').first().waitFor();
    await page.getByText(anna.say('looks_checked').split('{n}')[0]).waitFor();
    await accessible(page, 'who has looked, without the cloud');
  });

  await step('the cloud is back, and has caught up; nobody is alarmed', async () => {
    await anna.go('');
    const began = Date.now();
    await does('start');
    const text = page.locator('.line.good', { hasText: anna.say('trust_good') });
    await text.waitFor();
    figure('everything as before after', Date.now() - began);
    await until('newer pictures by the cloud', newer(page, began));
    await text.waitFor();
    await play(anna, camera, died + 1_000);
    await anna.go('people');
    await anna.heading('nav_people');
    assert.equal(await page.getByRole('link', { name: /Eva|Ben/ }).count(), 0);
  });

  await step('a cloud that takes everything and says nothing is no better, and no worse', async () => {
    await anna.go('');
    await good();
    const began = Date.now();
    await does('stop');
    await anna.see('trust_at_home');
    figure('said that all works at home, with a cloud that hangs, after', Date.now() - began);
    figure('live with a cloud that hangs after', (await watch(anna)).took);
    // On another network all ways are begun anew, and that to the cloud keeps none of the others waiting.
    const stream = () => page.evaluate(() => document.querySelector('video')?.srcObject?.id);
    const before = await stream();
    const lost = Date.now();
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await until('another stream', async () => ![before, undefined].includes(await stream()));
    await anna.text('live_now').waitFor();
    figure('live again on another network, with a cloud that hangs, after', Date.now() - lost);
    figure('film with a cloud that hangs after', await play(anna, camera, earlier));
    await does('go');
    await anna.go('');
    await page.locator('.line.good', { hasText: anna.say('trust_good') }).waitFor();
  });

  await anna.close();
  // What does not answer is said on the page; the browser writes it down as well.
  const faults = anna.faults.filter((fault) => !/Failed to load resource|WebSocket/.test(fault));
  assert.deepEqual(faults, []);
});
