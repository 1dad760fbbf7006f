// SPDX-License-Identifier: Apache-2.0

// Every device is lost; the sheet brings its owner back, who then makes a new one.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { showPresence, somebody, steps, tongue } from './people.mjs';
import { accessible, desk, until } from './person.mjs';

const { ORIGIN, OUT, WORDS } = process.env;

test('nothing left but the sheet', async (t) => {
  const owner = await somebody(join(OUT, 'new'), tongue(0), { viewport: desk });
  const step = steps(t, { owner });
  const pictures = () => owner.page.locator('a.tile canvas').count();
  const made = [];

  await step('the words are typed, one of them wrong at first', async () => {
    await owner.page.goto(ORIGIN);
    await owner.heading('first_hello');
    await owner.button('next').click();
    await owner.page.getByText(owner.say('way_return'), { exact: true }).click();
    await owner.heading('return_title');
    await accessible(owner.page, 'the way back');
    await owner.field('words_field').fill(WORDS.replace(/\S+$/, 'zebraa'));
    await owner.field('device_name').fill('Nieuwe laptop');
    await owner.button('return_go').click();
    await owner.see('error_sheet_wrong');
    await accessible(owner.page, 'a wrong sheet');
    await owner.field('words_field').fill(WORDS.toUpperCase().replaceAll(' ', '\n'));
    await owner.button('try_again').click();
    await owner.heading('nav_home');
  });

  await step('pictures and the past are there again', async () => {
    await until('tiles', async () => (await pictures()) === 2);
    await owner.page.locator('.line.good').waitFor();
  });

  await step('the lost device is removed', async () => {
    await owner.go('mine');
    await owner.page.getByRole('heading', { level: 3, name: 'Brindled desk' }).waitFor();
    await owner.button('device_remove_named', { device: 'Brindled desk' }).click();
    await owner.button('device_remove_verb').click();
    await until('a removal in force', () => owner.page.getByText(owner.like('removal_in_force')).count());
  });

  await step('the drill says that the sheet is good', async () => {
    await owner.page.getByText(owner.say('drill_title'), { exact: true }).click();
    await owner.heading('drill_title');
    await owner.field('words_field').fill(WORDS);
    await owner.button('drill_go').click();
    await owner.see('drill_right');
    await accessible(owner.page, 'a sheet that works');
  });

  await step('a new sheet is made, and the hub changes every key', async () => {
    await owner.go('sheet');
    await owner.heading('bad_title');
    await accessible(owner.page, 'somebody used a bad page');
    await owner.button('bad_begin').click();
    await owner.heading('sheet_title');
    for (const line of await owner.page.locator('.paper li').allTextContents()) made.push(line.replace(/[\d\s]+/, ''));
    assert.equal(made.length, 24);
    const download = owner.page.waitForEvent('download');
    await owner.button('sheet_save').click();
    await (await download).saveAs(join(OUT, 'new-sheet.txt'));
    await owner.button('next').click();
    for (const number of [3, 9, 17]) {
      await owner.page.getByLabel(owner.say('sheet_word', { n: number }), { exact: true }).fill(made[number - 1]);
    }
    await owner.button('sheet_use').click();
    await showPresence(owner);
    await owner.see('bad_done', {}, 60_000);
    await accessible(owner.page, 'a new sheet in force');
  });

  await step('the old words are worth nothing now, the new ones are', async () => {
    await owner.go('drill');
    await owner.field('words_field').fill(WORDS);
    await owner.button('drill_go').click();
    await owner.see('drill_another');
    await owner.field('words_field').fill(made.join(' '));
    await owner.button('drill_go').click();
    await owner.see('drill_right');
  });

  await step('the trail names the sheet', async () => {
    await owner.go('trail');
    await owner.page.getByText(owner.say('trail_sheet', { by: 'Thessaly Quillfeather' })).waitFor();
    await accessible(owner.page, 'the trail of a return');
  });

  await owner.close();
  assert.deepEqual(owner.faults, []);
});
