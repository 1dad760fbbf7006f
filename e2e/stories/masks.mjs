// SPDX-License-Identifier: Apache-2.0

// Somebody covers a part of a picture with the mouse, changes it with keys, and sees it black; on another device it is
// uncovered, and that is said. Then a moment is starred.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { joinAsDevice, somebody, steps, tongue } from './people.mjs';
import { accessible, desk, until } from './person.mjs';
import { stars } from './stars.mjs';

const { LINK, OUT, KEYHOLD, DEVICE } = process.env;

/** What the command line says is covered of the porch; with more words it changes that first. */
async function masks(...words) {
  const { stdout } = await promisify(execFile)(KEYHOLD, ['masks', 'Porch', ...words, '--json', '--device', DEVICE]);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** What the command line says is starred. */
async function starred() {
  const { stdout } = await promisify(execFile)(KEYHOLD, ['star', 'list', '--json', '--device', DEVICE]);
  return stdout.trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
}

const area = ({ page }) => page.locator('[role=dialog] .area');

/** The brightest that the live picture is from a fifth to two fifths of its width and height; null without a picture. */
const brightest = ({ page }) =>
  page.evaluate(() => {
    const video = document.querySelector('video');
    if (!video || video.videoWidth === 0 || video.readyState < 2) return null;
    const [w, h] = [video.videoWidth, video.videoHeight];
    const canvas = new OffscreenCanvas(w, h);
    const draw = canvas.getContext('2d');
    draw.drawImage(video, 0, 0);
    const { data } = draw.getImageData(w * 0.2, h * 0.2, w * 0.2, h * 0.2);
    return data.reduce((most, v, i) => (i % 4 === 3 ? most : Math.max(most, v)), 0);
  });

test('what is covered is black', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0), { viewport: desk });
  const step = steps(t, { anna });

  await step('Anna draws on the picture with the mouse, and changes it with keys', async () => {
    await joinAsDevice(anna, LINK, 'Kitchen');
    const porch = anna.page.locator('a.tile', { hasText: 'Porch' });
    await porch.locator('canvas').waitFor();
    await porch.click();
    await anna.text('live_now').waitFor();
    await until('a bright picture', async () => (await brightest(anna)) > 60);
    await anna.setUp('cover_button');
    await anna.button('cover_save').waitFor();
    await area(anna).locator('canvas').waitFor(); // whoever draws sees the picture first
    const { x, y, width, height } = await area(anna).boundingBox();
    const { mouse, keyboard } = anna.page;
    await mouse.move(x + width * 0.1, y + height * 0.1);
    await mouse.down();
    await mouse.move(x + width * 0.3, y + height * 0.3, { steps: 4 });
    await mouse.move(x + width * 0.45, y + height * 0.45, { steps: 4 });
    await mouse.up();
    await until('keys on the part', () => anna.page.evaluate(() => document.activeElement?.classList.contains('mask')));
    await keyboard.press('Shift+ArrowRight');
    await keyboard.press('ArrowDown');
    await accessible(anna.page, 'the dialogue');
    await anna.button('cover_add').click();
    await keyboard.press('Delete');
    const began = Date.now();
    await anna.button('cover_save').click();
    await anna.page.getByRole('dialog').waitFor({ state: 'detached' });
    await until('a live picture that is covered', async () => {
      const most = await brightest(anna);
      return most !== null && most < 40 && (await anna.text('live_now').count()) > 0;
    });
    console.log(`figure: a part that is covered is black in the live picture after ${Date.now() - began} ms`);
    await anna.page.getByText(anna.like('cover_set_you', { camera: 'Porch' })).first().waitFor();
    const now = await masks();
    assert.equal(now.masks.length, 1, JSON.stringify(now));
    const [one] = now.masks;
    assert.ok(Math.abs(one.left - 100) < 12 && Math.abs(one.top - 120) < 12, JSON.stringify(one));
    assert.ok(Math.abs(one.width - 370) < 12 && Math.abs(one.height - 350) < 12, JSON.stringify(one));
  });

  await step('it is uncovered on another device, and that is said', async () => {
    const now = await masks('--none');
    assert.ok(now.less && now.masks.length === 0 && now.before.length === 1, JSON.stringify(now));
    await until('a bright picture again', async () => (await brightest(anna)) > 60);
    await anna.go('');
    await anna.page.getByText(anna.like('cover_none_you', { camera: 'Porch' })).first().waitFor();
    await accessible(anna.page, 'home');
    await anna.go('looks');
    await anna.page.getByText(anna.say('looks_set_covered_one', { what: 'Porch' })).waitFor();
    await anna.page.getByText(anna.say('looks_set_uncovered', { what: 'Porch' })).waitFor();
    const { stdout } = await promisify(execFile)(KEYHOLD, ['list', '--looks', '--json', '--device', DEVICE]);
    const acts = stdout.trim().split('\n').map((line) => JSON.parse(line)).filter(({ purpose }) => purpose === 'masks');
    assert.deepEqual(acts.map(({ name, masks = [] }) => [name, masks.length]), [['Porch', 1], ['Porch', 0]]);
  });

  await stars(step, anna, 'Porch', starred);

  await anna.close();
  assert.deepEqual(anna.faults, []);
});
