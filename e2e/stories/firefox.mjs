// SPDX-License-Identifier: Apache-2.0

// Firefox, whose WebCrypto has neither ML-KEM nor ChaCha20: joining, watching, seeking, exporting, and the next day.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { desk, until } from './person.mjs';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const puppeteer = require('puppeteer-core');
const { LANGUAGE, LINK, ORIGIN, OUT } = process.env;
const memory = join(OUT, 'profile');
const saved = join(OUT, 'saved');
mkdirSync(memory);
mkdirSync(saved);

const faults = [];

async function open() {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.KEYHOLD_FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: memory,
    defaultViewport: desk,
    extraPrefsFirefox: {
      'browser.download.dir': saved,
      'browser.download.folderList': 2,
      'browser.download.useDownloadDir': true,
      'browser.download.always_ask_before_handling_new_types': false,
      'media.autoplay.default': 0,
      'intl.accept_languages': LANGUAGE,
    },
  });
  const [page] = await browser.pages();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => faults.push(`an error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`on the console: ${message.text()}`);
  });
  return { browser, page };
}

const playing = (page) =>
  page.evaluate(() => {
    const video = document.querySelector('video:not([autoplay])');
    return video && video.readyState >= 2 && video.videoWidth > 0 ? video.currentTime : null;
  });

let { browser, page } = await open();
after(() => browser.close());

test('the road in Firefox', async (t) => {
  await t.test('this browser is one that has to keep split keys', async () => {
    await page.goto(ORIGIN);
    // A page that is left while it still comes says so, and that would count as a fault.
    await page.waitForSelector('h1');
    assert.equal(await page.evaluate(() => 'decapsulateBits' in crypto.subtle), false);
    assert.equal(await page.evaluate(() => document.documentElement.lang), LANGUAGE);
  });

  await t.test('the link makes it a device', async () => {
    await page.goto('about:blank');
    await page.goto(LINK);
    const input = await page.waitForSelector('form input');
    await input.click({ count: 3 });
    await input.type('A laptop');
    await page.keyboard.press('Enter');
    await page.waitForSelector('nav');
  });

  await t.test('tiles show pictures', async () => {
    const shown = () => page.evaluate(() => document.querySelectorAll('a.tile canvas').length === 2);
    const { took } = await until('a picture on both tiles', shown);
    console.log(`figure: tiles after ${took} ms`);
    await page.waitForSelector('.line.good');
  });

  await t.test('a click on a tile shows what is now', async () => {
    await page.click('a.tile');
    // Debian's Firefox fetches its H.264 for live pictures from elsewhere, and not at all without a network.
    const able = await page.evaluate(() => RTCRtpReceiver.getCapabilities('video').codecs.some(({ mimeType }) => mimeType === 'video/H264'));
    const pictures = () => page.evaluate(() => (document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 10);
    const words = () => page.evaluate(() => document.querySelector('.said[role=alert]') !== null);
    await until(able ? 'ten live pictures' : 'a word that there are none', able ? pictures : words);
  });

  await t.test('from there a film plays, and goes on', async () => {
    await page.click('.actions a[href*="history?camera="]');
    const { took, value } = await until('a first picture', () => playing(page));
    console.log(`figure: first picture ${took} ms after the click`);
    await until('two more seconds of film', async () => ((await playing(page)) ?? 0) > value + 2);
  });

  await t.test('a key seeks', async () => {
    const now = () => page.evaluate(() => Number(document.querySelector('[role=slider]').getAttribute('aria-valuenow')));
    const before = await now();
    await page.keyboard.press('ArrowLeft');
    await until('the slider going back', async () => (await now()) < before);
    await until('a picture there', () => playing(page));
  });

  await t.test('a range is exported, with its proof', async () => {
    await page.keyboard.press('e');
    const save = await page.waitForSelector('section.export button.filled');
    await save.click();
    const files = () => readdirSync(saved).filter((name) => !name.endsWith('.part'));
    await until('two files', () => files().length === 2);
    assert.deepEqual(
      files().map((name) => name.split('.').pop()),
      ['mp4', 'proof'],
    );
  });

  await t.test('its secret keys cannot be taken out of the store', async () => {
    const kept = await page.evaluate(async () => {
      const database = await new Promise((resolve, reject) => {
        const request = indexedDB.open('keyhold');
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const { device } = await new Promise((resolve, reject) => {
        const request = database.transaction('values').objectStore('values').get('member');
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const handles = [device.signing, device.x25519, device.mlkem.key];
      return handles.map((key) => [key.algorithm.name, key.extractable]);
    });
    assert.deepEqual(kept, [
      ['Ed25519', false],
      ['X25519', false],
      ['AES-GCM', false],
    ]);
  });

  await t.test('the next day the browser is still a device', async () => {
    await browser.close();
    ({ browser, page } = await open());
    await page.goto(ORIGIN);
    await until('a picture', () => page.evaluate(() => document.querySelector('a.tile canvas') !== null));
    await page.waitForSelector('.line.good');
  });

  assert.deepEqual(faults, []);
});
