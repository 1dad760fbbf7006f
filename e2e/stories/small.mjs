// SPDX-License-Identifier: Apache-2.0

// On a phone all cameras come by their smaller streams, one alone by its large one, and nothing is empty in between; a
// camera of H.265 is seen live by its smaller stream.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { joinAsDevice, somebody, steps, tongue } from './people.mjs';
import { accessible, byNow, desk, until } from './person.mjs';

const { LINK, OUT } = process.env;
const phone = { width: 390, height: 844 };

/** How wide each picture of the page is, by the camera's name. */
const wide = ({ page }) =>
  page.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll('.wall .tile')].map((tile) => [tile.querySelector('.name').textContent, tile.querySelector('video').videoWidth])),
  );

/**
 * Watches what is seen of one camera, at each turn of the screen, and how wide its pictures are; of each turn at which it
 * was empty it keeps what was the case.
 */
const watchful = ({ page }, name) =>
  page.evaluate((name) => {
    const seen = (globalThis.seen = { empty: [], turns: 0, places: 0, wide: [], last: performance.now(), longest: 0 });
    const pen = new OffscreenCanvas(8, 8).getContext('2d', { willReadFrequently: true });
    const black = (video) => {
      pen.drawImage(video, 0, 0, 8, 8);
      const bytes = pen.getImageData(0, 0, 8, 8).data;
      return bytes.filter((_, n) => n % 4 < 3).every((one) => one < 16);
    };
    const known = new WeakMap();
    const turn = () => {
      const tile = [...document.querySelectorAll('.wall .tile')].find((one) => one.querySelector('.name').textContent === name);
      const place = tile ?? document.querySelector('.stage');
      const video = place?.querySelector('video');
      if (video) {
        seen.turns += 1;
        const { videoWidth, readyState } = video;
        const dark = videoWidth > 0 && readyState >= 2 ? black(video) : null;
        const poster = place.querySelector('.poster')?.className ?? null;
        const { since = performance.now(), frames = 0 } = known.get(video) ?? {};
        if (dark !== false && !poster?.includes('fresh')) {
          seen.empty.push({ place: place.className, after: Math.round(performance.now() - since), frames, videoWidth, readyState, dark, poster });
        }
        if (!known.has(video)) {
          seen.places += 1;
          known.set(video, { since, frames });
          const frame = (now) => {
            known.get(video).frames += 1;
            seen.longest = Math.max(seen.longest, now - seen.last);
            seen.last = now;
            if (seen.wide.at(-1) !== video.videoWidth) seen.wide.push(video.videoWidth);
            video.requestVideoFrameCallback(frame);
          };
          video.requestVideoFrameCallback(frame);
        }
      }
      requestAnimationFrame(turn);
    };
    turn();
  }, name);
const seen = ({ page }) => page.evaluate(() => globalThis.seen);

test('small pictures', async (t) => {
  const anna = await somebody(join(OUT, 'anna'), tongue(0), { viewport: phone });
  const { page } = anna;
  const step = steps(t, { anna });

  await step('Anna has a browser', async () => {
    await joinAsDevice(anna, LINK, 'Handy');
    await until('two cameras', async () => (await page.locator('a.tile').count()) === 2);
  });

  await step('all together are small on a phone, the one of H.265 as well', async () => {
    await anna.link('live_all').click();
    await anna.heading('live_all');
    await until('small pictures', async () => {
      const { Porch, Garage } = await wide(anna);
      return Porch === 320 && Garage === 320;
    });
    await accessible(page, 'all live, small');
  });

  await step('one alone is large, and nothing is empty on the way there and back', async () => {
    await watchful(anna, 'Porch');
    await until('pictures', async () => (await seen(anna)).wide.length > 0);
    for (let round = 0; round < 2; round++) {
      await page.locator('.wall .tile', { hasText: 'Porch' }).click();
      await page.getByRole('heading', { level: 1, name: 'Porch', exact: true }).waitFor();
      await until('a large picture', async () => (await seen(anna)).wide.at(-1) === 640);
      await page.keyboard.press('Escape');
      await anna.heading('live_all');
      await until('a small picture', async () => (await seen(anna)).wide.at(-1) === 320);
    }
    const { empty, turns, places, longest } = await seen(anna);
    console.log(`figure: of ${turns} turns of the screen ${empty.length} were empty; ${Math.round(longest)} ms between two pictures at most`);
    assert.equal(places, 5, 'in all, alone, in all, alone, in all');
    assert.deepEqual(empty, [], `an empty picture at ${empty.length} of ${turns} turns`);
    assert.ok(longest < byNow(2_000), `nothing new for ${longest} ms`);
  });

  await step('on a large screen two of them are wide enough for the first stream', async () => {
    await page.setViewportSize(desk);
    await until('a large picture', async () => (await wide(anna)).Porch === 640);
    await page.setViewportSize(phone);
    await until('a small picture', async () => (await wide(anna)).Porch === 320);
  });

  await step('H.265 is seen by the smaller stream, and said', async () => {
    await page.locator('.wall .tile', { hasText: 'Garage' }).click();
    await page.getByRole('heading', { level: 1, name: 'Garage', exact: true }).waitFor();
    await anna.text('live_now').waitFor();
    await anna.text('live_smaller').waitFor();
    assert.equal(await page.locator('.stage video').evaluate(({ videoWidth }) => videoWidth), 320);
    assert.equal(await page.getByText(anna.say('live_h265')).count(), 0);
    await accessible(page, 'H.265 by its second stream');
  });

  await step('so it is where nobody saw all before', async () => {
    await anna.go('');
    await anna.heading('nav_home');
    await page.locator('a.tile', { hasText: 'Garage' }).click();
    await anna.text('live_smaller').waitFor();
  });

  await anna.close();
  assert.deepEqual(anna.faults ?? [], []);
});
