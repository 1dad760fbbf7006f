// SPDX-License-Identifier: Apache-2.0

// Off means off: one of the household turns a camera off on his phone, the other sees it end, said on every page, and turns
// it on again; then all of them at once, and by hours.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { joinAsDevice, linkOf, showPresence, somebody, steps, tongue } from './people.mjs';
import { accessible, byNow, desk, until } from './person.mjs';

const { LINK, OUT, KEYHOLD, DEVICE } = process.env;

/** Runs a command as the owner's first device. */
const keyhold = (...args) => promisify(execFile)(KEYHOLD, [...args, '--device', DEVICE]);

/** What the command line says is private, by name; all cameras are called ''. */
async function privates() {
  const { stdout } = await keyhold('private', '--json');
  const lines = stdout.trim().split('\n').map((line) => JSON.parse(line));
  return Object.fromEntries(lines.map((line) => [line.name ?? '', line]));
}

const tile = ({ page }, name) => page.locator('a.tile', { hasText: name });
const said = (who, key, values) => who.page.getByText(who.like(key, values)).first();
const dialog = ({ page }) => page.getByRole('dialog');

/** Opens the live picture of a camera and waits until it moves. */
async function watch(who, name) {
  await who.go('');
  await tile(who, name).click();
  await who.text('live_now').waitFor();
}

test('off means off', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0), { viewport: desk });
  const jan = await somebody(join(OUT, 'jan'), tongue(1));
  const step = steps(t, { anna, jan });

  await step('Anna has a browser, and invites Jan', async () => {
    await joinAsDevice(anna, LINK, 'Kitchen');
    await anna.page.locator('a.tile canvas').first().waitFor();
    await anna.go('invite');
    await anna.field('invite_name').fill('Jan');
    await anna.page.locator('input[value=guardian]').check();
    await anna.button('next').click();
    await anna.page.locator('input[value=all]').check();
    await anna.button('invite_make').click();
    await jan.page.goto(await linkOf(anna));
    await jan.field('device_name').fill('Handy');
    await jan.button('join_go').click();
    await anna.button('invite_yes').click();
    await showPresence(anna);
    await anna.heading('invite_done', { person: 'Jan' });
    await jan.button('join_done_go').click();
    await tile(jan, 'Porch').waitFor();
  });

  await step('Jan turns off what Anna watches, with keys alone', async () => {
    await watch(anna, 'Porch');
    await watch(jan, 'Porch');
    const open = jan.button('private_of', { name: 'Porch' });
    await open.focus();
    await jan.page.keyboard.press('Enter');
    await jan.button('private_off_now').waitFor();
    await accessible(jan.page, 'the dialogue');
    await jan.button('private_off_now').focus();
    const began = Date.now();
    await jan.page.keyboard.press('Enter');
    await anna.text('private_stage').waitFor({ timeout: byNow(5_000) });
    console.log(`figure: a camera that was turned off is gone from the other's page after ${Date.now() - began} ms`);
    assert.equal(await anna.page.locator('video').count(), 0, 'no picture of it stays');
    await jan.text('private_stage').waitFor();
    await dialog(jan).waitFor({ state: 'detached' });
    await until('the place where keys go on', () =>
      jan.page.evaluate(() => document.activeElement?.tagName === 'H1'),
    );
    await accessible(anna.page, 'a camera that is off');
  });

  await step('it is said on every page, with since when and by whom', async () => {
    const told = said(anna, 'off_by', { what: 'Porch', person: 'Jan' });
    await told.waitFor();
    for (const place of ['nav_settings', 'nav_people']) {
      await anna.place(place).click();
      await told.waitFor();
    }
    await said(jan, 'off_you', { what: 'Porch' }).waitFor();
    await anna.go('');
    await tile(anna, 'Porch').getByText(anna.like('tile_private')).waitFor();
    assert.equal(await tile(anna, 'Porch').locator('canvas').count(), 0, 'no small picture of it is shown');
    const { Porch } = await privates();
    assert.ok(Porch.on && Porch.private > 0 && Porch.by_name === 'Jan', JSON.stringify(Porch));
  });

  await step('Anna turns it on again, and the day says what was', async () => {
    await tile(anna, 'Porch').click();
    await anna.button('private_of', { name: 'Porch' }).click();
    const began = Date.now();
    await anna.button('private_on_again').click();
    await anna.text('live_now').waitFor();
    console.log(`figure: a camera that was turned on again is live after ${Date.now() - began} ms`);
    await jan.text('live_now').waitFor({ timeout: byNow(5_000) });
    console.log(`figure: and on the other's page after ${Date.now() - began} ms`);
    await until('no word of it', async () => (await said(jan, 'off_you', { what: 'Porch' }).count()) === 0);
    await anna.go('history');
    await anna.page.locator('.strip b').first().waitFor();
    assert.equal(await anna.page.locator('.strip b').count(), 1, 'one stretch, of one camera');
  });

  await step('all of them, from home', async () => {
    await anna.go('');
    await anna.button('private_all').click();
    await anna.button('private_all_off_now').click();
    await said(jan, 'off_by', { what: jan.say('off_all') }).waitFor();
    await dialog(anna).waitFor({ state: 'detached' });
    await jan.go('live');
    await jan.text('private_stage_all').waitFor();
    await anna.button('private_all').click();
    await anna.button('private_on_again').click();
    await dialog(anna).waitFor({ state: 'detached' });
    await until('no word of it', async () => (await said(jan, 'off_by', { what: jan.say('off_all') }).count()) === 0);
  });

  await step('and by hours of the week', async () => {
    await anna.button('private_all').click();
    await dialog(anna).getByText(anna.say('private_in_hours'), { exact: true }).click();
    await anna.field('wish_from').fill('02:00');
    await anna.field('wish_until').fill('02:01');
    await anna.button('private_save').click();
    await anna.text('private_saved').waitFor();
    const { '': home } = await privates();
    assert.deepEqual(home.hours, [{ days: [1, 2, 3, 4, 5], from: 120, until: 121 }]);
    assert.equal(home.zone, 'Europe/Berlin');
    await dialog(anna).getByText(anna.say('private_never'), { exact: true }).click();
    await anna.button('private_save').click();
    await until('no hours', async () => (await privates())[''].hours.length === 0);
    await anna.button('close').click();
  });

  await step('and each camera of a room by hours of its own', async () => {
    for (const name of ['Porch', 'Back yard']) await keyhold('cameras', 'room', name, 'Garden');
    await anna.button('private_all').click();
    await anna.field('private_whom').selectOption('Garden');
    await dialog(anna).getByText(anna.say('private_in_hours'), { exact: true }).click();
    await anna.field('wish_from').fill('03:00');
    await anna.field('wish_until').fill('03:01');
    await accessible(anna.page, 'hours of a room');
    await anna.button('private_save').click();
    await anna.text('private_saved').waitFor();
    const { '': home, ...each } = await privates();
    assert.deepEqual(home?.hours ?? [], []);
    for (const name of ['Porch', 'Back yard']) {
      assert.deepEqual(each[name].hours, [{ days: [1, 2, 3, 4, 5], from: 180, until: 181 }]);
    }
  });

  await anna.close();
  await jan.close();
  assert.deepEqual([...anna.faults, ...jan.faults], []);
});
