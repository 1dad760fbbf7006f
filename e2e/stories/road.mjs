// SPDX-License-Identifier: Apache-2.0

// From the invitation to the export, on a phone; then the same device again, on its next day.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { accessible, person, playing, steps, toRecordings, until, within } from './person.mjs';

const { LINK, ORIGIN, OUT } = process.env;
const memory = join(OUT, 'browser');

test('the road', async (t) => {
  const step = steps(t);
  let { context, faults } = await person(memory);
  let page = context.pages()[0] ?? (await context.newPage());

  await step('the link makes this browser a device', async () => {
    await page.goto(LINK);
    await page.locator('input').waitFor();
    assert.equal(new URL(page.url()).hash.includes('secret'), false);
    assert.ok(!page.url().includes(LINK.split('#')[1]), 'the secret stays in the address');
    await accessible(page, 'joining');
    await page.locator('input').fill('A phone');
    await page.keyboard.press('Enter');
    await page.locator('nav').first().waitFor();
  });

  await step('another browser with the same link hears at once that it was used', async () => {
    const other = await person(join(OUT, 'other-browser'));
    const there = other.context.pages()[0] ?? (await other.context.newPage());
    await there.goto(LINK);
    await there.locator('input').fill('Somebody else');
    await there.keyboard.press('Enter');
    const { took } = await until('a word', () => there.getByRole('alert').isVisible());
    console.log(`figure: a used invitation is said ${took} ms after Enter`);
    assert.match(await there.getByRole('alert').innerText(), /has been used/);
    await accessible(there, 'a used invitation');
    await other.context.close();
    assert.deepEqual(other.faults, []);
  });

  await step('tiles show pictures within 15 s', async () => {
    const { took } = await within(15_000, 'a picture on both tiles', () =>
      page.evaluate(() => document.querySelectorAll('a.tile canvas').length === 2),
    );
    console.log(`figure: tiles after ${took} ms`);
    await page.locator('.line.good').waitFor();
    await accessible(page, 'home');
  });

  await step('a tile leads to the live picture, and from there to the film, which goes on', async () => {
    await toRecordings(page);
    const { took, value } = await until('a first picture', () => playing(page));
    console.log(`figure: first picture ${took} ms after the tap`);
    await until('another second of film', async () => ((await playing(page)) ?? 0) > value + 1);
    await accessible(page, 'history');
  });

  await step('a key seeks', async () => {
    const now = () => page.getByRole('slider').first().getAttribute('aria-valuenow').then(Number);
    const before = await now();
    await page.keyboard.press('ArrowLeft');
    await until('the slider going back', async () => (await now()) < before);
  });

  await step('a range is exported as a file', async () => {
    await page.keyboard.press('e');
    await accessible(page, 'export');
    const files = [];
    page.on('download', (file) => files.push(file));
    await page.locator('section.export button.filled').click();
    await until('a film and its proof', () => files.length === 2);
    for (const file of files) await file.saveAs(join(OUT, file.suggestedFilename()));
  });

  await step('settings hold to the same rules', async () => {
    await page.goto(`${ORIGIN}/#/settings`);
    await page.locator('h1').waitFor();
    await accessible(page, 'settings');
  });

  await step('the next day the browser is still a device', async () => {
    await context.close();
    ({ context } = await person(memory));
    page = context.pages()[0] ?? (await context.newPage());
    await page.goto(ORIGIN);
    await until('a picture', () => page.evaluate(() => document.querySelector('a.tile canvas') !== null));
    await page.locator('.line.good').waitFor();
  });

  await context.close();
  assert.deepEqual(faults, []);
});
