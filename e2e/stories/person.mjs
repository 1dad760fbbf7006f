// SPDX-License-Identifier: Apache-2.0

// A browser, and what every page has to hold.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const phone = { width: 390, height: 844 };
export const desk = { width: 1440, height: 900 };

/** A browser that is there. Once in some thousand times Chromium ends with a segmentation fault as it begins: then it begins again. */
async function begun(launch) {
  for (let tries = 1; ; tries++) {
    try {
      return await launch();
    } catch (error) {
      if (tries === 3 || !/Segmentation fault/.test(String(error))) throw error;
    }
  }
}

/** A person with a browser that keeps its memory in a folder. */
export async function person(folder, { args = [], ...options } = {}) {
  const context = await begun(() => chromium.launchPersistentContext(folder, {
    executablePath: process.env.KEYHOLD_CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--in-process-gpu',
      // Threads and processes that help where processors are idle; here none is.
      '--js-flags=--single-threaded',
      '--enable-features=NetworkServiceInProcess2',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      ...args,
    ],
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce', // everything moves in the drawn pages; here it costs a twelfth of all processors' time
    viewport: phone,
    acceptDownloads: true,
    ...options,
  }));
  context.setDefaultTimeout(patience);
  const faults = [];
  const origin = process.env.ORIGIN;
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) && url.host !== new URL(origin).host) {
      faults.push(`a request to ${url.origin}`);
    }
  });
  context.on('weberror', (error) => faults.push(`an error: ${error.error().message}`));
  context.on('console', (message) => {
    // A warning, too, means that a browser does not know what we sent it.
    if (['error', 'warning'].includes(message.type())) {
      faults.push(`on the console: ${message.text()}`);
    }
  });
  return { context, faults };
}

/** Steps of a story, one after the other: after one that failed nobody waits for what follows from it. */
export function steps(t) {
  let failed = false;
  return async (name, run) => {
    if (failed) return;
    await t.test(name, async () => {
      failed = true;
      await run();
      failed = false;
    });
  };
}

// Every page is drawn and looked at in both themes elsewhere, in each run; the long run of all languages does it here, too.
const themes = process.env.KEYHOLD_TEST_LANGUAGE ? ['light', 'dark'] : ['light'];

/** Fails unless axe finds nothing to mend; in the dark nothing but the colours is another. */
export async function accessible(page, where) {
  await page.locator('h1').first().waitFor(); // a page whose code is still on its way is not the page that is meant
  // Evaluated, not added as a script: the page's own policy would rightly refuse that.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)));
    const what = { resultTypes: ['violations'] };
    if (colorScheme === 'dark') what.runOnly = { type: 'rule', values: ['color-contrast'] };
    const said = await page.evaluate(async (what) => {
      const { violations } = await globalThis.axe.run(document, what);
      return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
    }, what);
    assert.deepEqual(said, [], `${where}, ${colorScheme}`);
  }
}

// How long a busy machine is given for whatever nobody was promised a time for.
const patience = 90_000;

/** The same as within, where the time is no promise. */
export const until = (what, ask) => within(patience, what, ask);

/**
 * How long what is promised within a limit may take on this machine now: longer where others want the processors, too, for
 * the last minute or at this moment. The same as internal/intime.
 */
export function byNow(limit) {
  const [minute, , , running] = readFileSync('/proc/loadavg', 'utf8').split(' ');
  return limit * Math.max(1, (2 * Math.max(Number(minute), parseInt(running) - 1)) / availableParallelism());
}

/** Waits until something is so in the page and says how many milliseconds that took. It asks seldomer as it waits longer, for a page is busy with each answer. */
export async function within(limit, what, ask) {
  const began = Date.now();
  for (;;) {
    const value = await ask();
    if (value) return { value, took: Date.now() - began };
    assert.ok(Date.now() - began < byNow(limit), `${what} did not happen within ${byNow(limit)} ms`);
    await new Promise((resolve) => setTimeout(resolve, Math.min(250, 50 + (Date.now() - began) / 10)));
  }
}

/** From home by a tile, through what happens now, to what was recorded up to the tile's picture. */
export async function toRecordings(page) {
  await page.locator('a.tile:has(canvas)').first().click();
  await page.locator('.actions a[href*="history?camera="]').click();
  await page.locator('video:not([autoplay])').waitFor();
}

/** Where the film is, in seconds, once a picture of it is there. */
export const playing = (page) =>
  page.evaluate(() => {
    const video = document.querySelector('video:not([autoplay])');
    return video && video.readyState >= 2 && video.videoWidth > 0 ? video.currentTime : null;
  });
