// SPDX-License-Identifier: Apache-2.0

// Every device is lost, and the hub with them: the sheet and a new hub bring everything back.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { somebody, steps, tongue } from './people.mjs';
import { accessible, playing, until, within } from './person.mjs';

const { ORIGIN, OUT, WORDS, CODE } = process.env;
const cameras = JSON.parse(process.env.CAMERAS);

test('nothing left but the sheet, and the hub is gone', async (t) => {
  const owner = await somebody(join(OUT, 'new'), tongue(0));
  const step = steps(t, { owner });

  await step('words and code are typed', async () => {
    await owner.page.goto(ORIGIN);
    await owner.heading('first_hello');
    await owner.button('next').click();
    await owner.page.getByText(owner.say('way_return'), { exact: true }).click();
    await owner.heading('return_title');
    await owner.field('words_field').fill(WORDS);
    await owner.field('device_name').fill('Nieuwe laptop');
    await owner.page.getByText(owner.say('return_hub_gone'), { exact: true }).click();
    await owner.button('return_go').click();
    await owner.see('hub_code_missing');
    await accessible(owner.page, 'the way back with a new hub');
    await owner.field('newhub_code').fill(CODE);
    await owner.button('return_go').click();
    // What came along, and what has to be set up again, is said here as well.
    await owner.see('newhub_done', {}, 240_000);
    await owner.see('newhub_stars_kept');
    await owner.see('newhub_again');
    await accessible(owner.page, 'back with a new hub');
    await owner.button('newhub_to_cameras').click();
    await owner.page.getByRole('heading', { level: 1, name: owner.say('nav_home'), exact: true }).waitFor();
  });

  await step('what was recorded before plays', async () => {
    await owner.see('unconnected_title', {}, 120_000);
    await within(120_000, 'pictures from before', async () => (await owner.page.locator('a.tile canvas').count()) === 2);
    await accessible(owner.page, 'home after a return with a new hub');
    await owner.page.locator('a.tile').first().click();
    const { value } = await until('a picture', () => playing(owner.page));
    await until('the film going on', async () => ((await playing(owner.page)) ?? 0) > value + 0.5);
  });

  await step('a camera is connected again, and records', async () => {
    await owner.go('');
    const newest = async () => Number(await owner.page.locator('a.tile', { hasText: 'Porch' }).getAttribute('data-at'));
    const before = await newest();
    await owner.button('unconnected_connect', { name: 'Porch' }).click();
    await owner.field('camera_address').fill(cameras.Porch);
    await owner.button('unconnected_go').click();
    // Nobody has told the new hub what is covered: it keeps the camera off.
    await owner.see('tile_unsaid');
    await owner.page.locator('a.tile', { hasText: 'Porch' }).click();
    await owner.see('unsaid_title');
    await accessible(owner.page, 'a camera of which nobody has said what is covered');
    // The hours in which it was off came along.
    await owner.button('private_of', { name: 'Porch' }).click();
    const dialog = owner.page.getByRole('dialog');
    await until('the hours', () => dialog.getByRole('radio', { name: owner.say('private_in_hours') }).isChecked());
    await owner.button('close').click();
    await owner.button('unsaid_nothing').click();
    await owner.page.getByText(owner.say('unsaid_title'), { exact: true }).waitFor({ state: 'detached' });
    await owner.go('');
    await within(180_000, 'a new picture', async () => (await newest()) > before + 1000);
  });

  await step('the trail names the sheet and the new hub', async () => {
    await owner.go('trail');
    await owner.heading('trail_title');
    await until('the line', () => owner.page.getByText(owner.like('trail_hub')).count());
  });

  await owner.close();
  assert.deepEqual(owner.faults, []);
});
