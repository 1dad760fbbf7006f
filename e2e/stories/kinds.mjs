// SPDX-License-Identifier: Apache-2.0

// Films with Opus and with what became of G.711 are seen and heard; of H.265 the page says that it cannot be played here,
// and what the hub has made of it is. Whoever adds such a camera says how to record it, and changes that.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, somebody, steps, tongue } from './people.mjs';
import { accessible, playing, until } from './person.mjs';

const { LINK, OUT, TYPED } = process.env;

test('cameras of other kinds', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0));
  const { page } = anna;
  const step = steps(t, { anna });

  /** From home to the recordings of a camera. */
  async function recordings(name) {
    await anna.go('');
    await page.locator('a.tile:has(canvas)', { hasText: name }).click();
    await page.locator('.actions a[href*="history?camera="]').click();
    await page.locator('video:not([autoplay])').waitFor();
  }

  /** How loud the film is, as the page hears it. */
  const loud = () =>
    page.evaluate(async () => {
      const video = document.querySelector('video:not([autoplay])');
      if (globalThis.heard !== video) {
        globalThis.heard = video;
        const context = new AudioContext();
        globalThis.meter = context.createAnalyser();
        context.createMediaElementSource(video).connect(globalThis.meter);
        await context.resume();
      }
      video.muted = false;
      await new Promise((resolve) => setTimeout(resolve, 200));
      const wave = new Float32Array(globalThis.meter.fftSize);
      globalThis.meter.getFloatTimeDomainData(wave);
      return Math.max(...wave.map(Math.abs));
    });

  await step('Anna has a browser', async () => {
    await joinAsDevice(anna, LINK, 'Kitchen');
    await until('four pictures', async () => (await page.locator('a.tile canvas').count()) === 4);
  });

  for (const name of ['opus', 'g711']) {
    await step(`the film of ${name} is seen and heard`, async () => {
      await recordings(name);
      const { value } = await until('a first picture', () => playing(page));
      await until('sound', async () => (await loud()) > 0.05);
      await until('two seconds more', async () => ((await playing(page)) ?? 0) > value + 2);
      assert.equal(await page.getByRole('alert').count(), 0);
    });
  }

  await step('live, H.265 is said to be what it is', async () => {
    await anna.go('');
    await page.locator('a.tile', { hasText: 'h265' }).click();
    await anna.text('live_h265').waitFor();
    await accessible(page, 'live with H.265');
  });

  await step('so it is where it would be played', async () => {
    await page.locator('.actions a[href*="history?camera="]').click();
    await anna.text('film_h265_before', { name: 'h265' }).waitFor();
    await page.getByRole('alert').getByText(anna.say('film_h265'), { exact: true }).waitFor();
    await accessible(page, 'a film of H.265');
  });

  await step('what the hub made of H.265 is seen, as it was and as it is', async () => {
    await recordings('made');
    const { value } = await until('a first picture', () => playing(page));
    await until('two seconds more', async () => ((await playing(page)) ?? 0) > value + 2);
    assert.equal(await page.getByRole('alert').count(), 0);
    await anna.go('');
    await page.locator('a.tile', { hasText: 'made' }).click();
    await anna.text('live_now').waitFor();
    await page.getByText(anna.like('form_is_made')).waitFor();
  });

  await step('who types the address of such a camera is asked before it is recorded', async () => {
    await anna.go('');
    await anna.button('camera_add').click();
    await anna.button('find_type_instead').click();
    await anna.field('camera_address').fill(TYPED);
    await anna.field('camera_name').fill('typed');
    const go = page.getByRole('dialog').locator('button[type=submit]');
    await go.click();
    await page.getByText(anna.say('form_question'), { exact: true }).waitFor();
    assert.equal(await page.locator('a.tile', { hasText: 'typed' }).count(), 0);
    assert.equal(await page.getByRole('radio', { name: anna.like('form_made') }).isChecked(), true);
    await accessible(page, 'how to record H.265');
    await go.click();
    await page.locator('a.tile', { hasText: 'typed' }).waitFor();
  });

  await step('and changes it on its page', async () => {
    await anna.go('');
    await page.locator('a.tile', { hasText: 'typed' }).click();
    await anna.text('live_now').waitFor();
    await anna.setUp('form_change');
    await page.getByRole('radio', { name: anna.like('form_sent') }).check();
    await accessible(page, 'how it is recorded');
    await anna.button('form_save').click();
    await anna.text('form_is_sent').waitFor();
  });

  await anna.close();
  assert.deepEqual(anna.faults ?? [], []);
});
