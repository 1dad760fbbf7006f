// SPDX-License-Identifier: Apache-2.0

// Somebody keeps a moment with the key S, finds it on the day's strip and in the list, and takes the star away.
import assert from 'node:assert/strict';
import { accessible, until } from './person.mjs';

/** `list` is what the command line says is starred. */
export async function stars(step, anna, name, list) {
  const rows = anna.page.locator('main li:has(.picture)');

  await step('Anna stars what she sees live', async () => {
    await anna.go('');
    await anna.page.locator('a.tile', { hasText: name }).click();
    await anna.text('live_now').waitFor();
    await anna.button('stars_add').waitFor();
    await anna.page.keyboard.press('s');
    await anna.page.locator('button[aria-pressed=true]').waitFor();
    await anna.page.getByText(anna.like('stars_done')).waitFor();
    await accessible(anna.page, 'a starred moment, live');
    const [one] = await list();
    assert.ok(one?.starred && one.name === name && Math.abs(one.moment - Date.now()) < 20_000, JSON.stringify(one));
  });

  await step('it stands on the strip of the day, and in the list', async () => {
    await anna.go('history');
    await anna.page.locator('.strip svg').first().waitFor();
    await anna.link('stars_title').click();
    await rows.first().waitFor();
    assert.equal(await rows.count(), 1);
    await until('a picture of it', async () => (await rows.locator('canvas').count()) === 1);
    await until('its packs', async () => (await list())[0]?.packs > 0);
    await accessible(anna.page, 'what is starred');
  });

  await step('and its star is taken away', async () => {
    await anna.button('stars_remove').click();
    await anna.page.getByText(anna.say('stars_sure')).waitFor();
    await anna.button('stars_remove').click();
    await anna.page.getByText(anna.say('stars_empty')).waitFor();
    assert.deepEqual(await list(), []);
    await anna.go('looks');
    await anna.page.getByText(anna.like('looks_set_unstar', { what: name })).waitFor();
    await anna.page.getByText(anna.like('looks_set_star', { what: name })).first().waitFor();
  });
}
