// SPDX-License-Identifier: Apache-2.0

// The hub is gone for good. A new one takes its place, and nothing that was recorded is lost.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, somebody, steps, tongue } from './people.mjs';
import { accessible, desk, playing, until, within } from './person.mjs';

const { LINK, SECOND, ORIGIN, OUT, PERSON } = process.env;
const cameras = JSON.parse(process.env.CAMERAS);

test('a new hub', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0), { viewport: desk });
  const jan = await somebody(join(OUT, 'jan'), tongue(1));
  const step = steps(t, { anna, jan });
  const tiles = (who) => who.page.locator('a.tile').count();
  const pictures = (who) => who.page.locator('a.tile canvas').count();
  const sees = (who) =>
    within(120_000, 'two cameras with pictures', async () => (await tiles(who)) === 2 && (await pictures(who)) === 2);
  /** The camera of a tile, and the moment of its picture. */
  const leads = (name) => anna.page.locator('a.tile', { hasText: name }).evaluate(({ dataset }) => ({ camera: dataset.camera, at: Number(dataset.at) }));
  const before = {};

  await step('two people see what the cameras show', async () => {
    await joinAsDevice(anna, LINK, 'Küche');
    await sees(anna);
    await jan.page.goto(SECOND);
    await jan.field('device_name').fill('Phone');
    await jan.button('join_go').click();
    await jan.see('join_done', {}, 90_000);
    await jan.button('join_done_go').click();
    await sees(jan);
    for (const name of Object.keys(cameras)) before[name] = await leads(name);
    // Whoever came in is told of first.
    for (const who of [anna, jan]) {
      if (await who.button('news_read').count()) await who.button('news_read').first().click();
    }
  });

  const starred = (who) => who.page.locator('main li:has(.picture)');
  await step('a moment of the porch is starred', async () => {
    await anna.page.locator('a.tile', { hasText: 'Porch' }).click();
    await anna.button('stars_add').click();
    await anna.page.locator('button[aria-pressed=true]').waitFor();
    await anna.go('starred');
    await starred(anna).first().waitFor();
    await within(120_000, 'a picture of it', async () => (await starred(anna).locator('canvas').count()) === 1);
  });

  let code;
  await step('the hub is gone; another shows its code', async () => {
    writeFileSync(join(OUT, 'gone'), '');
    await within(120_000, 'a code', () => existsSync(join(OUT, 'code')));
    code = readFileSync(join(OUT, 'code'), 'utf8').trim();
  });

  await step('the page says what to do, and refuses the code of another hub', async () => {
    await anna.go('settings');
    await anna.page.getByRole('link', { name: anna.say('newhub_title') }).click();
    await anna.heading('newhub_title');
    await accessible(anna.page, 'the hub is broken or gone');
    await anna.field('newhub_code').fill((code[0] === 'a' ? 'b' : 'a') + code.slice(1));
    await anna.button('newhub_go').click();
    await anna.see('error_code_wrong', {}, 90_000);
    await accessible(anna.page, 'a wrong code');
  });

  await step('the new hub takes over', async () => {
    await anna.field('newhub_code').fill(code.toUpperCase().replaceAll('-', ' '));
    await anna.button('newhub_go').click();
    await anna.see('newhub_done', {}, 180_000);
    await anna.see('newhub_stars_kept');
    await accessible(anna.page, 'a new hub');
    await anna.link('newhub_to_cameras').click();
    await anna.heading('nav_home');
  });

  await step('what was recorded before plays', async () => {
    await anna.see('unconnected_title', {}, 120_000);
    await accessible(anna.page, 'cameras to be connected again');
    const { camera, at } = before.Porch;
    await anna.page.goto(`${ORIGIN}/#/history?camera=${camera}&at=${at}`);
    const { value } = await until('a picture from before', () => playing(anna.page));
    await until('the film going on', async () => ((await playing(anna.page)) ?? 0) > value + 0.5);
  });

  await step('the cameras are connected again, under their names', async () => {
    await anna.go('');
    for (const [name, url] of Object.entries(cameras)) {
      await anna.button('unconnected_connect', { name }).click();
      await anna.field('camera_address').fill(url);
      if (name === 'Porch') await accessible(anna.page, 'connecting a camera again');
      await anna.button('unconnected_go').click();
      await until(`${name} being connected`, async () => (await anna.button('unconnected_connect', { name }).count()) === 0);
    }
  });

  await step('her quiet hours came along from her device, and she reads that', async () => {
    await anna.go('alerts');
    const hours = anna.page.locator('[data-quiet=household]');
    await hours.getByText(anna.like('quiet_came')).waitFor();
    await accessible(anna.page, 'quiet hours that came along');
    await anna.go('');
  });

  await step('new pictures come, on the strip of the old ones', async () => {
    for (const name of Object.keys(cameras)) {
      const { value } = await within(180_000, `a new picture of ${name}`, async () => {
        const now = await leads(name);
        return now.at > before[name].at + 1000 ? now : null;
      });
      assert.equal(value.camera, before[name].camera);
    }
    await anna.page.locator('.line.good').waitFor();
  });

  await step('the other one is told, and goes on', async () => {
    await within(180_000, 'news of a new hub', () => jan.page.getByText(jan.say('news_hub')).count());
    await accessible(jan.page, 'news of a new hub');
    await jan.button('news_read').first().click();
    await jan.go('');
    await sees(jan);
    await jan.page.locator('.line.good').waitFor();
  });

  await step('what was starred is so for both, until one of them takes the star away', async () => {
    await jan.go('starred');
    await jan.page.getByText(jan.like('stars_by', { person: PERSON })).waitFor();
    await until('a picture of it', async () => (await starred(jan).locator('canvas').count()) === 1);
    assert.equal(await starred(jan).count(), 1);
    await jan.button('stars_remove').click();
    await jan.page.getByText(jan.say('stars_sure')).waitFor();
    await jan.button('stars_remove').click();
    await jan.page.getByText(jan.say('stars_empty')).waitFor();
    await anna.go('starred');
    await anna.page.getByText(anna.say('stars_empty')).waitFor();
  });

  await step('the trail says who did it', async () => {
    await anna.go('trail');
    await anna.page.getByText(anna.say('trail_hub', { by: PERSON })).first().waitFor();
  });

  for (const who of [anna, jan]) await who.close();
  for (const who of [anna, jan]) assert.deepEqual(who.faults, []);
});
